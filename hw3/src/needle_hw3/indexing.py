"""Indexing as NumPy does it: integers, slices, None, `...`, arrays of integers and of bools.

All but arrays are *basic*: they choose a view. Where there are arrays, the basic entries are
applied first, then the arrays pick elements of that view.
"""

from __future__ import annotations

import operator
from types import EllipsisType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from needle_hw3.dtypes import NUMBERS, as_number, int64
from needle_hw3.layout import Layout, Shape, broadcast, broadcast_shapes, permute
from needle_hw3.storage import S, Storage, as_storage

Index: TypeAlias = Any


class Picks(NamedTuple):
    """What arrays of indices choose from a view.

    The result of picking has the axes of `shape`, to which the arrays broadcast, and the other
    axes of the view, in the order `order` of (axes of `shape`, other axes).
    """

    layout: Layout  # of the view, with the axes that are picked from first
    arrays: list[Any]  # of int64, one for each of those axes, broadcast to `shape`
    axes: list[int]  # of the array that was indexed, for errors
    shape: Shape
    order: list[int]


def at(axis: int, entry: Any) -> tuple[Any, ...]:
    """Return the index that has `entry` at `axis` and everything of the other axes."""
    return (*[slice(None)] * axis, entry)


def getitem(x: S, index: Index) -> S:
    """Return x[index]: a view where the index is basic, otherwise a new array."""
    layout, found = _select(x, index)
    if not found:
        return x._as(layout)
    picks = _plan(layout, found)
    view = x._view.restride(*picks.layout)
    try:
        result = x._new(x._device.kernels.gather(view, [a._view for a in picks.arrays]))
    except IndexError:
        _name_culprit(x, picks)
        raise
    if picks.order == sorted(picks.order):
        return result
    return result._as(permute(result._layout, picks.order))


def setitem(x: Storage, index: Index, value: Any) -> None:
    """Set x[index] to `value`: a number, an array that broadcasts, or nested lists."""
    layout, found = _select(x, index)
    kernels = x._device.kernels
    if not found:
        target = x._view.restride(*layout)
        if isinstance(value, NUMBERS):
            kernels.fill(target, as_number(value, x.dtype))
        else:
            source = _source(x, value)
            fitting = _without_leading_ones(source._layout, len(layout.shape))
            kernels.assign(target, source._as(broadcast(fitting, layout.shape))._view)
        return
    picks = _plan(layout, found)
    target = x._view.restride(*picks.layout)
    source = _source(x, value)
    if kernels.may_overlap(source._view, target):
        source = source._new(kernels.copy(source._view))
    values = _to_picked(source, picks)
    try:
        kernels.scatter(target, [a._view for a in picks.arrays], values._view)
    except IndexError:
        _name_culprit(x, picks)
        raise


def _source(x: Storage, value: Any) -> Any:
    if isinstance(value, Storage) and value._device is not x._device:
        raise ValueError(f"an array on {x._device} is set to one on {value._device}: use to()")
    if isinstance(value, NUMBERS):
        value = np.asarray(as_number(value, x.dtype), x.dtype)
    return as_storage(value, x._device)._cast(x.dtype)


def _without_leading_ones(layout: Layout, ndim: int) -> Layout:
    """Return the layout without leading axes of size 1 above `ndim`, as NumPy assigns."""
    extra = len(layout.shape) - ndim
    if extra > 0 and all(size == 1 for size in layout.shape[:extra]):
        return Layout(layout.shape[extra:], layout.strides[extra:], layout.offset)
    return layout


def _to_picked(source: Any, picks: Picks) -> Any:
    """Return `source` broadcast to what is picked, with the axes of `picks.shape` first."""
    ndim = len(picks.shape)
    rest = picks.layout.shape[len(picks.arrays) :]
    picked = (*picks.shape, *rest)
    shape = tuple(picked[axis] for axis in picks.order)
    layout = broadcast(_without_leading_ones(source._layout, len(shape)), shape)
    back = [picks.order.index(axis) for axis in range(ndim + len(rest))]
    return source._as(permute(layout, back))


# From an index to a view and the arrays that pick from it


class _Found(NamedTuple):
    place: int  # axis of the view
    axis: int  # axis of the array that was indexed
    indices: Any
    position: int  # among the entries of the index


def _select(x: Storage, index: Index) -> tuple[Layout, list[_Found]]:
    """Return the layout that the basic entries choose, and the arrays with their axes of it."""
    entries = [_entry(x, each) for each in (index if isinstance(index, tuple) else (index,))]
    entries = _fill_ellipsis(entries, index, x.shape)
    picking = any(isinstance(entry, Storage) for entry in entries)
    shape: list[int] = []
    strides: list[int] = []
    found: list[_Found] = []
    offset = x._view.offset
    sizes, steps = x._view.shape, x._view.strides
    axis = 0
    for position, entry in enumerate(entries):
        if entry is ...:
            continue
        if entry is None:
            shape.append(1)
            strides.append(0)
            continue
        if isinstance(entry, Storage):
            for indices in _as_indices(entry, sizes, axis):
                added = entry.ndim == 0 and entry.dtype.kind == "b"  # picks from a new axis
                found.append(_Found(len(shape), axis, indices, position))
                shape.append(1 if added else sizes[axis])
                strides.append(0 if added else steps[axis])
                axis += not added
            continue
        size, step = sizes[axis], steps[axis]
        if isinstance(entry, slice):
            chosen = range(size)[entry]
            offset += chosen.start * step
            shape.append(len(chosen))
            strides.append(step * chosen.step)
        else:
            place = _from_front(entry, axis, size)
            if picking:
                number = as_storage(np.asarray(place, np.int64), x._device)
                found.append(_Found(len(shape), axis, number, position))
                shape.append(size)
                strides.append(step)
            else:
                offset += place * step
        axis += 1
    # Of no elements, the first one might be anywhere.
    return Layout(tuple(shape), tuple(strides), x._view.offset if 0 in shape else offset), found


