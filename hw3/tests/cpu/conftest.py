"""The compiled kernels, and their settings, which every test gives back as it found them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from needle_hw3 import _cpu


@pytest.fixture
def cpu() -> Any:
    """Return the module of kernels."""
    return _cpu


@pytest.fixture(params=_cpu.isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test with each instruction set that the machine has."""
    before = _cpu.isa()
    _cpu.set_isa(request.param)
    yield request.param
    _cpu.set_isa(before)


@pytest.fixture
def threads() -> Iterator[Any]:
    """Return the function that sets the number of threads."""
    before = _cpu.num_threads()
    yield _cpu.set_num_threads
    _cpu.set_num_threads(before)


def _dense(array: np.ndarray) -> np.ndarray:
    return array


def _every_second(array: np.ndarray) -> np.ndarray:
    wide = np.zeros([2 * n + 1 for n in array.shape], array.dtype)
    view = wide[(..., *(slice(1, None, 2) for _ in array.shape))]
    view[...] = array
    return view


def _backwards(array: np.ndarray) -> np.ndarray:
    return np.flip(np.flip(array).copy())


def _transposed(array: np.ndarray) -> np.ndarray:
    return np.array(array.T, order="C").T


def _repeated(array: np.ndarray) -> np.ndarray:
    if array.ndim == 0:
        return array
    return np.broadcast_to(array[..., :1], array.shape)


@pytest.fixture(params=[_dense, _every_second, _backwards, _transposed, _repeated])
def layout(request: pytest.FixtureRequest) -> Any:
    """Return a function that lays an array out otherwise in memory.

    The last of them repeats the first element of each row, with a stride of 0.
    """
    return request.param


@pytest.fixture
def view() -> Any:
    """Return a function that makes a view of the memory of a NumPy array, and one of a list."""

    def make(array: Any, dtype: str | None = None) -> Any:
        array = np.asarray(array, dtype)
        if not array.flags.aligned or any(s % array.itemsize for s in array.strides):
            array = array.copy()
        return _cpu.from_numpy(array, copy=False)

    return make
