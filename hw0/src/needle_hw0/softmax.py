r"""Softmax regression: a linear model of the logits of each class, by hand.

.. math:: \ell(z, y) = \log \sum_j e^{z_j} - z_y, \qquad
          \frac{\partial \ell}{\partial z} = \mathrm{softmax}(z) - \mathrm{onehot}(y)
"""

from __future__ import annotations

import numpy as np

from needle_hw0.checks import Floats, Labels, check_examples, check_labels, check_update


def softmax_loss(Z: Floats, y: Labels) -> float:
    r"""Return the mean cross-entropy of logits Z (N, classes) and labels y (N,).

    .. math:: \frac1N \sum_i \Big(\log \sum_j e^{Z_{ij}} - Z_{i y_i}\Big)

    The maximum of a row is first subtracted from it, which changes nothing in exact arithmetic:
    no exponent is above 0 then, so logits of any size give a finite loss, and a small loss is
    not the difference of large numbers. Raises as `softmax_regression_epoch` does.
    """
    check_examples(Z, y, names=("Z", "y"))
    check_labels(y, Z.shape[1])
    shifted = Z - Z.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=1))
    return float(np.mean(log_total - shifted[np.arange(len(y)), y]))


def loss_err(h: Floats, y: Labels) -> tuple[float, float]:
    """Return the mean loss of logits h (N, classes), and the share of rows with a wrong maximum."""
    return softmax_loss(h, y), float(np.mean(h.argmax(axis=1) != y))


def softmax_gradient(Z: Floats, y: Labels) -> Floats:
    """Return softmax(Z) - onehot(y), each row's gradient of its loss, in the memory of Z."""
    Z -= Z.max(axis=1, keepdims=True)
    np.exp(Z, out=Z)
    Z /= Z.sum(axis=1, keepdims=True)
    Z[np.arange(len(y)), y] -= 1
    return Z


def softmax_regression_epoch(
    X: Floats, y: Labels, theta: Floats, lr: float = 0.1, batch: int = 100
) -> None:
    r"""Train theta (n, k) in place on X (m, n) and labels y (m,), once through the data.

    For each batch of B rows, in order, the last one perhaps smaller:

    .. math:: \theta \leftarrow \theta -
              \frac{\alpha}{B} X_b^T (\mathrm{softmax}(X_b \theta) - \mathrm{onehot}(y_b))

    X and theta are float32 or float64 of any layout, y any integers. TypeError for a wrong type,
    IndexError for a label outside of 0 .. k - 1, ValueError for shapes that do not fit, empty or
    read-only arrays, shared memory, a batch below 1 or a rate that is not finite; theta is then
    as it was.
    """
    check_update(X, y, {"theta": theta}, lr, batch)
    for start in range(0, len(X), batch):
        Xb, yb = X[start : start + batch], y[start : start + batch]
        G = softmax_gradient(Xb @ theta, yb)
        theta -= float(lr) / len(Xb) * (Xb.T @ G)
