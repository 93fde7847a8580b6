"""Summation and broadcasting: each is the gradient of the other."""

from __future__ import annotations

from needle_hw1.array_api import (
    Array,
    Axes,
    Shape,
    array_namespace,
    broadcast_shapes,
    frozen_axes,
    normalize_axes,
)
from needle_hw1.ops.shape import promote_together, reshape
from needle_hw1.tensor_op import T, Tensor, TensorOp


class Summation(TensorOp):
    r"""Sum over `axes` (all if None).

    .. math:: y_j = \sum_i x_{ij} \qquad \bar x_{ij} = \bar y_j
    """

    def __init__(self, axes: Axes = None, keepdims: bool = False) -> None:
        self.axes = frozen_axes(axes)
        self.keepdims = keepdims

    def compute(self, x: Array) -> Array:
        axes = normalize_axes(self.axes, x.ndim)
        return array_namespace(x).sum(x, axis=axes, keepdims=self.keepdims)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        shape = node.inputs[0].shape
        return broadcast_to(restore_axes(out_grad, shape, self.axes), shape)


def summation(a: T, axes: Axes = None, keepdims: bool = False) -> T:
    """Return the sum of `a` over `axes`, or over all of them if None.

    The axes are dropped, or kept with size 1 if `keepdims`.
    """
    return Summation(axes, keepdims)(a)


def restore_axes(reduced: Tensor, shape: Shape, axes: Axes) -> Tensor:
    """Return `reduced`, which is `shape` reduced over `axes`, with those axes as size 1."""
    dropped = normalize_axes(axes, len(shape))
    kept = tuple(1 if axis in dropped else size for axis, size in enumerate(shape))
    return reduced if reduced.shape == kept else reshape(reduced, kept)


class BroadcastTo(TensorOp):
    r"""The same elements repeated along new leading axes and axes of size 1.

    .. math:: y_{ij} = x_j \qquad \bar x_j = \sum_i \bar y_{ij}
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def compute(self, x: Array) -> Array:
        try:
            return array_namespace(x).broadcast_to(x, self.shape)
        except ValueError:
            raise ValueError(f"shape {x.shape} does not broadcast to {self.shape}") from None

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return sum_to_shape(out_grad, node.inputs[0].shape)


def broadcast_to(a: T, shape: Shape) -> T:
    """Return `a` repeated to `shape`, as NumPy broadcasts; without a copy."""
    return BroadcastTo(shape)(a)


def sum_to_shape(a: Tensor, shape: Shape) -> Tensor:
    """Return `a` summed over the axes that broadcasting from `shape` to `a.shape` repeats."""
    new = a.ndim - len(shape)
    repeated = [new + axis for axis, size in enumerate(shape) if size == 1 != a.shape[new + axis]]
    if new or repeated:
        a = summation(a, (*range(new), *repeated))
    return a if a.shape == shape else reshape(a, shape)


def broadcast_together(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Return `inputs` promoted to one dtype and broadcast to one shape, as NumPy does.

    Both are recorded as ops of their own, so that each gradient has its input's shape and dtype.
    """
    inputs = promote_together(inputs)
    shapes = [x.shape for x in inputs]
    if shapes.count(shapes[0]) == len(shapes):
        return inputs
    shape = broadcast_shapes(*shapes)
    return tuple(x if x.shape == shape else broadcast_to(x, shape) for x in inputs)
