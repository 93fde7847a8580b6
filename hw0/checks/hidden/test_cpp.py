"""Question `cpp`, hidden: uneven batches, large logits, larger sizes."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(3, part="cpp", hidden=True)
@pytest.mark.parametrize("model", ["softmax regression", "network"])
def test_last_batch_is_smaller(stage, judge, rng, model):
    widths = (7, 3) if model == "softmax regression" else (7, 4, 3)
    X, y, *weights = helpers.small_problem(rng, 23, *widths)
    changed = [w.copy() for w in weights]
    if model == "network":
        stage.nn_epoch_cpp(X.copy(), y.copy(), *changed, 0.2, 5)
        judge.close("W1 and W2", changed, want=lambda: oracles.network(X, y, *weights, 0.2, 5))
    else:
        stage.softmax_regression_epoch_cpp(X.copy(), y.copy(), *changed, 0.2, 5)
        judge.close(
            "theta", changed, want=lambda: [oracles.softmax_regression(X, y, *weights, 0.2, 5)]
        )


@pytest.mark.points(2, part="cpp", hidden=True)
@pytest.mark.parametrize("model", ["softmax regression", "network"])
def test_large_logits(stage, judge, rng, model):
    widths = (6, 4) if model == "softmax regression" else (6, 5, 4)
    X, y, *weights = helpers.small_problem(rng, 8, *widths)
    weights[-1] *= np.float32(200)
    changed = [w.copy() for w in weights]
    if model == "network":
        stage.nn_epoch_cpp(X.copy(), y.copy(), *changed, 0.5, 50)
        judge.close("W1 and W2", changed, want=lambda: oracles.network(X, y, *weights, 0.5, 50))
    else:
        stage.softmax_regression_epoch_cpp(X.copy(), y.copy(), *changed, 0.5, 50)
        judge.close(
            "theta", changed, want=lambda: [oracles.softmax_regression(X, y, *weights, 0.5, 50)]
        )


@pytest.mark.points(2, part="cpp", hidden=True)
@pytest.mark.parametrize("model", ["softmax regression", "network"])
def test_larger_sizes(stage, judge, rng, model):
    widths = (90, 10) if model == "softmax regression" else (90, 37, 10)
    X, y, *weights = helpers.small_problem(rng, 64, *widths)
    weights = [w / np.float32(8) for w in weights]
    changed = [w.copy() for w in weights]
    if model == "network":
        stage.nn_epoch_cpp(X.copy(), y.copy(), *changed, 0.1, 32)
        judge.close("W1 and W2", changed, want=lambda: oracles.network(X, y, *weights, 0.1, 32))
    else:
        stage.softmax_regression_epoch_cpp(X.copy(), y.copy(), *changed, 0.1, 32)
        judge.close(
            "theta", changed, want=lambda: [oracles.softmax_regression(X, y, *weights, 0.1, 32)]
        )
