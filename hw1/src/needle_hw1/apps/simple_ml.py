"""The two-layer network of hw0 again: the forward pass by hand, the gradient by the library."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..array_api import array_namespace
from ..init import one_hot
from ..tensor import Tensor


def softmax_loss(Z: Tensor, y_one_hot: Tensor) -> Tensor:
    r"""Return the mean softmax (cross-entropy) loss, of shape ().

    .. math:: \ell = \frac1m \sum_i \Big( \log \sum_j e^{z_{ij}} - \sum_j z_{ij} y_{ij} \Big)

    Parameters
    ----------
    Z
        Logits, of shape (m, k).
    y_one_hot
        Shape (m, k): 1 at the label of each row, else 0.

    Raises
    ------
    ValueError
        If the shapes differ, or there is no row.
    """
    if Z.ndim != 2 or Z.shape != y_one_hot.shape or Z.shape[0] == 0:
        raise ValueError(
            f"softmax_loss takes logits and one-hot labels of one shape (m, k) with m > 0, "
            f"got {Z.shape} and {y_one_hot.shape}"
        )
    # Shifting a row by a constant changes neither loss nor gradient, and exp cannot overflow.
    logits = Z.realize_cached_data()
    shift = array_namespace(logits).max(logits, axis=1, keepdims=True)
    shifted = Z + Tensor.make_const(-shift)
    log_normalizers = ops.log(ops.exp(shifted).sum(1))
    return (log_normalizers.sum() - (shifted * y_one_hot).sum()) / Z.shape[0]


def nn_epoch(
    X: np.ndarray[Any, Any],
    y: np.ndarray[Any, Any],
    W1: Tensor,
    W2: Tensor,
    lr: float = 0.1,
    batch: int = 100,
) -> tuple[Tensor, Tensor]:
    """Return the weights after one epoch of gradient descent on the network ReLU(X W1) W2.

    Batches are taken in order, without shuffling; the last may be smaller.

    Parameters
    ----------
    X
        Images, of shape (m, n).
    y
        Their labels, integers of shape (m,).
    W1, W2
        Weights of shape (n, d) and (d, k); they are left as they are.
    lr
        Step size (learning rate).
    batch
        Rows per step.

    Raises
    ------
    ValueError
        If `batch` is below 1, or X and y have different lengths.
    """
    if batch < 1:
        raise ValueError(f"batch is at least 1, got {batch}")
    if len(X) != len(y):
        raise ValueError(f"X has {len(X)} rows and y {len(y)} labels")
    W1, W2 = Tensor(W1.numpy(), device=W1.device), Tensor(W2.numpy(), device=W2.device)
    labels = one_hot(W2.shape[1], y, device=W1.device, dtype=W1.dtype)
    for start in range(0, len(X), batch):
        rows = slice(start, start + batch)
        images = Tensor(X[rows], device=W1.device, requires_grad=False)
        loss = softmax_loss(ops.relu(images @ W1) @ W2, labels[rows])
        loss.backward(create_graph=False)
        for W in (W1, W2):
            W.cached_data -= lr * W.grad.cached_data
    return W1, W2


def loss_err(h: Tensor, y: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], float]:
    """Return the softmax loss (0-d array) of logits `h` (m, k) and the share of wrong rows."""
    labels = one_hot(h.shape[1], y, device=h.device, dtype=h.dtype)
    wrong = h.numpy().argmax(axis=1) != y
    return softmax_loss(h, labels).numpy(), float(wrong.mean())
