"""Ops that move elements: joining, splitting, permuting, flipping, dilating and padding."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

from needle_hw1.array_api import (
    Array,
    Axes,
    array_namespace,
    frozen_axes,
    normalize_axes,
    normalize_axis,
)
from needle_hw1.ops import getitem
from needle_hw1.ops.shape import promote_together
from needle_hw1.tensor_op import T, Tensor, TensorOp
from needle_hw2.ops import TensorTuple, TensorTupleOp, make_tuple

Widths = Sequence[tuple[int, int]]


class JoiningOp(TensorOp):
    """An op of a tuple: `compute` takes its members."""

    def align(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        (members,) = inputs
        if not isinstance(members, TensorTuple):
            name, kind = type(self).__name__, type(members).__name__
            raise TypeError(f"{name} takes a TensorTuple, not {kind}")
        dtypes = {array.dtype for array in members.realize_cached_data()}
        return inputs if len(dtypes) == 1 else (make_tuple(*promote_together(members.tuple())),)

    def run(self, arrays: list[tuple[Array, ...]]) -> Array:
        """Return the array of the result."""
        return super().run(list(arrays[0]))


class Stack(JoiningOp):
    """The members of a tuple, of one shape, along a new axis."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def compute(self, *arrays: Array) -> Array:
        shapes = [array.shape for array in arrays]
        if shapes.count(shapes[0]) != len(shapes):
            raise ValueError(f"stack takes tensors of one shape, got {_listed(shapes)}")
        axis = normalize_axis(self.axis, arrays[0].ndim + 1)
        return array_namespace(arrays[0]).stack(arrays, axis=axis)

    def gradient(self, out_grad: Tensor, node: Tensor) -> TensorTuple:
        return split(out_grad, self.axis)


