"""Elements chosen by arrays of indices, which count from the end if negative."""

from __future__ import annotations

from needle_hw3 import layout
from needle_hw3.dtypes import int64
from needle_hw3.ndarray import NDArray
from needle_hw3.operands import check_same_device


def take(x: NDArray, indices: NDArray, /, *, axis: int | None = None) -> NDArray:
    """Return the slices of x along `axis` that the integers `indices`, a vector, name.

    `axis` can be left out if x is a vector. Raises `IndexError` for an index out of range.
    """
    _check_indices(x, indices)
    if axis is None and x.ndim != 1:
        raise ValueError(f"take needs an axis for shape {x.shape}")
    if indices.ndim != 1:
        raise ValueError(f"take takes a vector of indices, not shape {indices.shape}")
    place = layout.normalize_axis(axis or 0, x.ndim)
    return x._new(x._device.kernels.take(x._view, indices._cast(int64)._view, place))


def take_along_axis(x: NDArray, indices: NDArray, /, *, axis: int = -1) -> NDArray:
    """Return, for each element of `indices`, that element of x along `axis`.

    The other axes of the two broadcast. Raises `IndexError` for an index out of range.
    """
    _check_indices(x, indices)
    if x.ndim != indices.ndim:
        raise ValueError(f"shapes {x.shape} and {indices.shape} differ in the number of axes")
    place = layout.normalize_axis(axis, x.ndim)
    beside = [n if i != place else 1 for i, n in enumerate(x.shape)]
    wanted = [n if i != place else 1 for i, n in enumerate(indices.shape)]
    shape = list(layout.broadcast_shapes(tuple(beside), tuple(wanted)))
    operands = []
    for array in (x, indices._cast(int64)):
        shape[place] = array.shape[place]
        operands.append(array.broadcast_to(tuple(shape))._view)
    return x._new(x._device.kernels.take_along_axis(*operands, place))


def _check_indices(x: NDArray, indices: NDArray) -> None:
    check_same_device(x, indices)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"indices are integers, not of dtype {indices.dtype}")
