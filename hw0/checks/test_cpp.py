"""Question `cpp`: the same epochs in C++."""

from itertools import pairwise

import numpy as np
import pytest


def softmax(Z):
    exponentials = np.exp(Z - Z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def regression(X, y, theta, lr, batch):
    X, theta = X.astype(np.float64), theta.astype(np.float64)
    for start in range(0, len(X), batch):
        x, labels = X[start : start + batch], y[start : start + batch]
        G = softmax(x @ theta) - np.eye(theta.shape[1])[labels]
        theta = theta - lr / len(x) * x.T @ G
    return theta.astype(np.float32)


def network(X, y, W1, W2, lr, batch):
    X, W1, W2 = (a.astype(np.float64) for a in (X, W1, W2))
    for start in range(0, len(X), batch):
        x, labels = X[start : start + batch], y[start : start + batch]
        hidden = np.maximum(x @ W1, 0)
        G = softmax(hidden @ W2) - np.eye(W2.shape[1])[labels]
        D = (G @ W2.T) * (hidden > 0)
        W1, W2 = W1 - lr / len(x) * x.T @ D, W2 - lr / len(x) * hidden.T @ G
    return W1.astype(np.float32), W2.astype(np.float32)


def problem(rng, rows, *widths):
    """Return X, y and the weights of layers between `widths`: float32, and bytes for y."""
    X = rng.standard_normal((rows, widths[0])).astype(np.float32)
    y = rng.integers(widths[-1], size=rows, dtype=np.uint8)
    shapes = pairwise(widths)
    return X, y, *[rng.standard_normal(shape).astype(np.float32) for shape in shapes]


@pytest.mark.points(6, part="cpp")
@pytest.mark.parametrize(("rows", "batch"), [(10, 10), (24, 6)], ids=["one batch", "several"])
def test_softmax_regression(stage, judge, rng, rows, batch):
    X, y, theta = problem(rng, rows, 6, 4)
    lr, changed = float(rng.uniform(0.3, 0.9)), theta.copy()
    stage.softmax_regression_epoch_cpp(X.copy(), y.copy(), changed, lr, batch)
    judge.close("theta", changed, want=lambda: regression(X, y, theta, lr, batch))


@pytest.mark.points(7, part="cpp")
@pytest.mark.parametrize(("rows", "batch"), [(10, 10), (24, 6)], ids=["one batch", "several"])
def test_network(stage, judge, rng, rows, batch):
    X, y, W1, W2 = problem(rng, rows, 6, 5, 4)
    lr, first, second = float(rng.uniform(0.1, 0.3)), W1.copy(), W2.copy()
    stage.nn_epoch_cpp(X.copy(), y.copy(), first, second, lr, batch)
    judge.close("W1 and W2", [first, second], want=lambda: network(X, y, W1, W2, lr, batch))
