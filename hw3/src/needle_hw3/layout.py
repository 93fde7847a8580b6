"""Shapes, strides and offsets: what a view is, before there is any memory.

Pure functions on tuples of ints. Strides and offsets count elements. Every function that changes
a layout returns the new one and moves no element; each device then looks at its memory that way.
Programs ask the same of the same shapes again and again, so answers are remembered.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from numpy.exceptions import AxisError

Shape: TypeAlias = tuple[int, ...]
Axes: TypeAlias = "int | Iterable[int] | None"

MAX_DIMS = 32

remembered = lru_cache(maxsize=4096)


class Layout(NamedTuple):
    """Which elements of a buffer make up an array.

    The element at index (i, j, ...) is `buffer[offset + i * strides[0] + j * strides[1] + ...]`.
    """

    shape: Shape
    strides: Shape
    offset: int = 0


def as_shape(shape: Any) -> Shape:
    """Return `shape`, an int or an iterable of ints, as a tuple.

    Raises `ValueError` for a negative size, more than 32 axes, or more than 2^62 elements, and
    `TypeError` for what is no int.
    """
    return _checked(_ints(shape))


@remembered
def _checked(sizes: Shape) -> Shape:
    if len(sizes) > MAX_DIMS:
        raise ValueError(f"an array has at most {MAX_DIMS} axes, not {len(sizes)}")
    for axis, size in enumerate(sizes):
        if size < 0:
            raise ValueError(f"shape {sizes} has the negative size {size} at axis {axis}")
    if math.prod([size or 1 for size in sizes]) > 2**62:
        raise ValueError(f"shape {sizes} has more elements than any memory")
    return sizes


def _ints(values: Any) -> tuple[int, ...]:
    """Return an int or an iterable of ints as a tuple of Python's ints."""
    return tuple(map(operator.index, (values,) if hasattr(values, "__index__") else values))


def compact_strides(shape: Shape) -> Shape:
    """Return the strides of a row-major array of `shape` without gaps."""
    strides = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def is_compact(shape: Shape, strides: Shape) -> bool:
    """Return whether the elements lie in row-major order without gaps.

    The stride of an axis of size 1 does not matter, and an empty array has no gaps.
    """
    if 0 in shape:
        return True
    expected = 1
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size != 1 and stride != expected:
            return False
        expected *= size
    return True


# Axes


def normalize_axis(axis: int, ndim: int) -> int:
    """Return `axis` counted from the front: -1 is the last of `ndim` axes.

    Raises `AxisError`, an `IndexError` and `ValueError`, if there is no such axis.
    """
    axis = operator.index(axis)
    if not -ndim <= axis < ndim:
        raise AxisError(axis, ndim)
    return axis % ndim


def normalize_axes(axes: Axes, ndim: int) -> tuple[int, ...]:
    """Return `axes` as a tuple counted from the front; None means all of them.

    Raises `AxisError` for an axis out of range and `ValueError` for one that is named twice.
    """
    if axes is None:
        return tuple(range(ndim))
    return _normalized(_ints(axes), ndim)


