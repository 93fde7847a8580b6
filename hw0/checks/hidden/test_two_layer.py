"""Question `two_layer`, hidden: uneven batches, dtypes, layouts, errors."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(3, part="two_layer", hidden=True)
@pytest.mark.parametrize(
    ("rows", "batch"),
    [(23, 5), (3, 50), (7, 1)],
    ids=["smaller last batch", "batch beyond all", "row by row"],
)
def test_uneven_batches(stage, judge, rng, rows, batch):
    X, y, W1, W2 = helpers.problem(rng, rows, 6, 5, 4)
    lr, first, second = float(rng.uniform(0.3, 0.9)), W1.copy(), W2.copy()
    stage.nn_epoch(X.copy(), y.copy(), first, second, lr=lr, batch=batch)
    judge.close("W1 and W2", [first, second], want=lambda: oracles.network(X, y, W1, W2, lr, batch))


@pytest.mark.points(2, part="two_layer", hidden=True)
def test_defaults(stage, judge, rng):
    X, y, W1, W2 = helpers.problem(rng, 130, 6, 5, 4)
    first, second = W1.copy(), W2.copy()
    stage.nn_epoch(X.copy(), y.copy(), first, second)
    judge.close("W1 and W2", [first, second], want=lambda: oracles.network(X, y, W1, W2, 0.1, 100))


@pytest.mark.points(2, part="two_layer", hidden=True)
def test_float32_and_byte_labels(stage, judge, rng):
    X, y, W1, W2 = helpers.problem(rng, 30, 9, 7, 10)
    X, W1, W2 = (a.astype(np.float32) for a in (X, W1, W2))
    y, first, second = y.astype(np.uint8), W1.copy(), W2.copy()
    stage.nn_epoch(X.copy(), y.copy(), first, second, lr=0.2, batch=10)
    judge.close(
        "W1 and W2",
        [first, second],
        want=lambda: oracles.network(X, y, W1, W2, 0.2, 10),
    )


@pytest.mark.points(1, part="two_layer", hidden=True)
def test_transposed_arrays(stage, judge, rng):
    X, y, W1, W2 = helpers.problem(rng, 12, 6, 5, 4)
    features, first, second = X.copy(order="F"), W1.copy(order="F"), W2.copy(order="F")
    stage.nn_epoch(features, y.copy(), first, second, lr=0.5, batch=4)
    judge.close("W1 and W2", [first, second], want=lambda: oracles.network(X, y, W1, W2, 0.5, 4))
    judge.close("X", features, want=lambda: X)


@pytest.mark.points(1, part="two_layer", hidden=True)
def test_errors_leave_the_weights_alone(stage, judge, rng):
    X, y, W1, W2 = helpers.problem(rng, 8, 6, 5, 4)
    first, second, epoch = W1.copy(), W2.copy(), stage.nn_epoch
    epoch(X.copy(), y.copy(), first, second, lr=0.5, batch=4)
    wrong = y.copy()
    wrong[-1] = 4  # in the last batch
    judge.raises("label", IndexError, lambda: epoch(X, wrong, first, second, lr=0.5, batch=4))
    judge.raises("batch", ValueError, lambda: epoch(X, y, first, second, lr=0.5, batch=0))
    judge.close("W1 and W2", [first, second], want=lambda: oracles.network(X, y, W1, W2, 0.5, 4))
