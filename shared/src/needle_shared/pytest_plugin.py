"""Fixtures and settings for the tests of every stage.

The package's entry point registers them with every pytest, so that nothing but pytest and NumPy is
imported here. `--hypothesis-profile=default` gives hypothesis its own settings back.
"""

from __future__ import annotations

import importlib
import zlib
from typing import Any

import numpy as np
import pytest

DEFAULT_DEVICE = "needle_hw1:cpu"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that chooses devices."""
    parser.addoption(
        "--device",
        action="append",
        metavar="PACKAGE:FACTORY",
        help=f"run tests that use `device` there; can be repeated (default: {DEFAULT_DEVICE})",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let hypothesis draw the same examples in every run, and wait for slow ones."""
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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that takes `device` once for each chosen device."""
    if "device" in metafunc.fixturenames:
        names = metafunc.config.getoption("--device") or [DEFAULT_DEVICE]
        metafunc.parametrize("device", names, indirect=True, scope="session")


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
