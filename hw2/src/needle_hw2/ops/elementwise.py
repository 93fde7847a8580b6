"""Ops that treat every element alone."""

from __future__ import annotations

from needle_hw1.array_api import Array, array_namespace
from needle_hw1.tensor_op import T, Tensor
from needle_hw2.kernels import fused_kernels
from needle_hw2.ops.floating import FloatingOp
from needle_hw2.ops.fused import FusedOp


class Sqrt(FloatingOp):
    r"""The square root.

    .. math:: y = \sqrt{x} \qquad \bar x = \frac{\bar y}{2 y}
    """

    def compute(self, x: Array) -> Array:
        return array_namespace(x).sqrt(x)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return out_grad / (node * 2)


class Tanh(FloatingOp, FusedOp):
    r"""The hyperbolic tangent.

    .. math:: y = \tanh x \qquad \bar x = \bar y \, (1 - y^2)
    """

    def compute(self, x: Array) -> Array:
        return array_namespace(x).tanh(x)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return out_grad * (1 - node * node)

    def array_gradient(self, out_grad: Array, node: Tensor) -> tuple[Array]:
        y = node.realize_cached_data()
        kernels = fused_kernels(y)
        return (kernels.tanh_gradient(out_grad, y) if kernels else out_grad * (1 - y * y),)


class Sigmoid(FloatingOp, FusedOp):
    r"""The logistic function. Where :math:`e^{-x}` overflows to infinity, y is 0, as it should.

    .. math:: y = \frac{1}{1 + e^{-x}} \qquad \bar x = \bar y \, y \, (1 - y)
    """

    def compute(self, x: Array) -> Array:
        kernels = fused_kernels(x)
        return kernels.sigmoid(x) if kernels else 1 / (array_namespace(x).exp(-x) + 1)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return out_grad * node * (1 - node)

    def array_gradient(self, out_grad: Array, node: Tensor) -> tuple[Array]:
        y = node.realize_cached_data()
        kernels = fused_kernels(y)
        return (kernels.sigmoid_gradient(out_grad, y) if kernels else out_grad * y * (1 - y),)


class Softplus(FloatingOp):
    r"""A smooth ReLU, and the negative logarithm of a sigmoid of -x.

    .. math:: y = \log(1 + e^x) = \max(x, 0) + \log(1 + e^{-|x|}) \qquad
              \bar x = \bar y \, \sigma(x)
    """

    def compute(self, x: Array) -> Array:
        xp = array_namespace(x)
        return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return out_grad * sigmoid(node.inputs[0])


def sqrt(a: T) -> T:
    """Return the square root of a; nan below 0."""
    return Sqrt()(a)


def tanh(a: T) -> T:
    """Return the hyperbolic tangent of a."""
    return Tanh()(a)


def sigmoid(a: T) -> T:
    """Return 1 / (1 + exp(-a))."""
    return Sigmoid()(a)


def softplus(a: T) -> T:
    """Return log(1 + exp(a)), without overflow."""
    return Softplus()(a)
