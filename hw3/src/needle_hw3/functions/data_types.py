"""Functions of dtypes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from needle_hw3 import layout
from needle_hw3.device import BackendDevice
from needle_hw3.dtypes import (
    NUMBERS,
    DType,
    as_dtype,
    dtype_beside,
    is_of_kind,
    number_dtype,
    promote,
)
from needle_hw3.ndarray import NDArray
from needle_hw3.operands import check_same_device
from needle_hw3.storage import Storage


class FloatInfo(NamedTuple):
    """The limits of a floating-point dtype."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: np.dtype[Any]


class IntInfo(NamedTuple):
    """The limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: np.dtype[Any]


def astype(
    x: NDArray, dtype: DType, /, *, copy: bool = True, device: BackendDevice | None = None
) -> NDArray:
    """Return x converted to `dtype`, always as a copy unless `copy` is False.

    Floats are cut towards 0 for an integer dtype.
    """
    check_same_device(x)
    wanted = as_dtype(dtype)
    result = x._cast(wanted) if device is None else x.to(device)._cast(wanted)
    return (
        result._new(result._device.kernels.copy(result._view)) if copy and result is x else result
    )


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that arrays of `shapes` broadcast to."""
    return layout.broadcast_shapes(*map(layout.as_shape, shapes))


def broadcast_arrays(*arrays: NDArray) -> tuple[NDArray, ...]:
    """Return read-only views of `arrays`, repeated to the shape that they broadcast to."""
    check_same_device(*arrays)
    shape = layout.broadcast_shapes(*(array.shape for array in arrays))
    return tuple(array.broadcast_to(shape) for array in arrays)


def broadcast_to(x: NDArray, /, shape: tuple[int, ...]) -> NDArray:
    """Return a read-only view of x repeated to `shape`."""
    check_same_device(x)
    return x.broadcast_to(shape)


def can_cast(from_: DType | NDArray, to: DType, /) -> bool:
    """Return whether `from_`, a dtype or that of an array, promotes to `to`."""
    source = from_.dtype if isinstance(from_, Storage) else as_dtype(from_)
    return promote(source, as_dtype(to)) == as_dtype(to)


def finfo(type: DType | NDArray, /) -> FloatInfo:
    """Return the limits of a floating-point dtype. Raises `TypeError` for others."""
    dtype = _dtype_of(type)
    if dtype.kind != "f":
        raise TypeError(f"finfo is about floating-point dtypes, not {dtype}")
    info = np.finfo(dtype)
    return FloatInfo(
        bits=info.bits,
        eps=float(info.eps),
        max=float(info.max),
        min=float(info.min),
        smallest_normal=float(info.smallest_normal),
        dtype=dtype,
    )


def iinfo(type: DType | NDArray, /) -> IntInfo:
    """Return the limits of an integer dtype. Raises `TypeError` for others."""
    dtype = _dtype_of(type)
    if dtype.kind not in "iu":
        raise TypeError(f"iinfo is about integer dtypes, not {dtype}")
    info = np.iinfo(dtype)
    return IntInfo(info.bits, int(info.max), int(info.min), dtype)


def isdtype(dtype: DType, kind: DType | str | tuple[DType | str, ...]) -> bool:
    """Return whether `dtype` is of a kind, such as "integral" or "real floating", or is a dtype.

    A tuple asks for one of several. Raises `ValueError` for a kind that the standard has not.
    """
    return is_of_kind(dtype, kind)


def result_type(*arrays_and_dtypes: NDArray | DType | complex) -> np.dtype[Any]:
    """Return the dtype to which arrays, dtypes and numbers promote together."""
    if not arrays_and_dtypes:
        raise ValueError("result_type takes one argument or more")
    numbers = [each for each in arrays_and_dtypes if isinstance(each, NUMBERS)]
    others = [_dtype_of(each) for each in arrays_and_dtypes if not isinstance(each, NUMBERS)]
    dtype = promote(*others) if others else number_dtype(numbers[0])
    for number in numbers:
        dtype = dtype_beside(dtype, number)
    return dtype


def _dtype_of(value: Any) -> np.dtype[Any]:
    return value.dtype if isinstance(value, Storage) else as_dtype(value)
