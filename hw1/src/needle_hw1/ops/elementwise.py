"""Ops that treat every element alone. Inputs are first broadcast to one shape and dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from needle_hw1.array_api import Array, array_namespace
from needle_hw1.ops.reduce import broadcast_together
from needle_hw1.tensor_op import T, Tensor, TensorOp, constant

_NUMPY = (np.generic, np.ndarray)


class ElementwiseOp(TensorOp):
    """An op of two tensors, element by element."""

    def align(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        a, b = inputs[0].cached_data, inputs[1].cached_data
        same_library = a is not None and type(a) is type(b)
        if same_library and a.shape == b.shape and a.dtype == b.dtype:
            return inputs  # the common case, and small ops are all overhead
        return broadcast_together(inputs)


class ScalarOp(TensorOp):
    """An op of a tensor and a number that is no part of the graph.

    The number does not change the dtype: a float32 tensor times `np.float64(2)` stays float32.
    """

    def __init__(self, scalar: Any) -> None:
        if isinstance(scalar, _NUMPY):
            if scalar.size != 1:
                raise ValueError(f"{type(self).__name__} takes one number, got {scalar!r}")
            scalar = scalar.item()
        self.scalar: float = scalar


class EWiseAdd(ElementwiseOp):
    """a + b."""

    def compute(self, a: Array, b: Array) -> Array:
        return a + b

    def gradient(self, out_grad: Tensor, node: Tensor) -> tuple[Tensor, Tensor]:
        return out_grad, out_grad


class AddScalar(ScalarOp):
    """a + s."""

    def compute(self, a: Array) -> Array:
        return a + self.scalar

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return out_grad


class EWiseMul(ElementwiseOp):
    """a b."""

    def compute(self, a: Array, b: Array) -> Array:
        return a * b

    def gradient(self, out_grad: Tensor, node: Tensor) -> tuple[Tensor | None, Tensor | None]:
        a, b = node.inputs  # often one is a mask, a constant
        grad_a = out_grad * b if a.requires_grad else None
        grad_b = out_grad * a if b.requires_grad else None
        return grad_a, grad_b


class MulScalar(ScalarOp):
    """a s."""

    def compute(self, a: Array) -> Array:
        return a * self.scalar

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return out_grad * self.scalar


class EWiseDiv(ElementwiseOp):
    """a / b."""

    def compute(self, a: Array, b: Array) -> Array:
        return a / b

    def gradient(self, out_grad: Tensor, node: Tensor) -> tuple[Tensor, Tensor]:
        # d(a/b)/db = -a/b^2 = -(a/b)/b
        _, b = node.inputs
        grad_a = out_grad / b
        return grad_a, -(grad_a * node)


class DivScalar(ScalarOp):
    """a / s."""

    def compute(self, a: Array) -> Array:
        return a / self.scalar

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return out_grad / self.scalar


class EWisePow(ElementwiseOp):
    """a^b. The derivative by b is real for a > 0 only; it is 0 for a = 0, as the limit b > 0."""

    def compute(self, a: Array, b: Array) -> Array:
        return a**b

    def gradient(self, out_grad: Tensor, node: Tensor) -> tuple[Tensor, Tensor]:
        a, b = node.inputs
        # Where b = 0, a^b is 1 whatever a: take the power 0 there too, since 0 * 0^-1 is nan.
        xp = array_namespace(b.cached_data)
        one_if_nonzero = constant(xp.asarray(b.cached_data != 0, dtype=b.dtype))
        grad_a = out_grad * b * a ** (b - one_if_nonzero)
        # log 1 = 0 in place of log 0 = -inf.
        one_if_zero = constant(xp.asarray(a.cached_data == 0, dtype=a.dtype))
        grad_b = out_grad * node * log(a + one_if_zero)
        return grad_a, grad_b


class PowerScalar(ScalarOp):
    """a^s."""

    def compute(self, a: Array) -> Array:
        return a**self.scalar

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        (a,) = node.inputs
        if self.scalar == 0:  # the general rule gives 0 * 0^-1 = nan at a = 0
            return out_grad * 0
        return out_grad * self.scalar * a ** (self.scalar - 1)


class Negate(TensorOp):
    """-a."""

    def compute(self, a: Array) -> Array:
        return -a

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return -out_grad


class Log(TensorOp):
    """The natural logarithm."""

    def compute(self, a: Array) -> Array:
        return array_namespace(a).log(a)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return out_grad / node.inputs[0]


class Exp(TensorOp):
    """e^a."""

    def compute(self, a: Array) -> Array:
        return array_namespace(a).exp(a)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return out_grad * node


class ReLU(TensorOp):
    """max(a, 0), with derivative 1 where a > 0, else 0 (also at 0)."""

    def compute(self, a: Array) -> Array:
        return array_namespace(a).maximum(a, 0)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        # y is 0 or positive, so its sign is the derivative; that is constant but at 0, and so a
        # constant of the graph, also for second derivatives.
        y = node.cached_data
        return out_grad * constant(array_namespace(y).sign(y))


def add(a: T, b: T) -> T:
    """Return a + b."""
    return EWiseAdd()(a, b)


def add_scalar(a: T, scalar: float) -> T:
    """Return a + scalar."""
    return AddScalar(scalar)(a)


def multiply(a: T, b: T) -> T:
    """Return a * b, element by element."""
    return EWiseMul()(a, b)


def mul_scalar(a: T, scalar: float) -> T:
    """Return a * scalar."""
    return MulScalar(scalar)(a)


def divide(a: T, b: T) -> T:
    """Return a / b, element by element."""
    return EWiseDiv()(a, b)


def divide_scalar(a: T, scalar: float) -> T:
    """Return a / scalar."""
    return DivScalar(scalar)(a)


def power(a: T, b: T) -> T:
    """Return a ** b, element by element."""
    return EWisePow()(a, b)


def power_scalar(a: T, scalar: float) -> T:
    """Return a ** scalar."""
    return PowerScalar(scalar)(a)


def negate(a: T) -> T:
    """Return -a."""
    return Negate()(a)


def log(a: T) -> T:
    """Return the natural logarithm of a; -inf at 0, nan below."""
    return Log()(a)


def exp(a: T) -> T:
    """Return e to the power of a."""
    return Exp()(a)


def relu(a: T) -> T:
    """Return a where it is positive, else 0."""
    return ReLU()(a)
