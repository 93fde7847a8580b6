"""The course's array module: its functions with its signatures, where the standard's differ.

In the namespace `needle_hw3`, functions take what the array API standard says. Code that knows
`needle.backend_ndarray` of the course passes axes, dtypes and devices by position, and gets
float32 unless it asks for another dtype.
"""

from __future__ import annotations

from typing import Any

from needle_hw3.device import BackendDevice as BackendDevice
from needle_hw3.device import all_devices as all_devices
from needle_hw3.device import cpu as cpu
from needle_hw3.device import cpu_numpy as cpu_numpy
from needle_hw3.device import cuda as cuda
from needle_hw3.device import default_device as default_device
from needle_hw3.dtypes import DType, float32
from needle_hw3.layout import Axes
from needle_hw3.ndarray import NDArray as NDArray


def array(a: Any, dtype: DType = "float32", device: BackendDevice | None = None) -> NDArray:
    """Return a new array with a copy of `a`: an array, nested lists or a number."""
    return NDArray(a, device=device, dtype=dtype or float32)


def empty(shape: Any, dtype: DType = "float32", device: BackendDevice | None = None) -> NDArray:
    """Return an array of `shape` whose values are not set."""
    result: NDArray = (device or default_device()).empty(shape, dtype or float32)
    return result


def full(
    shape: Any, fill_value: Any, dtype: DType = "float32", device: BackendDevice | None = None
) -> NDArray:
    """Return an array of `shape` with every element `fill_value`."""
    result: NDArray = (device or default_device()).full(shape, fill_value, dtype or float32)
    return result


def broadcast_to(array: NDArray, new_shape: Any) -> NDArray:
    """Return a read-only view of the elements repeated to `new_shape`."""
    return array.broadcast_to(new_shape)


def reshape(array: NDArray, new_shape: Any) -> NDArray:
    """Return the elements in row-major order as `new_shape`."""
    return array.reshape(new_shape)


def maximum(a: NDArray, b: NDArray | float) -> NDArray:
    """Return the larger of each pair of elements; nan if one of them is."""
    return a.maximum(b)


def log(a: NDArray) -> NDArray:
    """Return the natural logarithm of each element."""
    return a.log()


def exp(a: NDArray) -> NDArray:
    """Return e to the power of each element."""
    return a.exp()


def tanh(a: NDArray) -> NDArray:
    """Return the hyperbolic tangent of each element."""
    return a.tanh()


def sum(a: NDArray, axis: Axes = None, keepdims: bool = False) -> NDArray:
    """Return the sum over `axis`, or over all axes."""
    return a.sum(axis, keepdims)


def flip(a: NDArray, axes: Axes) -> NDArray:
    """Return a view that reads `axes` backwards."""
    return a.flip(axes)