class Split(TensorTupleOp):
    """The parts of x along `axis`, without that axis: views of x."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def compute(self, x: Array) -> tuple[Array, ...]:
        axis = normalize_axis(self.axis, x.ndim)
        if x.shape[axis] == 0:
            raise ValueError(f"split of shape {x.shape} along axis {axis} would have no parts")
        return tuple(array_namespace(x).unstack(x, axis=axis))

    def gradient(self, out_grad: TensorTuple, node: TensorTuple) -> Tensor:
        return stack(out_grad.tuple(), self.axis)


class Concat(JoiningOp):
    """The members of a tuple one after the other along `axis`; other sizes are equal."""

    def __init__(self, axis: int = 0) -> None:
        self.axis = axis

    def compute(self, *arrays: Array) -> Array:
        axis = normalize_axis(self.axis, arrays[0].ndim)
        others = [(*array.shape[:axis], *array.shape[axis + 1 :]) for array in arrays]
        if others.count(others[0]) != len(others) or any(
            array.ndim != arrays[0].ndim for array in arrays
        ):
            shapes = [array.shape for array in arrays]
            raise ValueError(f"shapes {_listed(shapes)} differ in more than axis {axis}")
        return array_namespace(arrays[0]).concat(arrays, axis=axis)

    def gradient(self, out_grad: Tensor, node: Tensor) -> TensorTuple:
        axis = normalize_axis(self.axis, out_grad.ndim)
        parts, start = [], 0
        for array in node.inputs[0].realize_cached_data():
            stop = start + array.shape[axis]
            parts.append(getitem(out_grad, (*[slice(None)] * axis, slice(start, stop))))
            start = stop
        return make_tuple(*parts)


class Permute(TensorOp):
    """The axes in the order `axes`: a view."""

    def __init__(self, axes: Iterable[int]) -> None:
        self.axes = tuple(axes)

    def compute(self, x: Array) -> Array:
        axes = normalize_axes(self.axes, x.ndim)
        if len(axes) != x.ndim:
            raise ValueError(f"axes {self.axes} are not a permutation of those of shape {x.shape}")
        return array_namespace(x).permute_dims(x, axes)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        axes = normalize_axes(self.axes, node.ndim)
        return permute(out_grad, [axes.index(axis) for axis in range(node.ndim)])


class Flip(TensorOp):
    """The elements in reverse order along `axes`, all of them if None."""

    def __init__(self, axes: Axes = None) -> None:
        self.axes = frozen_axes(axes)

    def compute(self, x: Array) -> Array:
        return array_namespace(x).flip(x, axis=normalize_axes(self.axes, x.ndim))

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return flip(out_grad, self.axes)


class Dilate(TensorOp):
    """x with `dilation` zeros after each element along `axes`; axes that x lacks are left out."""

    def __init__(self, axes: Axes, dilation: int) -> None:
        self.axes = frozen_axes(axes)
        self.dilation = _not_negative(dilation)

    def compute(self, x: Array) -> Array:
        index, axes = every(x.ndim, self.axes, self.dilation + 1)
        shape = [n * (self.dilation + 1) if a in axes else n for a, n in enumerate(x.shape)]
        result = array_namespace(x).zeros(tuple(shape), dtype=x.dtype, device=x.device)
        result[index] = x
        return result

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return undilate(out_grad, self.axes, self.dilation)


class UnDilate(TensorOp):
    """Every (dilation + 1)-th element along `axes`: what `Dilate` made, without the zeros."""

    def __init__(self, axes: Axes, dilation: int) -> None:
        self.axes = frozen_axes(axes)
        self.dilation = _not_negative(dilation)

    def compute(self, x: Array) -> Array:
        return x[every(x.ndim, self.axes, self.dilation + 1)[0]]

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        shape = node.inputs[0].shape
        dilated = dilate(out_grad, self.axes, self.dilation)
        # Of a size that is no multiple of dilation + 1, the last zeros are too many.
        return getitem(dilated, tuple(slice(size) for size in shape))


class Pad(TensorOp):
    """x with zeros around it: `widths` has how many (before, after) for each axis."""

    def __init__(self, widths: Widths) -> None:
        self.widths = tuple(tuple(map(operator.index, width)) for width in widths)
        if any(len(width) != 2 or min(width) < 0 for width in self.widths):
            raise ValueError(f"widths are pairs of numbers that are at least 0, got {self.widths}")

    def compute(self, x: Array) -> Array:
        if len(self.widths) != x.ndim:
            raise ValueError(f"widths {self.widths} are not a pair for each axis of {x.shape}")
        sizes = zip(x.shape, self.widths, strict=True)
        shape = tuple(size + before + after for size, (before, after) in sizes)
        result = array_namespace(x).zeros(shape, dtype=x.dtype, device=x.device)
        result[self._inside(x.shape)] = x
        return result

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return getitem(out_grad, self._inside(node.inputs[0].shape))

    def _inside(self, shape: tuple[int, ...]) -> tuple[slice, ...]:
        sizes = zip(shape, self.widths, strict=True)
        return tuple(slice(before, before + size) for size, (before, _) in sizes)


def stack(args: Iterable[T], axis: int = 0) -> T:
    """Return tensors of one shape along a new axis at `axis`, which may be the last."""
    return Stack(axis)(_as_tuple(args, "stack"))  # type: ignore[return-value]


def split(a: Tensor, axis: int = 0) -> TensorTuple:
    """Return the parts of `a` along `axis`, which they do not have, as a `TensorTuple`."""
    parts: TensorTuple = Split(axis)(a)
    return parts


def concat(args: Iterable[T], axis: int = 0) -> T:
    """Return tensors one after the other along `axis`; their other sizes are equal."""
    return Concat(axis)(_as_tuple(args, "concat"))  # type: ignore[return-value]


def permute(a: T, axes: Iterable[int]) -> T:
    """Return `a` with its axes in the order `axes`."""
    return Permute(axes)(a)


def flip(a: T, axes: Axes = None) -> T:
    """Return `a` reversed along `axes`, along all of them if None."""
    return Flip(axes)(a)


def dilate(a: T, axes: Axes, dilation: int) -> T:
    """Return `a` with `dilation` zeros after each element along `axes`.

    A size d becomes d (dilation + 1). Axes that `a` does not have are left out.
    """
    return Dilate(axes, dilation)(a)


def undilate(a: T, axes: Axes, dilation: int) -> T:
    """Return every (dilation + 1)-th element of `a` along `axes`, beginning with the first."""
    return UnDilate(axes, dilation)(a)


def pad(a: T, widths: Widths) -> T:
    """Return `a` with zeros around it: `widths` has a pair (before, after) for each axis."""
    return Pad(widths)(a)


def every(ndim: int, axes: Axes, step: int) -> tuple[tuple[slice, ...], set[int]]:
    """Return the index of each `step`-th element along `axes`, and those axes that exist."""
    given = range(ndim) if axes is None else axes if isinstance(axes, Iterable) else (axes,)
    numbers = map(operator.index, given)
    present = {axis + ndim if axis < 0 else axis for axis in numbers} & set(range(ndim))
    return tuple(slice(None, None, step if axis in present else None) for axis in range(ndim)), (
        present
    )


def _as_tuple(args: Iterable[Tensor], name: str) -> TensorTuple:
    if isinstance(args, TensorTuple):
        return args
    tensors = tuple(args)
    if not tensors:
        raise ValueError(f"{name} takes at least one tensor")
    return make_tuple(*tensors)


def _not_negative(dilation: int) -> int:
    if operator.index(dilation) < 0:
        raise ValueError(f"dilation is at least 0, got {dilation}")
    return dilation


def _listed(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join(map(str, dict.fromkeys(shapes)))
