"""Question `cpp`: the same epochs in C++."""

import numpy as np
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


@pytest.mark.points(6, part="cpp")
@pytest.mark.parametrize(("rows", "batch"), [(10, 10), (24, 6)], ids=["one batch", "several"])
def test_network(stage, judge, rng, rows, batch):
    X, y, W1, W2 = helpers.small_problem(rng, rows, 6, 5, 4)
    lr, first, second = float(rng.uniform(0.1, 0.3)), W1.copy(), W2.copy()
    stage.nn_epoch_cpp(X.copy(), y.copy(), first, second, lr, batch)
    judge.close("W1 and W2", [first, second], want=lambda: oracles.network(X, y, W1, W2, lr, batch))


@pytest.mark.points(1, part="cpp")
@pytest.mark.parametrize("model", ["softmax regression", "network"])
def test_ctrl_c_stops_a_long_epoch(stage, judge, rng, model):
    widths = (1000, 200) if model == "softmax regression" else (1000, 200, 3)
    X, y, *weights = helpers.small_problem(rng, 6000, *widths)
    X[:, [0, -1]] = 0
    X[0, 0] = X[-1, -1] = 3  # the first example alone changes the first row of weights
    weights[0] /= np.float32(30)
    before, changed = [[w.copy() for w in weights] for _ in range(2)]
    epoch = stage.nn_epoch_cpp if model == "network" else stage.softmax_regression_epoch_cpp
    with helpers.interrupted(0.05):
        judge.raises("stopped", TimeoutError, lambda: epoch(X, y, *changed, 1e-3, 1))
    first, last = changed[0][0], changed[0][-1]
    judge.close("what the first batch changes", first, want=lambda: one_step(X, y, before)[0])
    judge.close("what only the last batch would change", last, want=lambda: before[0][-1])


def one_step(X, y, weights):
    if len(weights) == 2:
        return oracles.network(X[:1], y[:1], *weights, 1e-3, 1)[0]
    return oracles.softmax_regression(X[:1], y[:1], *weights, 1e-3, 1)