@remembered
def _normalized(given: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    normal = tuple([normalize_axis(axis, ndim) for axis in given])
    if len(set(normal)) < len(normal):
        repeated = next(axis for axis in normal if normal.count(axis) > 1)
        raise ValueError(f"axes {given} repeat axis {repeated}")
    return normal


def permute(layout: Layout, axes: Iterable[int]) -> Layout:
    """Return the layout with its axes in the order `axes`.

    Raises `ValueError` unless `axes` names each of them once.
    """
    return _permuted(layout, _ints(axes))


@remembered
def _permuted(layout: Layout, given: tuple[int, ...]) -> Layout:
    order = normalize_axes(given, len(layout.shape))
    if len(order) != len(layout.shape):
        raise ValueError(f"axes {given} do not name each axis of shape {layout.shape} once")
    shape, strides, offset = layout
    return Layout(tuple([shape[i] for i in order]), tuple([strides[i] for i in order]), offset)


def move_axes(layout: Layout, source: Axes, destination: Axes) -> Layout:
    """Return the layout with each axis of `source` moved to its place in `destination`."""
    ndim = len(layout.shape)
    sources, targets = normalize_axes(source, ndim), normalize_axes(destination, ndim)
    if len(sources) != len(targets):
        raise ValueError(f"{len(sources)} axes cannot move to {len(targets)} places")
    order = [axis for axis in range(ndim) if axis not in sources]
    for target, axis in sorted(zip(targets, sources, strict=True)):
        order.insert(target, axis)
    return permute(layout, order)


def expand(layout: Layout, axis: int) -> Layout:
    """Return the layout with a new axis of size 1, which is `axis` of the result."""
    place = normalize_axis(axis, len(layout.shape) + 1)
    shape, strides, offset = layout
    return Layout(
        (*shape[:place], 1, *shape[place:]), (*strides[:place], 0, *strides[place:]), offset
    )


def squeeze(layout: Layout, axes: Axes) -> Layout:
    """Return the layout without `axes`, which must have size 1."""
    dropped = normalize_axes(axes, len(layout.shape))
    for axis in dropped:
        if layout.shape[axis] != 1:
            raise ValueError(
                f"axis {axis} of shape {layout.shape} has size {layout.shape[axis]}; "
                "only axes of size 1 can be dropped"
            )
    kept = [axis for axis in range(len(layout.shape)) if axis not in dropped]
    shape, strides, offset = layout
    return Layout(tuple(shape[i] for i in kept), tuple(strides[i] for i in kept), offset)


def flip(layout: Layout, axes: Axes) -> Layout:
    """Return the layout that reads `axes` backwards."""
    strides, offset = list(layout.strides), layout.offset
    for axis in normalize_axes(axes, len(layout.shape)):
        offset += strides[axis] * (layout.shape[axis] - 1)
        strides[axis] = -strides[axis]
    return Layout(layout.shape, tuple(strides), layout.offset if 0 in layout.shape else offset)


# Broadcasting


def broadcast_shapes(*shapes: Shape) -> Shape:
    """Return the shape that arrays of `shapes` broadcast to.

    Shapes are aligned at their last axis; sizes must be equal or 1. Raises `ValueError` naming
    the first axis of the result where they differ.
    """
    ndim = max(map(len, shapes), default=0)
    result = [1] * ndim
    for shape in shapes:
        for axis, size in enumerate(shape, start=ndim - len(shape)):
            if size != 1 and result[axis] not in {1, size}:
                names = " and ".join(map(str, shapes))
                raise ValueError(
                    f"shapes {names} do not broadcast: axis {axis} is {result[axis]} and {size}"
                )
            result[axis] = size if size != 1 else result[axis]
    return tuple(result)


@remembered
def broadcast(layout: Layout, shape: Shape) -> Layout:
    """Return the layout repeated to `shape`: axes that are repeated have stride 0.

    Raises `ValueError` if it does not broadcast to `shape`.
    """
    added = len(shape) - len(layout.shape)
    pairs = list(zip(layout.shape, shape[max(added, 0) :], strict=False))
    if added < 0 or any(size not in {1, wanted} for size, wanted in pairs):
        raise ValueError(f"shape {layout.shape} does not broadcast to {shape}")
    repeated = (
        0 if size == 1 != wanted else stride
        for (size, wanted), stride in zip(pairs, layout.strides, strict=True)
    )
    return Layout(shape, (0,) * added + tuple(repeated), layout.offset)


# Reshaping


def known_shape(shape: Any, size: int) -> Shape:
    """Return `shape` with -1 replaced by what is left of `size` elements.

    Raises `ValueError` if that is not whole or might be anything, as beside a size of 0, for more
    than one -1 or another negative size, and if the number of elements differs.
    """
    return _known(_ints(shape), size)


@remembered
def _known(sizes: Shape, size: int) -> Shape:
    """Return what `known_shape` returns, of a tuple of Python's ints."""
    result = sizes
    if sizes.count(-1) == 1:
        rest = -math.prod(sizes)
        if rest:
            result = tuple([size // rest if wanted == -1 else wanted for wanted in sizes])
    if math.prod(result) != size or (result and min(result) < 0):
        raise ValueError(f"cannot reshape array of size {size} into shape {sizes}")
    return as_shape(result)


@remembered
def reshape(layout: Layout, shape: Shape) -> Layout | None:
    """Return the layout that shows the same elements as `shape`, or None if they must be moved.

    `shape` has as many elements as the layout; of none, any strides will do. The axes of both
    shapes are cut into the shortest groups of equal size, such as (2, 6, 5) and (3, 4, 5) into
    (2, 6 | 5) and (3, 4 | 5). A group can be reshaped if each of its old axes goes on where the
    next one ends.
    """
    if is_compact(layout.shape, layout.strides):
        return Layout(shape, compact_strides(shape), layout.offset)
    old = [pair for pair in zip(layout.shape, layout.strides, strict=True) if pair[0] != 1]
    strides: list[int] = []
    start = 0
    for first, last, stop in _groups([size for size, _ in old], shape):
        group = old[start:stop]
        start = stop
        for (_, outer), (size, inner) in pairwise(group):
            if outer != size * inner:
                return None
        step = group[-1][1] if group else 0
        strides += [step * stride for stride in compact_strides(shape[first:last])]
    return Layout(shape, tuple(strides), layout.offset)


def _groups(old: list[int], new: Shape) -> Iterable[tuple[int, int, int]]:
    """Yield first and last + 1 of each group of axes of `new`, and last + 1 of its axes of `old`.

    Groups come in order and are as short as can be; the axes of `old` in a group begin where those
    of the group before end. Both shapes have the same number of elements, which is not 0. `old` has
    no axis of size 1, as `reshape` leaves these out. One of `new` that stands first in a group is a
    group by itself, without axes of `old`: (6, 5) and (1, 2, 1, 3, 5) give (0, 1, 0), (1, 4, 1) and
    (4, 5, 2).
    """
    stop = first = 0
    while first < len(new):
        last = first + 1
        have, want = 1, new[first]
        while have != want:
            if have < want:
                have *= old[stop]
                stop += 1
            else:
                want *= new[last]
                last += 1
        yield first, last, stop
        first = last
