"""Batch and layer normalisation, and their gradients.

Variances are over n, not n - 1; mean and variance of no elements are nan.
"""

from __future__ import annotations

import numpy as np

from needle_hw3.kernels_numpy.floating import check_axes, check_floating, check_shape
from needle_hw3.kernels_numpy.view import Array, View, wrap


def batch_norm(x: View, weight: View, bias: View, eps: float) -> tuple[View, View, View]:
    """Return y = (x - mean) / sqrt(variance + eps) * weight + bias, the mean and the variance.

    These are, of shape (d,), those of each column of x, of shape (m, d); weight and bias have the
    shape (d,).
    """
    return _normalized("batch_norm", 0, x, weight, bias, eps)


def batch_norm_gradient(
    grad: View, x: View, weight: View, mean: View, variance: View, eps: float
) -> tuple[View, View, View]:
    """Return the gradients of x, weight and bias, from that of y."""
    return _gradients("batch_norm_gradient", 0, grad, x, weight, mean, variance, eps)


def layer_norm(x: View, weight: View, bias: View, eps: float) -> tuple[View, View, View]:
    """Return the same along the last axis of x, of shape (..., d).

    Mean and variance have the shape (...).
    """
    return _normalized("layer_norm", -1, x, weight, bias, eps)


def layer_norm_gradient(
    grad: View, x: View, weight: View, mean: View, variance: View, eps: float
) -> tuple[View, View, View]:
    """Return the gradients of x, weight and bias, from that of y."""
    return _gradients("layer_norm_gradient", -1, grad, x, weight, mean, variance, eps)


def _check_axes(name: str, axis: int, x: View) -> None:
    check_axes(name, x, 2 if axis == 0 else 1, or_more=axis != 0)


def _mean(x: Array, axis: int) -> Array:
    total: Array = np.sum(x, axis=axis, keepdims=True)
    return np.asarray(total / x.dtype.type(x.shape[axis]))


def _normalized(
    name: str, axis: int, x: View, weight: View, bias: View, eps: float
) -> tuple[View, View, View]:
    check_floating(name, x, weight, bias)
    _check_axes(name, axis, x)
    check_shape(name, "a weight", weight, x.shape[-1:])
    check_shape(name, "a bias", bias, x.shape[-1:])
    with np.errstate(all="ignore"):
        mean = _mean(x.array, axis)
        centred = x.array - mean
        variance = _mean(centred * centred, axis)
        normal = centred / np.sqrt(variance + x.array.dtype.type(eps))
        y = normal * weight.array + bias.array
    return wrap(y), wrap(np.squeeze(mean, axis)), wrap(np.squeeze(variance, axis))


def _gradients(
    name: str, axis: int, grad: View, x: View, weight: View, mean: View, variance: View, eps: float
) -> tuple[View, View, View]:
    check_floating(name, x, grad, weight, mean, variance)
    _check_axes(name, axis, x)
    statistics = x.shape[1:] if axis == 0 else x.shape[:-1]
    check_shape(name, "a gradient", grad, x.shape)
    check_shape(name, "a weight", weight, x.shape[-1:])
    check_shape(name, "a mean", mean, statistics)
    check_shape(name, "a variance", variance, statistics)
    leading = tuple(range(x.ndim - 1))
    with np.errstate(all="ignore"):
        rate = 1 / np.sqrt(np.expand_dims(variance.array, axis) + x.array.dtype.type(eps))
        normal = (x.array - np.expand_dims(mean.array, axis)) * rate
        g = grad.array * weight.array
        dx = (g - _mean(g, axis) - normal * _mean(g * normal, axis)) * rate
        dweight = np.sum(grad.array * normal, axis=leading)
        dbias = np.sum(grad.array, axis=leading)
    return wrap(dx), wrap(dweight), wrap(dbias)
