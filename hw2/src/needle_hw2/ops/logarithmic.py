"""Logarithms of sums of exponentials, and of the softmax: they overflow if done step by step."""

from __future__ import annotations

from typing import Any

from needle_hw1.array_api import Array, Axes, array_namespace, normalize_axes
from needle_hw1.ops import exp, summation
from needle_hw1.ops.reduce import restore_axes
from needle_hw1.tensor_op import T, Tensor
from needle_hw2.kernels import fused_kernels
from needle_hw2.ops.floating import FloatingOp
from needle_hw2.ops.fused import FusedOp
from needle_hw2.ops.reduce import Reduction


class LogSumExp(Reduction, FloatingOp):
    r"""Log of the sum of exponentials over `axes`.

    .. math:: y = \log \sum_i e^{x_i} = m + \log \sum_i e^{x_i - m}, \quad m = \max_i x_i
              \qquad \bar x_i = e^{x_i - y} \, \bar y

    Subtracting the maximum changes nothing in exact arithmetic and keeps every exponent at most
    0, so `exp` cannot overflow. Of no elements, and where all are -inf, it is -inf. The gradient is
    taken from the log-softmax: beside a large m, y has no room for the logarithm.
    """

    def compute(self, x: Array) -> Array:
        xp = array_namespace(x)
        axes = normalize_axes(self.axes, x.ndim)
        kernels = _kernels_of_last(x, axes)
        if kernels is not None:
            return kernels.logsumexp(x, keepdims=self.keepdims)
        peak = finite_peak(x, axes)
        total = xp.sum(xp.exp(x - peak), axis=axes, keepdims=self.keepdims)
        return xp.log(total) + xp.reshape(peak, total.shape)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        (x,) = node.inputs
        softmax = exp(logsoftmax(x, self.axes))
        return restore_axes(out_grad, x.shape, self.axes) * softmax


class LogSoftmax(Reduction, FloatingOp, FusedOp):
    r"""Log of the softmax over `axes`, of the shape and dtype of x.

    .. math:: y_i = x_i - \log \sum_j e^{x_j} \qquad
              \bar x_i = \bar y_i - e^{y_i} \sum_j \bar y_j

    Computed as :math:`(x_i - m) - \log \sum_j e^{x_j - m}` with the maximum m: for large x the
    logarithm would be lost beside m.
    """

    def __init__(self, axes: Axes = -1) -> None:
        super().__init__(axes, keepdims=True)

    def compute(self, x: Array) -> Array:
        xp = array_namespace(x)
        axes = normalize_axes(self.axes, x.ndim)
        kernels = _kernels_of_last(x, axes)
        if kernels is not None:
            return kernels.log_softmax(x)
        shifted = x - finite_peak(x, axes)
        return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axes, keepdims=True))

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return out_grad - exp(node) * summation(out_grad, self.axes, keepdims=True)

    def array_gradient(self, out_grad: Array, node: Tensor) -> tuple[Array]:
        y = node.realize_cached_data()
        xp = array_namespace(y)
        axes = normalize_axes(self.axes, y.ndim)
        kernels = _kernels_of_last(y, axes)
        if kernels is not None:
            return (kernels.log_softmax_gradient(out_grad, y),)
        return (out_grad - xp.exp(y) * xp.sum(out_grad, axis=axes, keepdims=True),)


def logsumexp(a: T, axes: Axes = None, keepdims: bool = False) -> T:
    """Return log(sum(exp(a))) over `axes`, or over all of them if None."""
    return LogSumExp(axes, keepdims)(a)


def logsoftmax(a: T, axes: Axes = -1) -> T:
    """Return log(exp(a) / sum(exp(a))), the sum being over `axes`: the last, or all if None."""
    return LogSoftmax(axes)(a)


def finite_peak(x: Array, axes: tuple[int, ...]) -> Array:
    """Return the maximum over `axes`, kept with size 1; 0 where it is not finite or there is none.

    An infinite one would make nan of inf - inf.
    """
    xp = array_namespace(x)
    if 0 in [x.shape[axis] for axis in axes]:
        return xp.sum(x, axis=axes, keepdims=True)
    peak = xp.max(x, axis=axes, keepdims=True)
    return xp.where(xp.isfinite(peak), peak, xp.zeros_like(peak))


def _kernels_of_last(x: Array, axes: tuple[int, ...]) -> Any:
    """Return the module of kernels for x, which are for the last axis, if it is the only one."""
    return fused_kernels(x) if axes == (x.ndim - 1,) else None
