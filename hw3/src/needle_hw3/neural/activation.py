"""Nonlinearities. Their gradients take that of the result, `grad`, which may broadcast."""

from __future__ import annotations

from needle_hw3.ndarray import NDArray
from needle_hw3.operands import check_same_device


def sigmoid(x: NDArray, /) -> NDArray:
    """Return 1 / (1 + exp(-x)), which is 0 where exp(-x) overflows."""
    check_same_device(x)
    return x._new(x._device.kernels.sigmoid(x._view))


def relu(x: NDArray, /) -> NDArray:
    """Return the larger one of x and 0, or nan; of integers, too."""
    check_same_device(x)
    return x._new(x._device.kernels.relu(x._view))


def sigmoid_gradient(grad: NDArray, y: NDArray, /) -> NDArray:
    """Return grad * y * (1 - y), where y is the sigmoid."""
    check_same_device(grad, y)
    return y._new(y._device.kernels.sigmoid_gradient(grad._view, y._view))


def tanh_gradient(grad: NDArray, y: NDArray, /) -> NDArray:
    """Return grad * (1 - y^2), where y is the hyperbolic tangent."""
    check_same_device(grad, y)
    return y._new(y._device.kernels.tanh_gradient(grad._view, y._view))


def relu_gradient(grad: NDArray, x: NDArray, /) -> NDArray:
    """Return grad where x > 0, elsewhere 0; x may be the argument of `relu` or its result."""
    check_same_device(grad, x)
    return x._new(x._device.kernels.relu_gradient(grad._view, x._view))
