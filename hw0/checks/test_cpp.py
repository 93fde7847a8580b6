"""Question `cpp`: the same epochs in C++."""

import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(6, part="cpp")
@pytest.mark.parametrize(("rows", "batch"), [(10, 10), (24, 6)], ids=["one batch", "several"])
def test_softmax_regression(stage, judge, rng, rows, batch):
    X, y, theta = helpers.small_problem(rng, rows, 6, 4)
    lr, changed = float(rng.uniform(0.3, 0.9)), theta.copy()
    stage.softmax_regression_epoch_cpp(X.copy(), y.copy(), changed, lr, batch)
    judge.close("theta", changed, want=lambda: oracles.softmax_regression(X, y, theta, lr, batch))


@pytest.mark.points(7, part="cpp")
@pytest.mark.parametrize(("rows", "batch"), [(10, 10), (24, 6)], ids=["one batch", "several"])
def test_network(stage, judge, rng, rows, batch):
    X, y, W1, W2 = helpers.small_problem(rng, rows, 6, 5, 4)
    lr, first, second = float(rng.uniform(0.1, 0.3)), W1.copy(), W2.copy()
    stage.nn_epoch_cpp(X.copy(), y.copy(), first, second, lr, batch)
    judge.close("W1 and W2", [first, second], want=lambda: oracles.network(X, y, W1, W2, lr, batch))
