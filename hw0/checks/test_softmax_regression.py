"""Question `softmax_regression`: the gradient of the loss, and an epoch of training."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(4, part="softmax_regression")
@pytest.mark.parametrize("rows", [1, 9], ids=["one row", "several rows"])
def test_gradient(stage, judge, rng, rows):
    Z, y = 2 * rng.standard_normal((rows, 5)), rng.integers(5, size=rows)
    G = stage.module("softmax").softmax_gradient(Z.copy(), y.copy())
    judge.close("gradient", G, want=lambda: oracles.softmax(Z) - np.eye(5)[y])


@pytest.mark.points(2, part="softmax_regression")
@pytest.mark.parametrize("kind", ["positive", "negative", "of each row others"])
def test_gradient_for_large_logits(stage, judge, rng, kind):
    offset = {"positive": 1000.0, "negative": -1000.0}.get(kind, 1000.0 * np.arange(-4.0, 4.0))
    Z, y = rng.uniform(0, 3, (8, 4)) + np.reshape(offset, (-1, 1)), rng.integers(4, size=8)
    G = stage.module("softmax").softmax_gradient(Z.copy(), y.copy())
    judge.close("gradient", G, want=lambda: oracles.softmax(Z) - np.eye(4)[y])


@pytest.mark.points(8, part="softmax_regression")
@pytest.mark.parametrize(("rows", "batch"), [(10, 10), (24, 6)], ids=["one batch", "several"])
def test_epoch(stage, judge, rng, rows, batch):
    X, y, theta = helpers.problem(rng, rows, 6, 4)
    lr, changed = float(rng.uniform(0.3, 0.9)), theta.copy()
    stage.softmax_regression_epoch(X.copy(), y.copy(), changed, lr=lr, batch=batch)
    judge.close("theta", changed, want=lambda: oracles.softmax_regression(X, y, theta, lr, batch))
