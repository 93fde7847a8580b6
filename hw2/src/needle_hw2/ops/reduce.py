"""Reductions: mean, maximum and minimum over axes."""

from __future__ import annotations

import math
from typing import ClassVar

from needle_hw1.array_api import Array, Axes, Shape, array_namespace, frozen_axes, normalize_axes
from needle_hw1.ops import broadcast_to
from needle_hw1.ops.reduce import restore_axes
from needle_hw1.tensor_op import T, Tensor, TensorOp, constant


class Reduction(TensorOp):
    """An op that reduces `axes` (all if None), and drops them or keeps them with size 1."""

    def __init__(self, axes: Axes = None, keepdims: bool = False) -> None:
        self.axes = frozen_axes(axes)
        self.keepdims = keepdims


class Mean(Reduction):
    r"""The mean over `axes`, of n elements each; nan for n = 0.

    .. math:: y_j = \frac1n \sum_i x_{ij} \qquad \bar x_{ij} = \frac{\bar y_j}{n}
    """

    def compute(self, x: Array) -> Array:
        axes = normalize_axes(self.axes, x.ndim)
        total = array_namespace(x).sum(x, axis=axes, keepdims=self.keepdims)
        return total / _count(x.shape, axes)  # not xp.mean: NumPy's warns of an empty one

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        shape = node.inputs[0].shape
        each = out_grad / _count(shape, normalize_axes(self.axes, len(shape)))
        return broadcast_to(restore_axes(each, shape, self.axes), shape)


class Extremum(Reduction):
    r"""The largest or smallest element over `axes`.

    .. math:: \bar x_{ij} = \frac{[x_{ij} = y_j]}{\sum_l [x_{lj} = y_j]} \, \bar y_j

    Equal elements share the gradient, as with `torch.amax`.
    """

    function: ClassVar[str]  # of the array library

    def compute(self, x: Array) -> Array:
        axes = normalize_axes(self.axes, x.ndim)
        if _count(x.shape, axes) == 0:
            raise ValueError(
                f"{self.function} over axes {axes} of shape {x.shape} is over no elements"
            )
        return getattr(array_namespace(x), self.function)(x, axis=axes, keepdims=self.keepdims)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        (x,) = node.inputs
        xp = array_namespace(x.realize_cached_data())
        axes = normalize_axes(self.axes, x.ndim)
        extremes = restore_axes(node, x.shape, axes).realize_cached_data()
        is_extreme = xp.asarray(x.realize_cached_data() == extremes)  # NumPy's of 0-d is a scalar
        chosen = xp.astype(is_extreme, x.dtype)
        share = chosen / xp.sum(chosen, axis=axes, keepdims=True)
        return restore_axes(out_grad, x.shape, axes) * constant(share)


class Max(Extremum):
    """The largest element over `axes`; nan if there is a nan."""

    function = "max"


class Min(Extremum):
    """The smallest element over `axes`; nan if there is a nan."""

    function = "min"


def mean(a: T, axes: Axes = None, keepdims: bool = False) -> T:
    """Return the mean of `a` over `axes`, or over all of them if None."""
    return Mean(axes, keepdims)(a)


def max(a: T, axes: Axes = None, keepdims: bool = False) -> T:
    """Return the largest element of `a` over `axes`, or over all of them if None.

    Raises `ValueError` if there is none: a maximum has no value for no elements.
    """
    return Max(axes, keepdims)(a)


def min(a: T, axes: Axes = None, keepdims: bool = False) -> T:
    """Return the smallest element of `a` over `axes`, or over all of them if None.

    Raises `ValueError` if there is none: a minimum has no value for no elements.
    """
    return Min(axes, keepdims)(a)


def _count(shape: Shape, axes: tuple[int, ...]) -> int:
    return math.prod(shape[axis] for axis in axes)
