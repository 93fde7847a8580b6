"""Functions that change shapes and put arrays together. Those of one array return views."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from needle_hw3 import layout
from needle_hw3.dtypes import promote, whole
from needle_hw3.functions.creation import array_of
from needle_hw3.indexing import at
from needle_hw3.layout import Axes
from needle_hw3.ndarray import NDArray
from needle_hw3.operands import check_same_device
from needle_hw3.storage import Storage


def concat(arrays: tuple[NDArray, ...] | list[NDArray], /, *, axis: int | None = 0) -> NDArray:
    """Return the arrays one after the other along `axis`, or each as a vector if None."""
    parts = _promoted(arrays)
    if axis is None:
        parts = [part.reshape(-1) for part in parts]
    place = layout.normalize_axis(axis or 0, parts[0].ndim)
    for part in parts:
        if [n for i, n in enumerate(part.shape) if i != place] != [
            n for i, n in enumerate(parts[0].shape) if i != place
        ]:
            raise ValueError(f"shapes {parts[0].shape} and {part.shape} differ beside axis {place}")
    shape = list(parts[0].shape)
    shape[place] = sum(part.shape[place] for part in parts)
    result: NDArray = parts[0]._device.empty(shape, parts[0].dtype)
    start = 0
    for part in parts:
        stop = start + part.shape[place]
        result[at(place, slice(start, stop))] = part
        start = stop
    return result


def stack(arrays: tuple[NDArray, ...] | list[NDArray], /, *, axis: int = 0) -> NDArray:
    """Return the arrays, of one shape, side by side along a new `axis`."""
    parts = _promoted(arrays)
    for part in parts:
        if part.shape != parts[0].shape:
            raise ValueError(f"arrays of shapes {parts[0].shape} and {part.shape} do not stack")
    return concat([expand_dims(part, axis) for part in parts], axis=axis)


def _promoted(arrays: Sequence[NDArray]) -> list[NDArray]:
    if not arrays:
        raise ValueError("one array or more is needed")
    check_same_device(*arrays)
    dtype = promote(*(array.dtype for array in arrays))
    return [array._cast(dtype) for array in arrays]


def expand_dims(x: NDArray, /, axis: int) -> NDArray:
    """Return a view of x with a new axis of size 1, which is `axis` of the result."""
    check_same_device(x)
    return x._as(layout.expand(x._layout, axis))


def flip(x: NDArray, /, *, axis: Axes = None) -> NDArray:
    """Return a view of x that reads `axis` backwards; all axes if None."""
    check_same_device(x)
    return x.flip(axis)


def moveaxis(
    x: NDArray, source: int | tuple[int, ...], destination: int | tuple[int, ...], /
) -> NDArray:
    """Return a view of x with the axes `source` moved to `destination`."""
    check_same_device(x)
    return x._as(layout.move_axes(x._layout, source, destination))


def permute_dims(x: NDArray, /, axes: tuple[int, ...]) -> NDArray:
    """Return a view of x with its axes in the order `axes`."""
    check_same_device(x)
    return x.permute(axes)


def reshape(x: NDArray, /, shape: tuple[int, ...], *, copy: bool | None = None) -> NDArray:
    """Return the elements of x in row-major order as `shape`, where one size may be -1.

    A view where the strides allow it, otherwise a copy; always a copy if `copy`, and never if it
    is False: then `ValueError` is raised.
    """
    check_same_device(x)
    return x.reshape(shape, copy=copy)


def squeeze(x: NDArray, /, axis: int | tuple[int, ...]) -> NDArray:
    """Return a view of x without `axis`. Raises `ValueError` unless that has size 1."""
    check_same_device(x)
    return x._as(layout.squeeze(x._layout, axis))


def split(
    x: NDArray, /, indices_or_sections: int | tuple[int, ...] | list[int], *, axis: int = 0
) -> list[NDArray]:
    """Return views of parts of x along `axis`: so many equal ones, or cut before the indices."""
    check_same_device(x)
    place = layout.normalize_axis(axis, x.ndim)
    size = x.shape[place]
    if hasattr(indices_or_sections, "__index__"):
        parts = whole(indices_or_sections, "sections")
        if parts < 1 or size % parts:
            raise ValueError(f"axis {place} of size {size} has no {parts} equal parts")
        cuts = range(size // parts, size, size // parts) if size else [0] * (parts - 1)
    else:
        cuts = list(indices_or_sections)
    bounds = [0, *cuts, size]
    return [x[at(place, slice(a, b))] for a, b in pairwise(bounds)]


def unstack(x: NDArray, /, *, axis: int = 0) -> tuple[NDArray, ...]:
    """Return views of x, one for each index of `axis`."""
    moved = moveaxis(x, axis, 0)
    return tuple(moved[position] for position in range(moved.shape[0]))


def roll(x: NDArray, /, shift: int | tuple[int, ...], *, axis: Axes = None) -> NDArray:
    """Return x with its elements moved by `shift` along `axis`; what leaves comes in again.

    Without an axis, the elements are moved in row-major order.
    """
    check_same_device(x)
    if axis is None:
        return roll(x.reshape(-1), shift, axis=0).reshape(x.shape)
    axes = [axis] if isinstance(axis, int) else list(axis)
    shifts = [shift] * len(axes) if isinstance(shift, int) else list(shift)
    if len(axes) != len(shifts):
        raise ValueError(f"shifts {shift} and axes {axis} differ in number")
    for places, each in zip(shifts, axes, strict=True):
        place = layout.normalize_axis(each, x.ndim)
        size = x.shape[place]
        cut = -places % size if size else 0
        x = concat([x[at(place, slice(cut, None))], x[at(place, slice(0, cut))]], axis=place)
    return x


def repeat(x: NDArray, repeats: int | NDArray, /, *, axis: int | None = None) -> NDArray:
    """Return x with each element repeated along `axis`; of x as a vector if None.

    `repeats` is a number, or one number for each index of the axis.
    """
    check_same_device(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    place = layout.normalize_axis(axis, x.ndim)
    if isinstance(repeats, Storage):
        check_same_device(x, repeats)
        if repeats.ndim > 1 or repeats.dtype.kind not in "iu":
            raise ValueError(f"repeats has shape {repeats.shape} and dtype {repeats.dtype}")
        counts = repeats.reshape(-1).tolist()
    else:
        counts = [whole(repeats, "repeats")]
    if len(counts) == 1:
        counts = counts * x.shape[place]
    if len(counts) != x.shape[place] or any(count < 0 for count in counts):
        raise ValueError(f"repeats {counts} is not a count per index of axis {place} of {x.shape}")
    indices = [index for index, count in enumerate(counts) for _ in range(count)]
    return x._new(x._device.kernels.take(x._view, array_of(indices, x)._view, place))


def tile(x: NDArray, repetitions: tuple[int, ...], /) -> NDArray:
    """Return x repeated as a whole, so many times along each axis; axes are aligned at the last."""
    check_same_device(x)
    counts = layout.as_shape(repetitions)
    ndim = max(x.ndim, len(counts))
    sizes = (1,) * (ndim - x.ndim) + x.shape
    counts = (1,) * (ndim - len(counts)) + counts
    apart = x.reshape(tuple(n for size in sizes for n in (1, size)))
    pairs = tuple(n for pair in zip(counts, sizes, strict=True) for n in pair)
    shape = tuple(count * size for count, size in zip(counts, sizes, strict=True))
    return apart.broadcast_to(pairs).reshape(shape, copy=True)


def pad(
    x: NDArray, pad_width: Any, /, mode: str = "constant", *, constant_values: float = 0
) -> NDArray:
    """Return x with a number around it.

    `pad_width` is a number, a pair (before, after), or such a pair for each axis, as in NumPy.
    """
    check_same_device(x)
    if mode != "constant":
        raise ValueError(f"pad has the mode 'constant', not {mode!r}")
    return x.pad(_pad_widths(pad_width, x.ndim), constant_values)


def _pad_widths(pad_width: Any, ndim: int) -> Any:
    """Return a pair of widths for each of `ndim` axes."""
    if hasattr(pad_width, "__index__"):
        return [(pad_width, pad_width)] * ndim
    pairs = list(pad_width)
    is_pair = len(pairs) == 2 and all(hasattr(each, "__index__") for each in pairs)
    return [tuple(pairs)] * ndim if is_pair else pairs
