"""The softmax, its logarithm, and the cross-entropy of integer labels: none of them overflows."""

from __future__ import annotations

from needle_hw3 import layout
from needle_hw3.dtypes import int64
from needle_hw3.ndarray import NDArray
from needle_hw3.operands import check_same_device


def softmax(x: NDArray, /, *, axis: int = -1, scale: float = 1.0, causal: bool = False) -> NDArray:
    r"""Return the softmax of scale * x along `axis`, of the shape of x.

    .. math:: y_j = \frac{e^{s x_j}}{\sum_l e^{s x_l}}

    With `causal`, for scores of I queries (the last axis but `axis`) and J keys (`axis`), query i
    sees the keys j <= i + (J - I): the others are 0, and left out of the sum. A query that sees
    none has 0 for all.
    """
    check_same_device(x)
    moved = _last(x, axis)
    y = x._new(x._device.kernels.softmax(moved._view, scale, causal))
    return _back(y, axis)


def softmax_gradient(
    grad: NDArray, y: NDArray, /, *, axis: int = -1, scale: float = 1.0
) -> NDArray:
    r"""Return the gradient of x, where y is the softmax of scale * x along `axis`.

    .. math:: \bar x_j = s \, y_j \, \Big( \bar y_j - \sum_l \bar y_l y_l \Big)
    """
    check_same_device(grad, y)
    kernel = y._device.kernels.softmax_gradient
    return _back(y._new(kernel(_last(grad, axis)._view, _last(y, axis)._view, scale)), axis)


def log_softmax(x: NDArray, /, *, axis: int = -1) -> NDArray:
    r"""Return the logarithm of the softmax along `axis`, of the shape of x.

    .. math:: y_j = x_j - \log \sum_l e^{x_l} = (x_j - m) - \log \sum_l e^{x_l - m}
    """
    check_same_device(x)
    return _back(x._new(x._device.kernels.log_softmax(_last(x, axis)._view)), axis)


def log_softmax_gradient(grad: NDArray, y: NDArray, /, *, axis: int = -1) -> NDArray:
    r"""Return the gradient of x, where y is the log-softmax along `axis`.

    .. math:: \bar x_j = \bar y_j - e^{y_j} \sum_l \bar y_l
    """
    check_same_device(grad, y)
    kernel = y._device.kernels.log_softmax_gradient
    return _back(y._new(kernel(_last(grad, axis)._view, _last(y, axis)._view)), axis)


def logsumexp(x: NDArray, /, *, axis: int = -1, keepdims: bool = False) -> NDArray:
    r"""Return the logarithm of the sum of exponentials along `axis`, which is dropped or kept.

    .. math:: y = \log \sum_j e^{x_j} = m + \log \sum_j e^{x_j - m}, \quad m = \max_j x_j

    Of no elements, and where all of them are -inf, it is -inf.
    """
    check_same_device(x)
    y = x._new(x._device.kernels.logsumexp(_last(x, axis)._view))
    return y._as(layout.expand(y._layout, layout.normalize_axis(axis, x.ndim))) if keepdims else y


def softmax_loss(
    z: NDArray, labels: NDArray, /, *, smoothing: float = 0.0
) -> tuple[NDArray, NDArray]:
    r"""Return the cross-entropy of each row of logits z, of shape (m, k), and its logsumexp.

    .. math:: \ell_i = -\sum_j t_{ij} \log p_{ij}, \quad p_i = \mathrm{softmax}(z_i), \quad
              t_{ij} = (1 - s) [j = y_i] + \frac{s}{k}

    The labels y are integers from [0, k), of shape (m,); s is `smoothing`. Both results have the
    shape (m,). Raises `IndexError` for a label out of range.
    """
    check_same_device(z, labels)
    kernel = z._device.kernels.softmax_loss
    losses, totals = kernel(z._view, _indices(labels)._view, smoothing)
    return z._new(losses), z._new(totals)


def softmax_loss_gradient(
    z: NDArray, labels: NDArray, totals: NDArray, grad: NDArray, /, *, smoothing: float = 0.0
) -> NDArray:
    r"""Return the gradient of z, from that of the losses, which may broadcast to (m,).

    .. math:: \bar z_{ij} = (p_{ij} - t_{ij}) \, \bar \ell_i

    `totals` is the second result of `softmax_loss`.
    """
    check_same_device(z, labels, totals, grad)
    each = grad._as(layout.broadcast(grad._layout, labels.shape))
    kernel = z._device.kernels.softmax_loss_gradient
    return z._new(kernel(z._view, _indices(labels)._view, totals._view, each._view, smoothing))


def _indices(labels: NDArray) -> NDArray:
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels are integers, not {labels.dtype}")
    return labels._cast(int64)


def _last(x: NDArray, axis: int) -> NDArray:
    """Return a view of x whose last axis is `axis`."""
    return x if axis == -1 else x._as(layout.move_axes(x._layout, axis, -1))


def _back(y: NDArray, axis: int) -> NDArray:
    """Return a view of y, computed from `_last(x, axis)`, with the axes of x in their order."""
    return y if axis == -1 else y._as(layout.move_axes(y._layout, -1, axis))
