"""Fixtures that more than one file of tests uses."""

import importlib

import numpy as np
import pytest

import needle_hw3 as nd


def devices_of(config):
    """Return the devices of `--device`, or all enabled ones."""
    chosen = config.getoption("--device")
    if not chosen:
        return [device for device in nd.all_devices() if device.enabled()]
    modules = [name.partition(":")[::2] for name in chosen]
    return [getattr(importlib.import_module(module), factory)() for module, factory in modules]


def pytest_generate_tests(metafunc):
    """Run each test that takes `backend` on all devices, `home` with all instruction sets, too."""
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", devices_of(metafunc.config), ids=repr)
    if "home" in metafunc.fixturenames:
        homes = [
            (device, isa) for device in devices_of(metafunc.config) for isa in device.kernels.isas()
        ]
        names = [f"{device.name}-{isa}" for device, isa in homes]
        metafunc.parametrize("home", homes, ids=names, indirect=True)


@pytest.fixture(scope="session")
def devices(pytestconfig):
    """Return the devices that tests with `backend` run on, for tests of all of them at once."""
    return devices_of(pytestconfig)


@pytest.fixture
def on_host(backend):
    """Skip the test on a device whose memory NumPy cannot share."""
    if not backend.kernels.ON_HOST:
        pytest.skip("NumPy cannot share the memory of a GPU")


class Views:
    """Pairs of an array of ours and one of NumPy with equal values, over the same kind of view."""

    NAMES = ("compact", "reversed", "transposed", "sliced", "broadcast")

    def __init__(self, backend):
        self.backend = backend

    def pair(self, values, view="compact"):
        values = np.asarray(values)
        return self.apply(self.backend.array(values), view), self.apply(values.copy(), view)

    def apply(self, x, view):
        if view == "reversed" and x.ndim:
            return x[(slice(None, None, -1),) * x.ndim]
        if view == "transposed" and x.ndim > 1:
            order = tuple(reversed(range(x.ndim)))
            return x.permute(order) if isinstance(x, nd.NDArray) else x.transpose(order)
        if view == "sliced" and x.ndim:
            return x[..., 1::2] if x.shape[-1] > 1 else x[..., None][..., 0]
        if view == "broadcast":
            shape = (2, *x.shape)
            return x.broadcast_to(shape) if isinstance(x, nd.NDArray) else np.broadcast_to(x, shape)
        return x


@pytest.fixture
def views(backend):
    """Return what makes views of our arrays and of NumPy's."""
    return Views(backend)


SHAPES = [(), (1,), (5,), (0,), (2, 3), (1, 3), (3, 0), (2, 1, 4), (1, 2, 1, 2, 1, 2, 1, 1, 2)]


@pytest.fixture(params=SHAPES, ids=str)
def shape(request):
    """Return shapes: 0-d, empty, with axes of size 1, and with 9 axes."""
    return request.param


@pytest.fixture(params=["bool", "uint8", "int32", "int64", "float32", "float64"])
def dtype(request):
    """Return the name of each dtype."""
    return request.param


@pytest.fixture
def numbers(rng):
    """Return a function that draws numbers of a shape and dtype, none of them 0 but bools."""

    def draw(shape, dtype, low=1, high=7):
        if dtype == "bool":
            return np.asarray(rng.integers(0, 2, shape), bool)
        if np.dtype(dtype).kind == "f":
            return np.asarray(rng.uniform(low, high, shape) * rng.choice([-1, 1], shape), dtype)
        signs = 1 if dtype == "uint8" else rng.choice([-1, 1], shape)
        return np.asarray(rng.integers(low, high, shape) * signs, dtype)

    return draw


def same(found, expected):
    """Assert that an array of ours has the dtype, shape and values of one of NumPy."""
    expected = np.asarray(expected)
    assert isinstance(found, nd.NDArray)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.numpy(), expected)


@pytest.fixture(name="same")
def same_fixture():
    """Return the assertion of equality in values, shape and dtype."""
    return same