def _entry(x: Storage, entry: Any) -> Any:
    """Return an entry of an index as an int, slice, None, `...`, or array of ints or bools."""
    kind = type(entry)
    if kind is int or kind is slice or entry is None or isinstance(entry, EllipsisType):
        return entry
    if isinstance(entry, Storage):
        if entry._device is not x._device:
            raise ValueError(f"an array on {x._device} is indexed by one on {entry._device}")
    elif isinstance(entry, bool | np.bool_ | list | np.ndarray):
        array = np.asarray(entry)
        if kind is list and array.size == 0:  # NumPy takes it for floats
            array = array.astype(np.int64)
        entry = as_storage(array, x._device)
    elif hasattr(entry, "__index__"):
        return operator.index(entry)
    else:
        raise TypeError(
            "an array is indexed by integers, slices, None, ... and arrays of integers or bools, "
            f"not by {kind.__name__}"
        )
    if entry.dtype.kind == "f":
        raise TypeError(f"an array is indexed by arrays of integers or bools, not of {entry.dtype}")
    if entry.ndim == 0 and entry.dtype.kind != "b":
        return entry.item()
    return entry


def _fill_ellipsis(entries: list[Any], index: Index, shape: Shape) -> list[Any]:
    """Return the entries with full slices after `...`, which may be left out at the end."""
    used = 0
    dots = None
    for position, entry in enumerate(entries):
        if isinstance(entry, EllipsisType):
            if dots is not None:
                raise IndexError(f"index {index} has more than one ...")
            dots = position
        elif entry is not None:
            is_mask = isinstance(entry, Storage) and entry.dtype.kind == "b"
            used += entry.ndim if is_mask else 1
    if used > len(shape):
        raise IndexError(f"index {index} has {used} entries for the {len(shape)} axes of {shape}")
    if dots is None:
        return entries + [slice(None)] * (len(shape) - used)
    # The `...` itself stays: it separates arrays even if it stands for no axes.
    middle = [..., *[slice(None)] * (len(shape) - used)]
    return [*entries[:dots], *middle, *entries[dots + 1 :]]


def _from_front(index: int, axis: int, size: int) -> int:
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of range for axis {axis} of size {size}")
    return index + size if index < 0 else index


def _as_indices(array: Any, sizes: Shape, axis: int) -> list[Any]:
    """Return the int64 arrays, one per axis, by which `array` picks; more than one for a mask."""
    if array.dtype.kind != "b":
        return [array._cast(int64)]
    device = array._device
    if array.ndim == 0:
        return [as_storage(np.zeros(int(array.item()), np.int64), device)]
    wanted = sizes[axis : axis + array.ndim]
    if array.shape != wanted:
        raise IndexError(f"a mask of shape {array.shape} for axes of sizes {wanted}")
    return [array._new(view) for view in device.kernels.nonzero(array._view)]


def _plan(layout: Layout, found: list[_Found]) -> Picks:
    """Return how to pick.

    The picked axes come where the arrays stood if those are neighbours, otherwise first.
    """
    try:
        shape = broadcast_shapes(*(each.indices.shape for each in found))
    except ValueError as error:
        raise IndexError(f"indices do not fit each other: {error}") from None
    arrays = [each.indices._as(broadcast(each.indices._layout, shape)) for each in found]
    places = [each.place for each in found]
    others = [axis for axis in range(len(layout.shape)) if axis not in places]
    positions = sorted({each.position for each in found})
    neighbours = positions[-1] - positions[0] == len(positions) - 1
    before = sum(axis < places[0] for axis in others) if neighbours else 0
    ndim = len(shape)
    order = list(range(ndim + len(others)))
    order = [*order[ndim : ndim + before], *order[:ndim], *order[ndim + before :]]
    return Picks(
        permute(layout, [*places, *others]), arrays, [each.axis for each in found], shape, order
    )


def _name_culprit(x: Storage, picks: Picks) -> None:
    """Raise `IndexError` for the first index that is out of range, with the axis of x."""
    for place, (array, axis) in enumerate(zip(picks.arrays, picks.axes, strict=True)):
        values, size = array.numpy(), picks.layout.shape[place]
        wrong = values[(values < -size) | (values >= size)]
        if wrong.size:
            raise IndexError(
                f"index {wrong[0]} is out of range for axis {axis} of size {size} of {x.shape}"
            ) from None
