"""Question `softmax_loss`: the loss as one operator."""

import numpy as np
import pytest


def softmax(Z):
    exponentials = np.exp(Z - Z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def loss(Z, y):
    peaks = Z.max(axis=1, keepdims=True)
    totals = np.log(np.exp(Z - peaks).sum(axis=1)) + peaks[:, 0]
    return np.mean(totals - (Z * y).sum(axis=1))


def one_hot(rng, rows, classes):
    return np.eye(classes)[rng.integers(classes, size=rows)]


def labels(stage, y):
    return stage.Tensor(y, requires_grad=False)


@pytest.mark.points(2, part="softmax_loss")
@pytest.mark.parametrize("rows", [1, 12], ids=["one row", "several rows"])
def test_loss(stage, judge, rng, rows):
    Z, y = 2 * rng.standard_normal((rows, 5)), one_hot(rng, rows, 5)
    judge.close(
        "loss", stage.softmax_loss(stage.Tensor(Z), labels(stage, y)), want=lambda: loss(Z, y)
    )


@pytest.mark.points(3, part="softmax_loss")
@pytest.mark.parametrize("rows", [1, 12], ids=["one row", "several rows"])
def test_gradient(stage, judge, rng, rows):
    Z, y, g = 2 * rng.standard_normal((rows, 5)), one_hot(rng, rows, 5), rng.uniform(0.5, 2.0)
    logits, op = stage.Tensor(Z), stage.SoftmaxLoss()
    node = op(logits, labels(stage, y))
    grads = op.gradient_as_tuple(stage.Tensor(g), node)
    judge.close("gradient of logits", grads[0], want=lambda: g * (softmax(Z) - y) / rows)


@pytest.mark.points(1, part="softmax_loss")
def test_gradient_of_labels(stage, judge, rng):
    Z, y, g = 2 * rng.standard_normal((6, 5)), one_hot(rng, 6, 5), rng.uniform(0.5, 2.0)
    op = stage.SoftmaxLoss()
    node = op(stage.Tensor(Z), stage.Tensor(y))
    grad = op.gradient_as_tuple(stage.Tensor(g), node)[1].numpy()
    # A row of labels sums to 1, so what is the same for all of a row means nothing.
    judge.close(
        "gradient of labels, less the mean of each row",
        grad - grad.mean(axis=1, keepdims=True),
        want=lambda: -g * (Z - Z.mean(axis=1, keepdims=True)) / 6,
    )


@pytest.mark.points(1, part="softmax_loss")
def test_large_logits(stage, judge, rng):
    Z, y = 1000 * rng.standard_normal((6, 4)), one_hot(rng, 6, 4)
    op, logits = stage.SoftmaxLoss(), stage.Tensor(Z)
    node = op(logits, labels(stage, y))
    judge.close("loss", node, want=lambda: loss(Z, y))
    grads = op.gradient_as_tuple(stage.Tensor(1.0), node)
    judge.close("gradient of logits", grads[0], want=lambda: (softmax(Z) - y) / 6)
