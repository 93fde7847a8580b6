"""Question `softmax_regression`, hidden: uneven batches, dtypes, layouts, errors."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(3, part="softmax_regression", hidden=True)
@pytest.mark.parametrize(
    ("rows", "batch"),
    [(23, 5), (3, 50), (7, 1)],
    ids=["smaller last batch", "batch beyond all", "row by row"],
)
def test_uneven_batches(stage, judge, rng, rows, batch):
    X, y, theta = helpers.problem(rng, rows, 6, 4)
    lr, changed = float(rng.uniform(0.3, 0.9)), theta.copy()
    stage.softmax_regression_epoch(X.copy(), y.copy(), changed, lr=lr, batch=batch)
    judge.close("theta", changed, want=lambda: oracles.softmax_regression(X, y, theta, lr, batch))


@pytest.mark.points(1, part="softmax_regression", hidden=True)
def test_defaults(stage, judge, rng):
    X, y, theta = helpers.problem(rng, 130, 6, 4)
    changed = theta.copy()
    stage.softmax_regression_epoch(X.copy(), y.copy(), changed)
    judge.close("theta", changed, want=lambda: oracles.softmax_regression(X, y, theta, 0.1, 100))


@pytest.mark.points(1, part="softmax_regression", hidden=True)
def test_float32_and_byte_labels(stage, judge, rng):
    X, y, theta = helpers.problem(rng, 40, 12, 10)
    X, y, theta = X.astype(np.float32), y.astype(np.uint8), theta.astype(np.float32)
    changed = theta.copy()
    stage.softmax_regression_epoch(X.copy(), y.copy(), changed, lr=0.5, batch=8)
    judge.close("theta", changed, want=lambda: oracles.softmax_regression(X, y, theta, 0.5, 8))


@pytest.mark.points(1, part="softmax_regression", hidden=True)
def test_transposed_arrays(stage, judge, rng):
    X, y, theta = helpers.problem(rng, 12, 6, 4)
    features, changed = X.copy(order="F"), theta.copy(order="F")
    stage.softmax_regression_epoch(features, y.copy(), changed, lr=0.5, batch=4)
    judge.close("theta", changed, want=lambda: oracles.softmax_regression(X, y, theta, 0.5, 4))
    judge.close("X", features, want=lambda: X)


@pytest.mark.points(1, part="softmax_regression", hidden=True)
def test_gradient_takes_the_memory_of_the_logits(stage, judge, rng):
    Z, y = rng.standard_normal((5, 3)), rng.integers(3, size=5)
    changed = Z.copy()
    stage.module("softmax").softmax_gradient(changed, y.copy())
    judge.close("logits after", changed, want=lambda: oracles.softmax(Z) - np.eye(3)[y])


@pytest.mark.points(1, part="softmax_regression", hidden=True)
def test_errors_leave_theta_alone(stage, judge, rng):
    X, y, theta = helpers.problem(rng, 8, 6, 4)
    changed, epoch = theta.copy(), stage.softmax_regression_epoch
    epoch(X.copy(), y.copy(), changed, lr=0.5, batch=4)
    wrong = y.copy()
    wrong[-1] = 4  # in the last batch
    judge.raises("label", IndexError, lambda: epoch(X, wrong, changed, lr=0.5, batch=4))
    judge.raises("batch", ValueError, lambda: epoch(X, y, changed, lr=0.5, batch=0))
    judge.raises("rows", ValueError, lambda: epoch(X, y[:-1], changed, lr=0.5, batch=4))
    judge.close("theta", changed, want=lambda: oracles.softmax_regression(X, y, theta, 0.5, 4))
