"""Question `softmax_loss`, hidden: labels as probabilities, dtypes, derivatives again."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(1.5, part="softmax_loss", hidden=True)
def test_labels_as_probabilities(stage, judge, rng):
    Z, shares = 3 * rng.standard_normal((7, 4)), np.abs(rng.standard_normal((7, 4)))
    y = shares / shares.sum(axis=1, keepdims=True)
    g = rng.uniform(0.5, 2.0)
    logits, op = stage.Tensor(Z), stage.SoftmaxLoss()
    node = op(logits, helpers.labels(stage, y))
    judge.close("loss", node, want=lambda: oracles.softmax_loss(Z, y))
    grads = op.gradient_as_tuple(stage.Tensor(g), node)
    judge.close("gradient of logits", grads[0], want=lambda: g * (oracles.softmax(Z) - y) / 7)


@pytest.mark.points(1, part="softmax_loss", hidden=True)
def test_float32(stage, judge, rng):
    Z = (30 * rng.standard_normal((9, 6))).astype(np.float32)
    y = helpers.one_hot(rng, 9, 6).astype(np.float32)
    logits, op = stage.Tensor(Z), stage.SoftmaxLoss()
    node = op(logits, helpers.labels(stage, y))
    judge.close(
        "loss", node, want=lambda: np.float32(oracles.softmax_loss(Z.astype(np.float64), y))
    )
    grads = op.gradient_as_tuple(stage.Tensor(np.float32(1.0)), node)
    judge.close(
        "gradient of logits", grads[0], want=lambda: (oracles.softmax(Z) - y) / np.float32(9)
    )
    judge.value(
        "dtypes", [str(node.dtype), str(grads[0].dtype)], want=lambda: ["float32", "float32"]
    )


@pytest.mark.points(1, part="softmax_loss", hidden=True)
def test_one_op_used_twice(stage, judge, rng):
    Z = rng.standard_normal((2, 5, 3))
    y = np.stack([helpers.one_hot(rng, 5, 3), helpers.one_hot(rng, 5, 3)])
    op, logits = stage.SoftmaxLoss(), [stage.Tensor(Z[0]), stage.Tensor(Z[1])]
    nodes = [op(logits[i], helpers.labels(stage, y[i])) for i in range(2)]
    judge.close(
        "losses",
        nodes,
        want=lambda: [oracles.softmax_loss(Z[0], y[0]), oracles.softmax_loss(Z[1], y[1])],
    )
    grads = [op.gradient_as_tuple(stage.Tensor(1.0), node)[0] for node in nodes]
    judge.close(
        "gradients", grads, want=lambda: [(oracles.softmax(Z[i]) - y[i]) / 5 for i in range(2)]
    )


@pytest.mark.points(1.5, part="softmax_loss", hidden=True)
def test_second_derivative(stage, judge, rng):
    Z, y, h = rng.standard_normal((4, 3)), helpers.one_hot(rng, 4, 3), rng.standard_normal((4, 3))
    logits, truth = stage.Tensor(Z), stage.Tensor(y)
    stage.softmax_loss(logits, truth).backward()
    first = logits.grad
    first.backward(stage.Tensor(h))
    judge.close("first", first, want=lambda: (oracles.softmax(Z) - y) / 4)
    judge.close("second", logits.grad, want=lambda: curvature(oracles.softmax(Z), h) / 4)
    judge.close("by the labels", truth.grad, want=lambda: -h / 4)


def curvature(P, h):
    return P * (h - (P * h).sum(axis=1, keepdims=True))
