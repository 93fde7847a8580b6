"""What hw1 asks of an array library: the Python array API standard, and a few helpers above it.

An `Array` is any object that answers `__array_namespace__()`: a NumPy array, an `NDArray` of hw3,
an array of `array_api_strict`. Standard: https://data-apis.org/array-api/latest/.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.exceptions import AxisError as AxisError

Array: TypeAlias = Any  # of whichever library: structural, and not worth a Protocol of 60 methods
DType: TypeAlias = Any  # a dtype of that library, or a name such as "float32"
Shape: TypeAlias = tuple[int, ...]
Axes: TypeAlias = "int | Iterable[int] | None"


_namespaces: dict[type, Any] = {}  # asking an array takes as long as adding two small ones


def array_namespace(array: Array) -> Any:
    """Return the module whose functions (`exp`, `sum`, ...) operate on `array`.

    Raises `TypeError` for what is no array.
    """
    kind = type(array)
    namespace = _namespaces.get(kind)
    if namespace is None:
        is_scalar = isinstance(array, np.generic)  # NumPy's answer for themselves since 2.1 only
        if not is_scalar and not is_array(array):
            raise TypeError(f"{kind.__name__} is no array: it has no __array_namespace__")
        namespace = _namespaces[kind] = np if is_scalar else array.__array_namespace__()
    return namespace


def is_array(value: object) -> bool:
    """Return whether `value` is an array of some library (NumPy's scalars are not)."""
    return hasattr(value, "__array_namespace__") and not isinstance(value, np.generic)


@cache
def is_floating(dtype: DType, xp: Any) -> bool:
    """Return whether `dtype` of the library `xp` is a real floating-point type."""
    return bool(xp.isdtype(dtype, "real floating"))


def to_numpy(array: Array) -> np.ndarray[Any, Any]:
    """Return a copy of `array`, of any library and on any device, as a NumPy array."""
    if isinstance(array, np.ndarray):
        return np.array(array)
    if hasattr(array, "numpy"):
        return np.array(array.numpy())
    return np.array(np.from_dlpack(array))


def whole_numbers(values: np.ndarray[Any, Any], taker: str) -> np.ndarray[Any, Any]:
    """Return `values`, of any dtype, as int64.

    Raises `TypeError` in the name of `taker` if one of them is not whole.
    """
    with np.errstate(invalid="ignore"):  # nan is no whole number, and found below
        whole = values.astype(np.int64)
    if not np.array_equal(whole, values):
        raise TypeError(f"{taker} takes whole numbers, got {values[whole != values][0]}")
    return whole


def normalize_axis(axis: int, ndim: int) -> int:
    """Return `axis` counted from the front: -1 is the last of `ndim` axes.

    Raises `AxisError` (an `IndexError`) if there is no such axis.
    """
    axis = operator.index(axis)
    if not -ndim <= axis < ndim:
        raise AxisError(axis, ndim)
    return axis + ndim if axis < 0 else axis


def normalize_axes(axes: Axes, ndim: int) -> tuple[int, ...]:
    """Return `axes` as a tuple counted from the front; None means every axis.

    Raises `AxisError` for an axis out of range and `ValueError` for one that is named twice.
    """
    if axes is None:
        return tuple(range(ndim))
    given = tuple(axes) if isinstance(axes, Iterable) else (axes,)
    normal = tuple(normalize_axis(axis, ndim) for axis in given)
    for position, axis in enumerate(normal):
        if axis in normal[:position]:
            raise ValueError(f"axes {given} repeat axis {axis}")
    return normal


def frozen_axes(axes: Axes) -> int | tuple[int, ...] | None:
    """Return `axes` as an op can keep them: an iterable as a tuple."""
    return tuple(axes) if isinstance(axes, Iterable) else axes


def broadcast_shapes(*shapes: Shape) -> Shape:
    """Return the shape that arrays of `shapes` broadcast to.

    Shapes are aligned at their last axis; sizes must be equal or 1. Raises `ValueError` naming
    the first axis (of the result) where they differ.
    """
    ndim = max(map(len, shapes), default=0)
    padded = [(1,) * (ndim - len(shape)) + tuple(shape) for shape in shapes]
    result = []
    for axis, sizes in enumerate(zip(*padded, strict=True)):
        distinct = sorted(set(sizes) - {1})
        if len(distinct) > 1:
            names = " and ".join(str(tuple(shape)) for shape in shapes)
            found = " and ".join(str(size) for size in sizes)
            raise ValueError(f"shapes {names} do not broadcast: axis {axis} is {found}")
        result.append(distinct[0] if distinct else 1)
    return tuple(result)
