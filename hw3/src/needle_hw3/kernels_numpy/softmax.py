"""The softmax along the last axis, its logarithm, and the cross-entropy of integer labels."""

from __future__ import annotations

import numpy as np

from needle_hw3.kernels_numpy.floating import check_axes, check_floating, check_shape
from needle_hw3.kernels_numpy.view import Array, View, wrap


def _peaks(x: Array) -> Array:
    """Return the largest element of each row, or 0 where it is not finite: inf - inf is nan."""
    peaks: Array = np.max(x, axis=-1, keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(peaks), peaks, x.dtype.type(0))


def softmax(x: View, scale: float, causal: bool) -> View:
    """Return softmax(scale * x).

    With `causal`, of the last two axes (I, J), element (i, j) is left out and 0 if j > i + (J - I);
    a row of which nothing is left is 0.
    """
    check_floating("softmax", x)
    check_axes("causal softmax" if causal else "softmax", x, 2 if causal else 1, or_more=True)
    taken = np.ones(x.shape, bool)
    if causal:
        taken = np.tril(taken, x.shape[-1] - x.shape[-2])
    with np.errstate(all="ignore"):
        z = np.where(taken, x.array * x.array.dtype.type(scale), -x.array.dtype.type(np.inf))
        exponentials = np.exp(z - _peaks(z))
        y = exponentials / np.sum(exponentials, axis=-1, keepdims=True)
    return wrap(np.where(taken, y, y.dtype.type(0)))


def softmax_gradient(grad: View, y: View, scale: float) -> View:
    """Return scale * y * (grad - sum(grad * y)), where y is the softmax."""
    _check_gradient("softmax_gradient", grad, y)
    with np.errstate(all="ignore"):
        dot = np.sum(grad.array * y.array, axis=-1, keepdims=True)
        return wrap(y.array.dtype.type(scale) * y.array * (grad.array - dot))


def log_softmax(x: View) -> View:
    """Return x - logsumexp(x)."""
    check_floating("log_softmax", x)
    check_axes("log_softmax", x, 1, or_more=True)
    with np.errstate(all="ignore"):
        shifted = x.array - _peaks(x.array)
        return wrap(shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True)))


def log_softmax_gradient(grad: View, y: View) -> View:
    """Return grad - exp(y) * sum(grad), where y is the log-softmax."""
    _check_gradient("log_softmax_gradient", grad, y)
    with np.errstate(all="ignore"):
        total = np.sum(grad.array, axis=-1, keepdims=True)
        return wrap(grad.array - np.exp(y.array) * total)


def _check_gradient(name: str, grad: View, y: View) -> None:
    check_floating(name, grad, y)
    check_axes(name, y, 1, or_more=True)
    check_shape(name, "a gradient", grad, y.shape)


def logsumexp(x: View) -> View:
    """Return log(sum(exp(x))) without the last axis; -inf of no elements."""
    check_floating("logsumexp", x)
    check_axes("logsumexp", x, 1, or_more=True)
    return wrap(_logsumexp(x.array))


def _logsumexp(x: Array) -> Array:
    with np.errstate(all="ignore"):
        peaks = _peaks(x)
        return np.asarray(np.log(np.sum(np.exp(x - peaks), axis=-1)) + peaks[..., 0])


def softmax_loss(z: View, labels: View, smoothing: float) -> tuple[View, View]:
    """Return the cross-entropy of each row of z, of shape (m, k), and logsumexp(z).

    Labels are int64, of shape (m,). Raises `IndexError` for one that is not in [0, k).
    """
    _check_loss("softmax_loss", z, labels)
    shifted = z.array - _peaks(z.array)
    s = z.array.dtype.type(smoothing)
    with np.errstate(all="ignore"):
        totals = np.log(np.sum(np.exp(shifted), axis=-1))
        losses = totals - np.take_along_axis(shifted, labels.array[:, None], 1)[:, 0] * (1 - s)
        if s and z.size:  # 0 times a logit of -inf is nan
            losses -= np.mean(shifted, axis=-1) * s
    return wrap(losses), wrap(_logsumexp(z.array))


def softmax_loss_gradient(
    z: View, labels: View, totals: View, grad: View, smoothing: float
) -> View:
    """Return (softmax(z) - t) * grad[i], where t[i, j] = (1 - s) [j = label i] + s / k.

    `totals`, those of `softmax_loss`, and `grad` have the shape (m,). Beside a large logit, a total
    has no room for the logarithm of the sum. That makes all exponentials of a row wrong by one
    factor, which their sum takes out again.
    """
    name = "softmax_loss_gradient"
    _check_loss(name, z, labels)
    check_floating(name, z, totals, grad)
    check_shape(name, "totals", totals, labels.shape)
    check_shape(name, "a gradient", grad, labels.shape)
    k, s = z.shape[1], z.array.dtype.type(smoothing)
    with np.errstate(all="ignore"):
        p = np.exp(z.array - totals.array[:, None])
        p /= np.sum(p, axis=-1, keepdims=True)
        t = (labels.array[:, None] == np.arange(k)) * (1 - s) + s / z.array.dtype.type(k)
        return wrap((p - t) * grad.array[:, None])


def _check_loss(name: str, z: View, labels: View) -> None:
    check_floating(name, z)
    check_axes(name, z, 2)
    if labels.dtype != "int64":
        raise TypeError(f"{name} takes labels of dtype int64, not {labels.dtype}")
    check_shape(name, "labels", labels, z.shape[:1])
    k = z.shape[1]
    outside = labels.array[(labels.array < 0) | (labels.array >= k)]
    if outside.size:
        raise IndexError(f"label {outside[0]} is not in [0, {k}), the {k} classes of the logits")
