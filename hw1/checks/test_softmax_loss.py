"""Question `softmax_loss`: the loss as one operator."""

import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(2, part="softmax_loss")
@pytest.mark.parametrize("rows", [1, 12], ids=["one row", "several rows"])
def test_loss(stage, judge, rng, rows):
    Z, y = 2 * rng.standard_normal((rows, 5)), helpers.one_hot(rng, rows, 5)
    judge.close(
        "loss",
        stage.softmax_loss(stage.Tensor(Z), helpers.labels(stage, y)),
        want=lambda: oracles.softmax_loss(Z, y),
    )


@pytest.mark.points(3, part="softmax_loss")
@pytest.mark.parametrize("rows", [1, 12], ids=["one row", "several rows"])
def test_gradient(stage, judge, rng, rows):
    Z, y = 2 * rng.standard_normal((rows, 5)), helpers.one_hot(rng, rows, 5)
    g = rng.uniform(0.5, 2.0)
    logits, op = stage.Tensor(Z), stage.SoftmaxLoss()
    node = op(logits, helpers.labels(stage, y))
    grads = op.gradient_as_tuple(stage.Tensor(g), node)
    judge.close("gradient of logits", grads[0], want=lambda: g * (oracles.softmax(Z) - y) / rows)


@pytest.mark.points(1, part="softmax_loss")
def test_gradient_of_labels(stage, judge, rng):
    Z, y, g = 2 * rng.standard_normal((6, 5)), helpers.one_hot(rng, 6, 5), rng.uniform(0.5, 2.0)
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
    Z, y = 1000 * rng.standard_normal((6, 4)), helpers.one_hot(rng, 6, 4)
    op, logits = stage.SoftmaxLoss(), stage.Tensor(Z)
    node = op(logits, helpers.labels(stage, y))
    judge.close("loss", node, want=lambda: oracles.softmax_loss(Z, y))
    grads = op.gradient_as_tuple(stage.Tensor(1.0), node)
    judge.close("gradient of logits", grads[0], want=lambda: (oracles.softmax(Z) - y) / 6)
