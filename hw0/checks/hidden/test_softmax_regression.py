"""Question `softmax_regression`, hidden: uneven batches, dtypes, layouts, errors."""

import numpy as np
import pytest


def softmax(Z):
    exponentials = np.exp(Z - Z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def trained(X, y, theta, lr, batch):
    X, theta = X.astype(np.float64), theta.astype(np.float64)
    for start in range(0, len(X), batch):
        x, labels = X[start : start + batch], y[start : start + batch]
        G = softmax(x @ theta) - np.eye(theta.shape[1])[labels]
        theta = theta - lr / len(x) * x.T @ G
    return theta


def problem(rng, rows, features=6, classes=4):
    X, y = rng.standard_normal((rows, features)), rng.integers(classes, size=rows)
    return X, y, rng.standard_normal((features, classes))


@pytest.mark.points(3, part="softmax_regression", hidden=True)
@pytest.mark.parametrize(
    ("rows", "batch"),
    [(23, 5), (3, 50), (7, 1)],
    ids=["smaller last batch", "batch beyond all", "row by row"],
)
def test_uneven_batches(stage, judge, rng, rows, batch):
    X, y, theta = problem(rng, rows)
    lr, changed = float(rng.uniform(0.3, 0.9)), theta.copy()
    stage.softmax_regression_epoch(X.copy(), y.copy(), changed, lr=lr, batch=batch)
    judge.close("theta", changed, want=lambda: trained(X, y, theta, lr, batch))


@pytest.mark.points(1, part="softmax_regression", hidden=True)
def test_defaults(stage, judge, rng):
    X, y, theta = problem(rng, 130)
    changed = theta.copy()
    stage.softmax_regression_epoch(X.copy(), y.copy(), changed)
    judge.close("theta", changed, want=lambda: trained(X, y, theta, 0.1, 100))


@pytest.mark.points(1, part="softmax_regression", hidden=True)
def test_float32_and_byte_labels(stage, judge, rng):
    X, y, theta = problem(rng, 40, features=12, classes=10)
    X, y, theta = X.astype(np.float32), y.astype(np.uint8), theta.astype(np.float32)
    changed = theta.copy()
    stage.softmax_regression_epoch(X.copy(), y.copy(), changed, lr=0.5, batch=8)
    judge.close("theta", changed, want=lambda: trained(X, y, theta, 0.5, 8).astype(np.float32))


@pytest.mark.points(1, part="softmax_regression", hidden=True)
def test_transposed_arrays(stage, judge, rng):
    X, y, theta = problem(rng, 12)
    features, changed = X.copy(order="F"), theta.copy(order="F")
    stage.softmax_regression_epoch(features, y.copy(), changed, lr=0.5, batch=4)
    judge.close("theta", changed, want=lambda: trained(X, y, theta, 0.5, 4))
    judge.close("X", features, want=lambda: X)


@pytest.mark.points(1, part="softmax_regression", hidden=True)
def test_gradient_takes_the_memory_of_the_logits(stage, judge, rng):
    Z, y = rng.standard_normal((5, 3)), rng.integers(3, size=5)
    changed = Z.copy()
    stage.module("softmax").softmax_gradient(changed, y.copy())
    judge.close("logits after", changed, want=lambda: softmax(Z) - np.eye(3)[y])


@pytest.mark.points(1, part="softmax_regression", hidden=True)
def test_errors_leave_theta_alone(stage, judge, rng):
    X, y, theta = problem(rng, 8)
    changed, epoch = theta.copy(), stage.softmax_regression_epoch
    epoch(X.copy(), y.copy(), changed, lr=0.5, batch=4)
    wrong = y.copy()
    wrong[-1] = 4  # in the last batch
    judge.raises("label", IndexError, lambda: epoch(X, wrong, changed, lr=0.5, batch=4))
    judge.raises("batch", ValueError, lambda: epoch(X, y, changed, lr=0.5, batch=0))
    judge.raises("rows", ValueError, lambda: epoch(X, y[:-1], changed, lr=0.5, batch=4))
    judge.close("theta", changed, want=lambda: trained(X, y, theta, 0.5, 4))
