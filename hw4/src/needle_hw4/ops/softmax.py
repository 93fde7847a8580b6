"""The softmax, and what attention makes of it."""

from __future__ import annotations

from needle_hw1.array_api import Array, normalize_axis
from needle_hw1.ops import summation
from needle_hw1.tensor_op import T, Tensor
from needle_hw2.ops import FusedOp
from needle_hw2.ops.floating import FloatingOp
from needle_hw4.ops.kernels import kernels_of


class Softmax(FloatingOp, FusedOp):
    r"""The softmax of `scale` times x over the axis `axis`.

    .. math:: y_i = \frac{e^{s x_i}}{\sum_j e^{s x_j}} \qquad
              \bar x_i = s \, y_i \Big( \bar y_i - \sum_j \bar y_j y_j \Big)

    With `causal`, x holds scores of queries (the axis before the last) for keys (the last axis),
    and a query sees no key after itself: those have y = 0. If there are more keys than queries,
    the queries are the last ones.
    """

    def __init__(self, axis: int = -1, scale: float = 1.0, causal: bool = False) -> None:
        self.axis = axis
        self.scale = scale
        self.causal = causal

    def compute(self, x: Array) -> Array:
        normalize_axis(self.axis, x.ndim)
        return kernels_of(self, x).softmax(x, axis=self.axis, scale=self.scale, causal=self.causal)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        total = summation(out_grad * node, self.axis, keepdims=True)
        return node * (out_grad - total) * self.scale

    def array_gradient(self, out_grad: Array, node: Tensor) -> tuple[Array]:
        y = node.realize_cached_data()
        kernels = kernels_of(self, y)
        return (kernels.softmax_gradient(out_grad, y, axis=self.axis, scale=self.scale),)


def softmax(a: T, axis: int = -1) -> T:
    """Return exp(a) / sum(exp(a)), the sum being over `axis`."""
    return Softmax(axis)(a)


def attention_weights(scores: T, scale: float, causal: bool) -> T:
    """Return the softmax of `scores`, (..., queries, keys), times `scale`: see `Softmax`."""
    return Softmax(-1, scale, causal)(scores)
