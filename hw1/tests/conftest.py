"""Fixtures that more than one file of tests uses."""

import contextlib
import gc
import importlib

import numpy as np
import pytest

import needle_hw1 as ndl


@pytest.fixture
def without_gc():
    """Run the test without the garbage collector: only reference counts free what it makes."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect()


@pytest.fixture
def simple_ml():
    """Return the module of the two-layer network."""
    return importlib.import_module("needle_hw1.apps.simple_ml")


@pytest.fixture
def default_device():
    """Restore the default device of the process after the test."""
    before = ndl.default_device()
    yield before
    ndl.set_default_device(before)


@pytest.fixture
def strict():
    """Return array_api_strict, with a ban on every conversion of its arrays to NumPy's.

    The library has nothing but what the standard has. `strict.exported(array)` lifts the ban, for
    the comparison at the end of a test.
    """
    xp = pytest.importorskip("array_api_strict", reason="needs the extra `test`")

    def refuse(self, *args, **kwargs):
        raise AssertionError("an array of array_api_strict was converted to NumPy's")

    @contextlib.contextmanager
    def banned(patch):
        for name in ("__array__", "__dlpack__", "__buffer__"):
            if hasattr(xp._array_object.Array, name):
                patch.setattr(xp._array_object.Array, name, refuse)
        yield

    class Strict:
        """The namespace, the ban, and the way round it."""

        def __getattr__(self, name):
            return getattr(xp, name)

        def exported(self, value):
            array = value.realize_cached_data() if isinstance(value, ndl.Value) else value
            return np.array(array._array)

    with pytest.MonkeyPatch.context() as patch, banned(patch):
        yield Strict()


@pytest.fixture
def draw(rng):
    """Draw numbers that are a distance away from 0, where 1/x and relu have corners."""

    def make(shape, numbers="any", dtype="float64"):
        size = rng.uniform(0.5, 2.0, shape)
        sign = 1.0 if numbers == "positive" else rng.choice([-1.0, 1.0], shape)
        return np.asarray(size * sign, dtype=dtype)

    return make
