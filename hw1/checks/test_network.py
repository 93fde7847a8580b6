"""Question `network`: an epoch of training of the two-layer network."""

import numpy as np
import pytest


def trained(X, y, W1, W2, lr, batch):
    W1, W2 = W1.astype(np.float64), W2.astype(np.float64)
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


def problem(rng, rows):
    """Return images, labels and weights of a network with 6 inputs, 5 hidden units, 4 classes."""
    X, y = rng.standard_normal((rows, 6)), rng.integers(4, size=rows)
    return X, y, rng.standard_normal((6, 5)), rng.standard_normal((5, 4))


@pytest.mark.points(6, part="network")
@pytest.mark.parametrize(("rows", "batch"), [(8, 8), (20, 5)], ids=["one batch", "several batches"])
def test_epoch(stage, judge, rng, rows, batch):
    X, y, W1, W2 = problem(rng, rows)
    lr = float(rng.uniform(0.2, 0.6))
    nn_epoch = stage.module("apps.simple_ml").nn_epoch
    weights = nn_epoch(X.copy(), y.copy(), stage.Tensor(W1), stage.Tensor(W2), lr=lr, batch=batch)
    judge.close("W1 and W2", weights, want=lambda: trained(X, y, W1, W2, lr, batch))
