"""Fixtures and settings for the tests of every stage.

The package's entry point registers them with every pytest, so that nothing but pytest and NumPy is
imported here. `--hypothesis-profile=default` gives hypothesis its own settings back.
"""

from __future__ import annotations

import gc
import importlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from needle_shared.grading.tally import Tally

DEFAULT_DEVICE = "needle_hw1:cpu"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that chooses devices."""
    parser.addoption(
        "--device",
        action="append",
        metavar="PACKAGE:FACTORY",
        help="run tests that use `device` there; can be repeated (default: those of the package)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let hypothesis draw the same examples in every run, and wait for slow ones."""
    config.addinivalue_line(
        "markers",
        "points(n, part, hidden=False, needs=None, each=False, timeout=None): points of a check",
    )
    config.pluginmanager.register(Tally(), "needle-points")
    if not config.pluginmanager.hasplugin("hypothesispytest"):
        return  # not installed
    from hypothesis import HealthCheck, settings  # noqa: PLC0415

    settings.register_profile(
        "needle",
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    if not config.getoption("--hypothesis-profile"):
        settings.load_profile("needle")


class DeviceHooks:
    """What the conftest of a package may say about its tests."""

    @pytest.hookspec(firstresult=True)
    def pytest_default_devices(self) -> list[str]:  # type: ignore[empty-body]
        """Return the devices that tests run on without `--device`, named as there."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let a conftest name the devices of the tests beside and below it."""
    pluginmanager.add_hookspecs(DeviceHooks)


@pytest.hookimpl(trylast=True)
def pytest_default_devices() -> list[str]:
    """Return the one device that every stage has."""
    return [DEFAULT_DEVICE]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that takes `device` once for each chosen device, unless it names its own."""
    if "device" in metafunc.fixturenames and not _parametrizes(metafunc, "device"):
        chosen = metafunc.config.getoption("--device")
        names = chosen or metafunc.definition.ihook.pytest_default_devices()
        metafunc.parametrize("device", names, indirect=True, scope="session")


def _parametrizes(metafunc: pytest.Metafunc, name: str) -> bool:
    """Return whether a mark of the test gives it values of the argument `name`."""
    for mark in metafunc.definition.iter_markers("parametrize"):
        names = mark.args[0] if mark.args else mark.kwargs["argnames"]
        if name in (names.replace(" ", "").split(",") if isinstance(names, str) else names):
            return True
    return False


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> Any:
    """Return a device of a stage; the test is skipped where it is not enabled."""
    module, _, factory = request.param.partition(":")
    made = getattr(importlib.import_module(module), factory)()
    if not made.enabled():
        pytest.skip(
            f"{made!r} is not available: {getattr(made, 'why_disabled', 'no reason given')}"
        )
    return made


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Return a random generator that is the same for a test whatever runs before it."""
    name = f"{request.path.name}::{request.node.name}"
    return np.random.default_rng(zlib.crc32(name.encode()))


@pytest.fixture
def draw(rng: np.random.Generator) -> Callable[..., np.ndarray[Any, Any]]:
    """Return a function that draws numbers a distance away from 0, where 1/x and relu have corners.

    Its arguments are a shape, "any" or "positive", and a dtype.
    """

    def make(shape: Any, numbers: str = "any", dtype: str = "float64") -> np.ndarray[Any, Any]:
        size = rng.uniform(0.5, 2.0, shape)
        sign = 1.0 if numbers == "positive" else rng.choice([-1.0, 1.0], shape)
        return np.asarray(size * sign, dtype=dtype)

    return make


@pytest.fixture
def check_operator(device: Any) -> Callable[..., None]:
    """Return a function that checks an operator, as `operator_check`, on arrays of `device`.

    Its arguments are the operator of tensors, that of NumPy's arrays or None, and NumPy arrays.
    """
    make = importlib.import_module("needle_hw1").Tensor
    operator_check = importlib.import_module("needle_shared.testing").operator_check

    def check(function: Any, reference: Any, *arrays: np.ndarray[Any, Any]) -> None:
        operator_check(function, reference, *[make(array, device=device) for array in arrays])

    return check


@pytest.fixture
def module_check() -> Callable[..., None]:
    """Return `needle_shared.testing.module_check`."""
    check: Callable[..., None] = importlib.import_module("needle_shared.testing").module_check
    return check


@pytest.fixture
def global_generator() -> Iterator[Any]:
    """Return `numpy.random`, whose global generator is put back as it was after the test."""
    state = np.random.get_state()  # noqa: NPY002 -- the course draws from it
    yield np.random
    np.random.set_state(state)  # noqa: NPY002


@pytest.fixture
def without_gc() -> Iterator[None]:
    """Run the test without the garbage collector: only reference counts free what it makes."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect()


class StrictNamespace:
    """The module `array_api_strict`, with `exported` to get values out of its arrays."""

    def __init__(self, xp: Any) -> None:
        self._xp = xp

    def __getattr__(self, name: str) -> Any:
        return getattr(self._xp, name)

    def exported(self, value: Any) -> np.ndarray[Any, Any]:
        """Return a tensor or array as a NumPy array, for the comparison at the end of a test."""
        is_tensor = hasattr(value, "realize_cached_data")
        return np.array((value.realize_cached_data() if is_tensor else value)._array)


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> StrictNamespace:
    """Return array_api_strict, with a ban on every conversion of its arrays to NumPy's.

    The library has nothing but what the standard has. `strict.exported(array)` lifts the ban.
    """
    xp = pytest.importorskip("array_api_strict", reason="needs the extra `test`")

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("an array of array_api_strict was converted to NumPy's")

    for name in ("__array__", "__dlpack__", "__buffer__"):
        if hasattr(xp._array_object.Array, name):
            monkeypatch.setattr(xp._array_object.Array, name, refuse)
    return StrictNamespace(xp)
