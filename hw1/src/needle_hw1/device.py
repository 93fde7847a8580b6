"""Where arrays are made: the `Device` protocol, the NumPy device, and the default device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, runtime_checkable

import numpy as np

from needle_hw1.array_api import Array, DType, Shape


@runtime_checkable
class Device(Protocol):
    """What creates arrays. Devices of later stages satisfy it without importing it."""

    def enabled(self) -> bool:
        """Return whether arrays can be made here: the device is built and present."""

    def array(self, data: Any, dtype: DType = None) -> Array:
        """Return a new array with a copy of `data` (array, nested lists or scalar)."""

    def empty(self, shape: Shape, dtype: DType = "float32") -> Array:
        """Return an array of `shape` whose values are not set."""

    def full(self, shape: Shape, fill_value: float, dtype: DType = "float32") -> Array:
        """Return an array of `shape` with every element `fill_value`."""

    def rand(self, *shape: int) -> Array:
        """Return uniform draws from [0, 1), of NumPy's global generator."""

    def randn(self, *shape: int) -> Array:
        """Return standard normal draws, of NumPy's global generator."""

    def one_hot(self, n: int, i: Any, dtype: DType = "float32") -> Array:
        """Return an array of shape `i.shape + (n,)`: 1 at index `i` of the last axis, else 0."""


class CPUDevice:
    """The NumPy device, which is also the specification of every other one."""

    def __repr__(self) -> str:
        return "needle.cpu()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CPUDevice)

    def __hash__(self) -> int:
        return hash(repr(self))

    def enabled(self) -> bool:
        """Return True: NumPy is always there."""
        return True

    def array(self, data: Any, dtype: DType = None) -> Array:
        """Return a new NumPy array with a copy of `data`; without `dtype`, NumPy chooses it.

        Raises `TypeError` for what is no number, `ValueError` for lists of different lengths.
        """
        source = np.asarray(data)
        wanted = source.dtype.newbyteorder("=") if dtype is None else np.dtype(dtype)
        for found in (source.dtype, wanted):  # NumPy would read "1.5" and None as floats
            if found.kind not in "biuf":
                raise TypeError(f"a tensor holds real numbers, not dtype {found}")
        return np.array(source, dtype=wanted)

    def empty(self, shape: Shape, dtype: DType = "float32") -> Array:
        """Return an array of `shape` whose values are not set."""
        return np.empty(shape, dtype=dtype)

    def full(self, shape: Shape, fill_value: float, dtype: DType = "float32") -> Array:
        """Return an array of `shape` with every element `fill_value`."""
        return np.full(shape, fill_value, dtype=dtype)

    def zeros(self, *shape: int, dtype: DType = "float32") -> Array:
        """Return an array of `shape` filled with 0."""
        return np.zeros(shape, dtype=dtype)

    def ones(self, *shape: int, dtype: DType = "float32") -> Array:
        """Return an array of `shape` filled with 1."""
        return np.ones(shape, dtype=dtype)

    def rand(self, *shape: int) -> Array:
        """Return float64 uniform draws from [0, 1), of NumPy's global generator."""
        return np.asarray(np.random.rand(*shape))  # noqa: NPY002 (the course's rule)

    def randn(self, *shape: int) -> Array:
        """Return float64 standard normal draws, of NumPy's global generator."""
        return np.asarray(np.random.randn(*shape))  # noqa: NPY002 (the course's rule)

    def one_hot(self, n: int, i: Any, dtype: DType = "float32") -> Array:
        """Return an array of shape `i.shape + (n,)`: 1 at index `i` of the last axis, else 0.

        Raises `TypeError` unless `i` is of an integer dtype, `IndexError` if one is not in [0, n).
        """
        index = np.asarray(i)
        if not np.issubdtype(index.dtype, np.integer):
            raise TypeError(f"one_hot takes integer indices, got dtype {index.dtype}")
        outside = (index < 0) | (index >= n)
        if outside.any():
            raise IndexError(f"index {index[outside][0]} is outside of one_hot's {n} classes")
        result = np.zeros((*index.shape, n), dtype=dtype)
        np.put_along_axis(result, index[..., None], 1, axis=-1)
        return result


_CPU = CPUDevice()
_process_default: list[Device] = [_CPU]  # a cell, so that every thread sees a change
_context_default: ContextVar[Device | None] = ContextVar("needle_default_device", default=None)


def cpu() -> CPUDevice:
    """Return the NumPy device."""
    return _CPU


def all_devices() -> list[Device]:
    """Return every device of this stage."""
    return [_CPU]


def default_device() -> Device:
    """Return the device where tensors are made when none is named."""
    return _context_default.get() or _process_default[0]


def set_default_device(device: Device) -> None:
    """Make `device` the default of the whole process, every thread included."""
    _process_default[0] = _checked(device)


@contextmanager
def use_device(device: Device) -> Iterator[Device]:
    """Make `device` the default inside a `with` block, for this thread or task alone."""
    token = _context_default.set(_checked(device))
    try:
        yield device
    finally:
        _context_default.reset(token)


def device_of(array: Array) -> Any:
    """Return the device that holds `array`: the NumPy device, or what the array itself says."""
    return _CPU if isinstance(array, np.ndarray) else array.device


def _checked(device: Device) -> Device:
    if not isinstance(device, Device):
        raise TypeError(f"{device!r} is no device: it lacks some of array, empty, full, rand, ...")
    if not device.enabled():
        raise RuntimeError(f"{device!r} is not available here")
    return device
