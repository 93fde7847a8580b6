"""The two-layer network of hw0 again: the forward pass by hand, the gradient by the library."""

from __future__ import annotations

from typing import Any

import numpy as np

from needle_hw1 import ops
from needle_hw1.init import one_hot
from needle_hw1.ops import softmax_loss as softmax_loss
from needle_hw1.tensor import Tensor


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
            W.cached_data -= lr * W.grad.realize_cached_data()
    return W1, W2


def loss_err(h: Tensor, y: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], float]:
    """Return the softmax loss (0-d array) of logits `h` (m, k) and the share of wrong rows."""
    labels = one_hot(h.shape[1], y, device=h.device, dtype=h.dtype)
    wrong = h.numpy().argmax(axis=1) != y
    return softmax_loss(h, labels).numpy(), float(wrong.mean())
