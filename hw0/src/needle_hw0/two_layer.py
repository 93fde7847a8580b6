"""A network of two layers, its gradient by hand."""

from __future__ import annotations

import numpy as np

from needle_hw0.checks import Floats, Labels, check_update
from needle_hw0.softmax import softmax_gradient


def nn_epoch(
    X: Floats, y: Labels, W1: Floats, W2: Floats, lr: float = 0.1, batch: int = 100
) -> None:
    r"""Train W1 (n, d) and W2 (d, k) in place on X (m, n) and y (m,), once through the data.

    The logits are ReLU(X W1) W2, without biases. For each batch of B rows, in order:

    .. math:: H &= \max(X_b W_1, 0), \quad
              G = \mathrm{softmax}(H W_2) - \mathrm{onehot}(y_b), \quad
              D = (G W_2^T) \circ [H > 0] \\
              W_1 &\leftarrow W_1 - \tfrac{\alpha}{B} X_b^T D, \quad
              W_2 \leftarrow W_2 - \tfrac{\alpha}{B} H^T G

    Both gradients belong to the same forward pass. Types and errors are those of
    `softmax_regression_epoch`.
    """
    check_update(X, y, {"W1": W1, "W2": W2}, lr, batch)
    for start in range(0, len(X), batch):
        Xb, yb = X[start : start + batch], y[start : start + batch]
        H = np.maximum(Xb @ W1, 0)
        G = softmax_gradient(H @ W2, yb)
        D = (G @ W2.T) * (H > 0)
        step = float(lr) / len(Xb)
        W1 -= step * (Xb.T @ D)
        W2 -= step * (H.T @ G)
