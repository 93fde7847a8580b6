r"""Convolution of images, of shape (N, H, W, C), with kernels of shape (KH, KW, C / groups, K).

.. math:: y_{n,i,j,k} = \sum_{u,v,c} x_{n,\, s i + d u - p,\, s j + d v - p,\, c} \, w_{u,v,c,k}

with stride s, padding p and dilation d; what is outside of x counts as 0. It is linear in x and
in w. So there are three ops, and each gradient of one of them is another of the three.
"""

from __future__ import annotations

import operator
from typing import Any

from needle_hw1.array_api import Array, Shape
from needle_hw1.ops.shape import promote_together
from needle_hw1.tensor_op import T, Tensor, TensorOp
from needle_hw4.ops.kernels import kernels_of
from needle_hw4.ops.windows import Pair, pair


class ConvolutionOp(TensorOp):
    """What the three share: how the kernel moves over the image."""

    def __init__(
        self, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1, groups: int = 1
    ) -> None:
        self.stride = pair("stride", stride, 1)
        self.padding = pair("padding", padding, 0)
        self.dilation = pair("dilation", dilation, 1)
        self.groups = operator.index(groups)

    @property
    def settings(self) -> tuple[Any, ...]:
        """Stride, padding, dilation and groups."""
        return self.stride, self.padding, self.dilation, self.groups

    def align(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return promote_together(inputs)


class Conv(ConvolutionOp):
    """y from x and w."""

    def compute(self, x: Array, w: Array) -> Array:
        return kernels_of(self, x).conv2d(x, w, *self.settings)

    def gradient(self, out_grad: Tensor, node: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, w = node.inputs
        grad_x = grad_w = None
        if x.requires_grad:
            grad_x = ConvInputGradient(x.shape, *self.settings)(out_grad, w)
        if w.requires_grad:
            grad_w = ConvWeightGradient(w.shape, *self.settings)(x, out_grad)
        return grad_x, grad_w


class ConvInputGradient(ConvolutionOp):
    """The gradient of x, of `shape`, from that of y and w: a transposed convolution."""

    def __init__(self, shape: Shape, *settings: Any) -> None:
        super().__init__(*settings)
        self.shape = shape

    def compute(self, y: Array, w: Array) -> Array:
        return kernels_of(self, y).conv2d_input_gradient(y, w, self.shape, *self.settings)

    def gradient(self, out_grad: Tensor, node: Tensor) -> tuple[Tensor, Tensor]:
        y, w = node.inputs
        grad_w = ConvWeightGradient(w.shape, *self.settings)(out_grad, y)
        return Conv(*self.settings)(out_grad, w), grad_w


class ConvWeightGradient(ConvolutionOp):
    """The gradient of w, of `shape`, from x and the gradient of y."""

    def __init__(self, shape: Shape, *settings: Any) -> None:
        super().__init__(*settings)
        self.shape = shape

    def compute(self, x: Array, y: Array) -> Array:
        return kernels_of(self, x).conv2d_weight_gradient(x, y, self.shape, *self.settings)

    def gradient(self, out_grad: Tensor, node: Tensor) -> tuple[Tensor, Tensor]:
        x, y = node.inputs
        grad_x = ConvInputGradient(x.shape, *self.settings)(y, out_grad)
        return grad_x, Conv(*self.settings)(x, out_grad)


def conv(a: T, b: T, stride: Pair = 1, padding: Pair = 1, dilation: Pair = 1, groups: int = 1) -> T:
    """Return the convolution of images `a`, (N, H, W, C), with kernels `b`, (KH, KW, C/groups, K).

    The result has the shape (N, (H + 2 padding - dilation (KH - 1) - 1) // stride + 1, ..., K).
    Each of the first three settings is a number or a pair, for height and width. With `groups`,
    the channels fall into as many parts, which are convolved each with its own part of the kernels.
    Raises `ValueError` if sizes do not fit.
    """
    return Conv(stride, padding, dilation, groups)(a, b)
