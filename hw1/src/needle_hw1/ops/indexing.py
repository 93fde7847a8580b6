"""Indexing by integers, slices, None and `...`, and its gradient."""

from __future__ import annotations

import operator
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np

from needle_hw1.array_api import Array, Shape, array_namespace
from needle_hw1.ops.shape import reshape
from needle_hw1.tensor_op import T, Tensor, TensorOp

Index: TypeAlias = (
    "int | slice | EllipsisType | tuple[int | slice | EllipsisType | None, ...] | None"
)
Entry: TypeAlias = "int | slice | None"  # of a normal index


class GetItem(TensorOp):
    """x[index]: integers drop their axis, None adds one, as in NumPy."""

    def __init__(self, index: Index) -> None:
        self.index = index

    def compute(self, x: Array) -> Array:
        return x[normalize_index(self.index, x.shape)]

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        (x,) = node.inputs
        index = normalize_index(self.index, x.shape)
        # Without the axes of size 1 that None added, the result has the shape of a plain x[...].
        axes = [entry for entry in index if not isinstance(entry, int)]
        sizes = zip(axes, out_grad.shape, strict=True)
        shape = tuple(size for entry, size in sizes if entry is not None)
        plain = tuple(entry for entry in index if entry is not None)
        return Scatter(plain, x.shape)(reshape(out_grad, shape))


class Scatter(TensorOp):
    """Zeros of `shape`, with x at `index`: the gradient of indexing."""

    def __init__(self, index: tuple[int | slice, ...], shape: Shape) -> None:
        self.index = index
        self.shape = shape

    def compute(self, x: Array) -> Array:
        result = array_namespace(x).zeros(self.shape, dtype=x.dtype, device=x.device)
        result[self.index] = x
        return result

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return getitem(out_grad, self.index)


def getitem(a: T, index: Index) -> T:
    """Return a[index] for an index of integers, slices, None and `...`."""
    return GetItem(index)(a)


def normalize_index(index: Index, shape: Shape) -> tuple[Entry, ...]:
    """Return `index` as one slice or non-negative integer for each axis of `shape`, and Nones.

    Raises `IndexError` for an integer out of range or too many entries, and `TypeError` for what
    is no integer, slice, None or `...`.
    """
    entries = [_checked_entry(entry) for entry in (index if isinstance(index, tuple) else (index,))]
    used = sum(isinstance(entry, int | slice) for entry in entries)
    if used > len(shape):
        raise IndexError(f"index {index} has {used} entries for the {len(shape)} axes of {shape}")
    ellipses = entries.count(Ellipsis)
    if ellipses > 1:
        raise IndexError(f"index {index} has more than one ...")
    if not ellipses:
        entries.append(Ellipsis)
    normal: list[Entry] = []
    axis = 0
    for entry in entries:
        if isinstance(entry, EllipsisType):
            skipped = len(shape) - used
            normal += [slice(None)] * skipped
            axis += skipped
        elif entry is None:
            normal.append(None)
        else:
            normal.append(_from_front(entry, axis, shape))
            axis += 1
    return tuple(normal)


def _checked_entry(entry: Any) -> Entry | EllipsisType:
    if entry is None or isinstance(entry, slice | EllipsisType):
        return entry
    if isinstance(entry, bool | np.bool_) or not hasattr(entry, "__index__"):
        raise TypeError(
            f"a tensor is indexed by integers, slices, None and ..., not by {type(entry).__name__}"
        )
    return operator.index(entry)


def _from_front(entry: int | slice, axis: int, shape: Shape) -> int | slice:
    size = shape[axis]
    if isinstance(entry, slice):  # the standard leaves open what lies past the end
        picked = range(size)[entry]
        stop = picked.stop if picked.stop >= 0 else None
        return slice(picked.start, stop, picked.step) if picked else slice(0, 0)
    if not -size <= entry < size:
        raise IndexError(f"index {entry} is out of range for axis {axis} of size {size}")
    return entry + size if entry < 0 else entry
