"""Indexing as NumPy does it: integers, slices, None, `...`, arrays of integers and of bools.

All but arrays are *basic*: they choose a view. Where there are arrays, the basic entries are
applied first, then the arrays pick elements of that view.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from needle_hw3.dtypes import NUMBERS, as_number
from needle_hw3.indices import Index, Picks, basic, entries_of, has_arrays, name_culprit, picks_of
from needle_hw3.layout import Layout, broadcast, permute
from needle_hw3.storage import S, Storage, as_storage


def at(axis: int, entry: Any) -> tuple[Any, ...]:
    """Return the index that has `entry` at `axis` and everything of the other axes."""
    return (*[slice(None)] * axis, entry)


def getitem(x: S, index: Index) -> S:
    """Return x[index]: a view where the index is basic, otherwise a new array."""
    view = basic(x._view, index)
    if view is not None:
        return x._new(view)
    entries = entries_of(x, index)
    if not has_arrays(entries):
        return x._new(basic(x._view, entries))
    picks = picks_of(x, entries)
    view = x._view.restride(*picks.layout)
    try:
        result = x._new(x._device.kernels.gather(view, [a._view for a in picks.arrays]))
    except IndexError:
        name_culprit(x, picks)
        raise
    if picks.order == sorted(picks.order):
        return result
    return result._as(permute(result._layout, picks.order))


def setitem(x: Storage, index: Index, value: Any) -> None:
    """Set x[index] to `value`: a number, an array that broadcasts, or nested lists."""
    kernels = x._device.kernels
    target = basic(x._view, index)
    if target is None:
        entries = entries_of(x, index)
        if has_arrays(entries):
            return _set_picked(x, picks_of(x, entries), value)
        target = basic(x._view, entries)
    if isinstance(value, NUMBERS):
        kernels.fill(target, as_number(value, x.dtype))
    else:
        source = _source(x, value)
        fitting = _without_leading_ones(source._layout, target.ndim)
        kernels.assign(target, source._as(broadcast(fitting, target.shape))._view)
    return None


def _set_picked(x: Storage, picks: Picks, value: Any) -> None:
    kernels = x._device.kernels
    target = x._view.restride(*picks.layout)
    source = _source(x, value)
    if kernels.may_overlap(source._view, target):
        source = source._new(kernels.copy(source._view))
    values = _to_picked(source, picks)
    try:
        kernels.scatter(target, [a._view for a in picks.arrays], values._view)
    except IndexError:
        name_culprit(x, picks)
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
