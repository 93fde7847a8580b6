"""From an index to the view that it chooses, or to what its arrays pick."""

from __future__ import annotations

import operator
from types import EllipsisType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from needle_hw3.dtypes import int64
from needle_hw3.layout import Layout, Shape, broadcast, broadcast_shapes, permute
from needle_hw3.storage import Storage, as_storage

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


def basic(view: Any, index: Index) -> Any:
    """Return the view that `index` chooses by ints, slices, None and `...`.

    None if an entry is of any other type (to which `True` and NumPy's integers belong), if an int
    is out of range, if there are more ints and slices than axes, or more than one `...`: whoever
    asks then looks more closely. Raises `ValueError` for a slice with step 0 and `TypeError` for
    one whose ends are no integers, as `range(size)[entry]` does. This is called for every slice in
    a program, so it takes the shortest way.
    """
    entries = index if type(index) is tuple else (index,)
    sizes, steps, offset = view.shape, view.strides, view.offset
    shape: list[int] = []
    strides: list[int] = []
    axis = 0
    ellipses = 0
    for position, entry in enumerate(entries):
        kind = type(entry)
        if entry is None:
            shape.append(1)
            strides.append(0)
            continue
        if entry is ...:
            last = len(sizes) - sum([each is not None for each in entries[position + 1 :]])
            shape += sizes[axis:last]
            strides += steps[axis:last]
            axis = max(axis, last)
            ellipses += 1
            continue
        if axis == len(sizes):
            return None
        size, step = sizes[axis], steps[axis]
        if kind is slice:
            chosen = range(size)[entry]
            offset += chosen.start * step
            shape.append(len(chosen))
            strides.append(step * chosen.step)
        elif kind is int and -size <= entry < size:
            offset += (entry + size if entry < 0 else entry) * step
        else:
            return None
        axis += 1
    if ellipses > 1:
        return None
    shape += sizes[axis:]
    strides += steps[axis:]
    if 0 in shape:  # of no elements, the first one might be anywhere
        offset = view.offset
    return view.restride(tuple(shape), tuple(strides), offset)


def entries_of(x: Storage, index: Index) -> tuple[Any, ...]:
    """Return `index` with one int, slice or array for each axis it names, all axes being named.

    Raises `IndexError` for too many entries or an integer out of range, `TypeError` for what is no
    index.
    """
    given = index if isinstance(index, tuple) else (index,)
    entries = _fill_ellipsis([_entry(x, each) for each in given], index, x.shape)
    axis = 0
    for entry in entries:
        if isinstance(entry, int) and not -x.shape[axis] <= entry < x.shape[axis]:
            raise IndexError(
                f"index {entry} is out of range for axis {axis} of size {x.shape[axis]}"
            )
        if isinstance(entry, Storage) and entry.dtype.kind == "b":
            axis += entry.ndim
        else:
            axis += entry is not None and entry is not ...
    return tuple(entries)


def has_arrays(entries: tuple[Any, ...]) -> bool:
    """Return whether one of the entries is an array."""
    return any(isinstance(entry, Storage) for entry in entries)


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


# From arrays of indices to what is picked


class _Found(NamedTuple):
    place: int  # axis of the view
    axis: int  # axis of the array that was indexed
    indices: Any
    position: int  # among the entries of the index


def picks_of(x: Storage, entries: tuple[Any, ...]) -> Picks:
    """Return how arrays of indices pick; beside them, an int counts as an array.

    The picked axes come where the arrays stood if those are neighbours, otherwise first. Entries
    that `None`, `...` or a slice separates are no neighbours. Raises `IndexError` if the arrays do
    not broadcast to one shape.
    """
    layout, found = _select(x, entries)
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


def _select(x: Storage, entries: tuple[Any, ...]) -> tuple[Layout, list[_Found]]:
    """Return the layout that the basic entries choose, and the arrays with their axes of it.

    An array takes one axis of x, a mask as many as it has. A mask without axes takes none: it picks
    from a new axis of size 1 and stride 0, as `_as_indices` gives it places 0, or none at all.
    """
    shape: list[int] = []
    strides: list[int] = []
    found: list[_Found] = []
    sizes, steps, offset = x._view.shape, x._view.strides, x._view.offset
    axis = 0
    for position, entry in enumerate(entries):
        if entry is ...:
            continue
        if entry is None:
            shape.append(1)
            strides.append(0)
        elif isinstance(entry, slice):
            chosen = range(sizes[axis])[entry]
            offset += chosen.start * steps[axis]
            shape.append(len(chosen))
            strides.append(steps[axis] * chosen.step)
            axis += 1
        else:
            for indices in _as_indices(x, entry, axis):
                # A mask without axes picks from a new one.
                added = isinstance(entry, Storage) and entry.ndim == 0 and entry.dtype.kind == "b"
                found.append(_Found(len(shape), axis, indices, position))
                shape.append(1 if added else sizes[axis])
                strides.append(0 if added else steps[axis])
                axis += not added
    # Of no elements, the first one might be anywhere.
    return Layout(tuple(shape), tuple(strides), x._view.offset if 0 in shape else offset), found


def _as_indices(x: Storage, entry: Any, axis: int) -> list[Any]:
    """Return the int64 arrays, one per axis, by which `entry` picks; more than one for a mask."""
    device = x._device
    if isinstance(entry, int):
        return [as_storage(np.asarray(entry, np.int64), device)]
    if entry.dtype.kind != "b":
        return [entry._cast(int64)]
    if entry.ndim == 0:
        return [as_storage(np.zeros(int(entry.item()), np.int64), device)]
    wanted = x.shape[axis : axis + entry.ndim]
    if entry.shape != wanted:
        raise IndexError(f"a mask of shape {entry.shape} for axes of sizes {wanted}")
    return [entry._new(view) for view in device.kernels.nonzero(entry._view)]


def name_culprit(x: Storage, picks: Picks) -> None:
    """Raise `IndexError` for the first index that is out of range, with the axis of x."""
    for place, (array, axis) in enumerate(zip(picks.arrays, picks.axes, strict=True)):
        values, size = array.numpy(), picks.layout.shape[place]
        wrong = values[(values < -size) | (values >= size)]
        if wrong.size:
            raise IndexError(
                f"index {wrong[0]} is out of range for axis {axis} of size {size} of {x.shape}"
            ) from None
