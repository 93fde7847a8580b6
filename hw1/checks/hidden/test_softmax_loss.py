"""Question `softmax_loss`, hidden: labels as probabilities, dtypes, derivatives again."""

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


@pytest.mark.points(1.5, part="softmax_loss", hidden=True)
def test_labels_as_probabilities(stage, judge, rng):
    Z, y = 3 * rng.standard_normal((7, 4)), softmax(rng.standard_normal((7, 4)))
    g = rng.uniform(0.5, 2.0)
    logits, op = stage.Tensor(Z), stage.SoftmaxLoss()
    node = op(logits, labels(stage, y))
    judge.close("loss", node, want=lambda: loss(Z, y))
    grads = op.gradient_as_tuple(stage.Tensor(g), node)
    judge.close("gradient of logits", grads[0], want=lambda: g * (softmax(Z) - y) / 7)


@pytest.mark.points(1, part="softmax_loss", hidden=True)
def test_float32(stage, judge, rng):
    Z = (30 * rng.standard_normal((9, 6))).astype(np.float32)
    y = one_hot(rng, 9, 6).astype(np.float32)
    logits, op = stage.Tensor(Z), stage.SoftmaxLoss()
    node = op(logits, labels(stage, y))
    judge.close("loss", node, want=lambda: np.float32(loss(Z.astype(np.float64), y)))
    grads = op.gradient_as_tuple(stage.Tensor(np.float32(1.0)), node)
    judge.close("gradient of logits", grads[0], want=lambda: (softmax(Z) - y) / np.float32(9))
    judge.value(
        "dtypes", [str(node.dtype), str(grads[0].dtype)], want=lambda: ["float32", "float32"]
    )


@pytest.mark.points(1, part="softmax_loss", hidden=True)
def test_one_op_used_twice(stage, judge, rng):
    Z, y = rng.standard_normal((2, 5, 3)), np.stack([one_hot(rng, 5, 3), one_hot(rng, 5, 3)])
    op, logits = stage.SoftmaxLoss(), [stage.Tensor(Z[0]), stage.Tensor(Z[1])]
    nodes = [op(logits[i], labels(stage, y[i])) for i in range(2)]
    judge.close("losses", nodes, want=lambda: [loss(Z[0], y[0]), loss(Z[1], y[1])])
    grads = [op.gradient_as_tuple(stage.Tensor(1.0), node)[0] for node in nodes]
    judge.close("gradients", grads, want=lambda: [(softmax(Z[i]) - y[i]) / 5 for i in range(2)])


@pytest.mark.points(1.5, part="softmax_loss", hidden=True)
def test_second_derivative(stage, judge, rng):
    Z, y, h = rng.standard_normal((4, 3)), one_hot(rng, 4, 3), rng.standard_normal((4, 3))
    logits, truth = stage.Tensor(Z), stage.Tensor(y)
    stage.softmax_loss(logits, truth).backward()
    first = logits.grad
    first.backward(stage.Tensor(h))
    judge.close("first", first, want=lambda: (softmax(Z) - y) / 4)
    judge.close("second", logits.grad, want=lambda: curvature(softmax(Z), h) / 4)
    judge.close("by the labels", truth.grad, want=lambda: -h / 4)


def curvature(P, h):
    return P * (h - (P * h).sum(axis=1, keepdims=True))
