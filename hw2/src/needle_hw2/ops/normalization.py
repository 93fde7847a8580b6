"""Normalisation by mean and variance, as one op."""

from __future__ import annotations

import math

from needle_hw1.array_api import Array, Axes, array_namespace, frozen_axes, normalize_axes
from needle_hw1.ops.reduce import sum_to_shape
from needle_hw1.ops.shape import promote_together
from needle_hw1.tensor_op import T, Tensor
from needle_hw2.kernels import fused_kernels
from needle_hw2.ops.elementwise import sqrt
from needle_hw2.ops.fused import FusedOp
from needle_hw2.ops.reduce import mean


class Normalize(FusedOp):
    r"""x with mean 0 and variance 1 over `axes`, of n elements each, then scaled and shifted.

    .. math:: \hat x = (x - \mu) \, r, \quad r = \frac{1}{\sqrt{\sigma^2 + \epsilon}}, \quad
              \sigma^2 = \frac1n \sum_i (x_i - \mu)^2, \qquad y = w \hat x + b

    .. math:: \bar w = \sum \bar y \hat x \qquad \bar b = \sum \bar y \qquad
              \bar x = r \, \Big( g - \frac1n \sum_i g_i - \hat x \, \frac1n \sum_i g_i \hat x_i
              \Big), \quad g = w \bar y

    w and b have the size of the last axis of x. `mean` and `variance` are those of the x that the
    op had last, with `axes` kept as size 1.

    The arrays of hw3, and no others, have kernels for this: `_fused` and the other methods of that
    name are for them. There `compute` says in `_kernel` which one `array_gradient` is to take, and
    x is a matrix for it, of shape (n, d) if `axes` are all but the last axis, which is batch
    normalisation, and (..., d) if they are the last one. Elsewhere it is None; nothing is lost
    where both leave it out, but the speed of hw3.
    """

    mean: Array
    variance: Array
    _kernel: str | None = None

    def __init__(self, axes: Axes, eps: float = 1e-5) -> None:
        self.axes = frozen_axes(axes)
        self.eps = eps

    def align(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return promote_together(inputs)

    def compute(self, x: Array, weight: Array, bias: Array) -> Array:
        if x.ndim == 0 or not x.shape[-1:] == weight.shape == bias.shape:
            raise ValueError(
                f"normalize takes x of shape (..., d), a weight (d,) and a bias (d,), "
                f"got shapes {x.shape}, {weight.shape} and {bias.shape}"
            )
        self._kernel = self._fused(x)
        if self._kernel is not None:
            return self._compute_fused(x, weight, bias)
        self.mean = self._mean(x)
        centred = x - self.mean
        self.variance = self._mean(centred * centred)
        self._rate = 1 / array_namespace(x).sqrt(self.variance + self.eps)
        self._normal = centred * self._rate
        return self._normal * weight + bias

    def gradient(self, out_grad: Tensor, node: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, weight, bias = node.inputs
        centred = x - mean(x, self.axes, keepdims=True)
        rate = 1 / sqrt(mean(centred * centred, self.axes, keepdims=True) + self.eps)
        normal = centred * rate
        g = out_grad * weight
        shift = mean(g, self.axes, keepdims=True)
        tilt = mean(g * normal, self.axes, keepdims=True)
        grad_weight = sum_to_shape(out_grad * normal, weight.shape)
        return (g - shift - normal * tilt) * rate, grad_weight, sum_to_shape(out_grad, bias.shape)

    def array_gradient(self, out_grad: Array, node: Tensor) -> tuple[Array, Array, Array]:
        if self._kernel is not None:
            return self._array_gradient_fused(out_grad, node)
        weight = node.inputs[1].realize_cached_data()
        xp = array_namespace(out_grad)
        leading = tuple(range(out_grad.ndim - 1))
        grad_weight = xp.sum(out_grad * self._normal, axis=leading)
        grad_bias = xp.sum(out_grad, axis=leading)
        g = out_grad * weight
        tilted = self._normal * self._mean(g * self._normal)
        tilted += self._mean(g)
        g -= tilted
        g *= self._rate
        return g, grad_weight, grad_bias

    def _fused(self, x: Array) -> str | None:
        """Return the name of the kernel that does it, if the library of x has it."""
        if fused_kernels(x) is None:
            return None
        axes = normalize_axes(self.axes, x.ndim)
        if axes == (x.ndim - 1,):
            return "layer_norm"
        return "batch_norm" if sorted(axes) == list(range(x.ndim - 1)) else None

    def _compute_fused(self, x: Array, weight: Array, bias: Array) -> Array:
        xp = array_namespace(x)
        kernel = getattr(fused_kernels(x), f"{self._kernel}")
        y, *self._moments = kernel(self._matrix(x), weight, bias, eps=self.eps)
        axes = normalize_axes(self.axes, x.ndim)
        kept = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
        self.mean, self.variance = (xp.reshape(moment, kept) for moment in self._moments)
        return xp.reshape(y, x.shape)

    def _array_gradient_fused(self, out_grad: Array, node: Tensor) -> tuple[Array, Array, Array]:
        x, weight, _ = (value.realize_cached_data() for value in node.inputs)
        kernel = getattr(fused_kernels(x), f"{self._kernel}_gradient")
        grad, *others = kernel(
            self._matrix(out_grad), self._matrix(x), weight, *self._moments, eps=self.eps
        )
        return array_namespace(x).reshape(grad, x.shape), *others

    def _matrix(self, x: Array) -> Array:
        """Return x in the shape that its kernel takes."""
        if self._kernel == "layer_norm" or x.ndim == 2:
            return x
        return array_namespace(x).reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))

    def _mean(self, x: Array) -> Array:
        axes = normalize_axes(self.axes, x.ndim)
        n = math.prod(x.shape[axis] for axis in axes)
        return array_namespace(x).sum(x, axis=axes, keepdims=True) / n


def normalize(x: T, weight: T, bias: T, axes: Axes, eps: float = 1e-5) -> T:
    """Return x normalised over `axes`, times `weight`, plus `bias`: see `Normalize`."""
    return Normalize(axes, eps)(x, weight, bias)
