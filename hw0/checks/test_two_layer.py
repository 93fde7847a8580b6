"""Question `two_layer`: an epoch of training of the network ReLU(X W1) W2."""

import numpy as np
import pytest


def trained(X, y, W1, W2, lr, batch):
    X, W1, W2 = (a.astype(np.float64) for a in (X, W1, W2))
    for start in range(0, len(X), batch):
        x, labels = X[start : start + batch], y[start : start + batch]
        hidden = np.maximum(x @ W1, 0)
        logits = hidden @ W2
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        G = exponentials / exponentials.sum(axis=1, keepdims=True)
        G[np.arange(len(x)), labels] -= 1
        D = (G @ W2.T) * (hidden > 0)
        W1, W2 = W1 - lr / len(x) * x.T @ D, W2 - lr / len(x) * hidden.T @ G
    return W1, W2


def problem(rng, rows, features=6, width=5, classes=4):
    X, y = rng.standard_normal((rows, features)), rng.integers(classes, size=rows)
    return X, y, rng.standard_normal((features, width)), rng.standard_normal((width, classes))


@pytest.mark.points(14, part="two_layer")
@pytest.mark.parametrize(("rows", "batch"), [(10, 10), (24, 6)], ids=["one batch", "several"])
def test_epoch(stage, judge, rng, rows, batch):
    X, y, W1, W2 = problem(rng, rows)
    lr, first, second = float(rng.uniform(0.3, 0.9)), W1.copy(), W2.copy()
    stage.nn_epoch(X.copy(), y.copy(), first, second, lr=lr, batch=batch)
    judge.close("W1 and W2", [first, second], want=lambda: trained(X, y, W1, W2, lr, batch))
