"""The affine map of a linear layer."""

from __future__ import annotations

import math

from needle_hw1.array_api import Array, array_namespace
from needle_hw1.ops import reshape, summation, transpose
from needle_hw1.ops.shape import promote_together
from needle_hw1.tensor_op import T, Tensor
from needle_hw2.ops.fused import FusedOp


class Affine(FusedOp):
    r"""x W + b, for x of shape (..., n), W of shape (n, p) and b of p elements.

    .. math:: \bar x = \bar y W^T \qquad \bar W = \sum x^T \bar y \qquad \bar b = \sum \bar y

    The sums are over the leading axes: all rows of x are one matrix, whatever its shape.
    """

    def align(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return promote_together(inputs)

    def compute(self, x: Array, weight: Array, bias: Array) -> Array:
        n, p = weight.shape if weight.ndim == 2 else (None, None)
        if x.shape[-1:] != (n,) or math.prod(bias.shape) != p:
            raise ValueError(
                f"affine takes x of shape (..., n), a weight (n, p) and a bias of p elements, "
                f"got shapes {x.shape}, {weight.shape} and {bias.shape}"
            )
        xp = array_namespace(x)
        y = xp.matmul(x, weight)
        y += bias if bias.ndim == 1 else xp.reshape(bias, (p,))
        return y

    def gradient(self, out_grad: Tensor, node: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, bias = node.inputs
        count = math.prod(x.shape[:-1])
        rows = reshape(x, (count, x.shape[-1]))
        grads = reshape(out_grad, (count, weight.shape[1]))
        grad_x = out_grad @ transpose(weight) if x.requires_grad else None
        return grad_x, transpose(rows) @ grads, reshape(summation(grads, 0), bias.shape)

    def array_gradient(self, out_grad: Array, node: Tensor) -> tuple[Array | None, ...]:
        x, weight, bias = (value.realize_cached_data() for value in node.inputs)
        xp = array_namespace(x)
        rows, grads = x, out_grad
        if x.ndim != 2:
            count = math.prod(x.shape[:-1])
            rows = xp.reshape(x, (count, x.shape[-1]))
            grads = xp.reshape(out_grad, (count, weight.shape[1]))
        grad_x = xp.matmul(out_grad, weight.mT) if node.inputs[0].requires_grad else None
        grad_bias = xp.sum(grads, axis=0, keepdims=bias.ndim == 2)
        if grad_bias.shape != bias.shape:
            grad_bias = xp.reshape(grad_bias, bias.shape)
        return grad_x, xp.matmul(rows.mT, grads), grad_bias


def affine(x: T, weight: T, bias: T) -> T:
    """Return x W + b, of shape (..., p): see `Affine`."""
    return Affine()(x, weight, bias)
