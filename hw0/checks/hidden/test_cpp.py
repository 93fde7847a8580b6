"""Question `cpp`, hidden: uneven batches, large logits, larger sizes."""

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


@pytest.mark.points(3, part="cpp", hidden=True)
@pytest.mark.parametrize("model", ["softmax regression", "network"])
def test_last_batch_is_smaller(stage, judge, rng, model):
    widths = (7, 3) if model == "softmax regression" else (7, 4, 3)
    X, y, *weights = problem(rng, 23, *widths)
    changed = [w.copy() for w in weights]
    if model == "network":
        stage.nn_epoch_cpp(X.copy(), y.copy(), *changed, 0.2, 5)
        judge.close("W1 and W2", changed, want=lambda: network(X, y, *weights, 0.2, 5))
    else:
        stage.softmax_regression_epoch_cpp(X.copy(), y.copy(), *changed, 0.2, 5)
        judge.close("theta", changed, want=lambda: [regression(X, y, *weights, 0.2, 5)])


@pytest.mark.points(2, part="cpp", hidden=True)
@pytest.mark.parametrize("model", ["softmax regression", "network"])
def test_large_logits(stage, judge, rng, model):
    widths = (6, 4) if model == "softmax regression" else (6, 5, 4)
    X, y, *weights = problem(rng, 8, *widths)
    weights[-1] *= np.float32(200)
    changed = [w.copy() for w in weights]
    if model == "network":
        stage.nn_epoch_cpp(X.copy(), y.copy(), *changed, 0.5, 50)
        judge.close("W1 and W2", changed, want=lambda: network(X, y, *weights, 0.5, 50))
    else:
        stage.softmax_regression_epoch_cpp(X.copy(), y.copy(), *changed, 0.5, 50)
        judge.close("theta", changed, want=lambda: [regression(X, y, *weights, 0.5, 50)])


@pytest.mark.points(2, part="cpp", hidden=True)
@pytest.mark.parametrize("model", ["softmax regression", "network"])
def test_larger_sizes(stage, judge, rng, model):
    widths = (90, 10) if model == "softmax regression" else (90, 37, 10)
    X, y, *weights = problem(rng, 64, *widths)
    weights = [w / np.float32(8) for w in weights]
    changed = [w.copy() for w in weights]
    if model == "network":
        stage.nn_epoch_cpp(X.copy(), y.copy(), *changed, 0.1, 32)
        judge.close("W1 and W2", changed, want=lambda: network(X, y, *weights, 0.1, 32))
    else:
        stage.softmax_regression_epoch_cpp(X.copy(), y.copy(), *changed, 0.1, 32)
        judge.close("theta", changed, want=lambda: [regression(X, y, *weights, 0.1, 32)])
