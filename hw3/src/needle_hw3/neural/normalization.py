"""Batch and layer normalisation. Variances are over n, not n - 1."""

from __future__ import annotations

from needle_hw3.ndarray import NDArray
from needle_hw3.operands import check_same_device

Three = tuple[NDArray, NDArray, NDArray]


def batch_norm(x: NDArray, weight: NDArray, bias: NDArray, /, *, eps: float = 1e-5) -> Three:
    r"""Return each column of x, of shape (m, d), normalised, and the columns' mean and variance.

    .. math:: y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \, w + b

    weight w, bias b, mean and variance have the shape (d,) (Ioffe and Szegedy, 2015).
    """
    check_same_device(x, weight, bias)
    results = x._device.kernels.batch_norm(x._view, weight._view, bias._view, eps)
    return _three(x, results)


def batch_norm_gradient(
    grad: NDArray,
    x: NDArray,
    weight: NDArray,
    mean: NDArray,
    variance: NDArray,
    /,
    *,
    eps: float = 1e-5,
) -> Three:
    r"""Return the gradients of x, weight and bias, from that of the result of `batch_norm`.

    .. math:: \bar w = \sum \bar y \hat x \qquad \bar b = \sum \bar y \qquad
              \bar x = r \, \Big( g - \frac1m \sum_i g_i - \hat x \, \frac1m \sum_i g_i \hat x_i
              \Big), \quad g = w \bar y, \quad \hat x = (x - \mu) \, r,
              \quad r = \frac{1}{\sqrt{\sigma^2 + \epsilon}}

    The sums are over the rows.
    """
    check_same_device(grad, x, weight, mean, variance)
    kernel = x._device.kernels.batch_norm_gradient
    views = (each._view for each in (grad, x, weight, mean, variance))
    return _three(x, kernel(*views, eps))


def layer_norm(x: NDArray, weight: NDArray, bias: NDArray, /, *, eps: float = 1e-5) -> Three:
    """Return each row of x, of shape (..., d), normalised, and the rows' mean and variance.

    The formula is that of `batch_norm`. weight and bias have the shape (d,), mean and variance
    (...) (Ba, Kiros and Hinton, 2016).
    """
    check_same_device(x, weight, bias)
    results = x._device.kernels.layer_norm(x._view, weight._view, bias._view, eps)
    return _three(x, results)


def layer_norm_gradient(
    grad: NDArray,
    x: NDArray,
    weight: NDArray,
    mean: NDArray,
    variance: NDArray,
    /,
    *,
    eps: float = 1e-5,
) -> Three:
    """Return the gradients of x, weight and bias, from that of the result of `layer_norm`.

    The formulas are those of `batch_norm_gradient`, but the sums of the gradient of x are over the
    last axis, with its size in place of m.
    """
    check_same_device(grad, x, weight, mean, variance)
    kernel = x._device.kernels.layer_norm_gradient
    views = (each._view for each in (grad, x, weight, mean, variance))
    return _three(x, kernel(*views, eps))


def _three(x: NDArray, results: tuple[object, object, object]) -> Three:
    first, second, third = results
    return x._new(first), x._new(second), x._new(third)
