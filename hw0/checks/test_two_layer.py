"""Question `two_layer`: an epoch of training of the network ReLU(X W1) W2."""

import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(14, part="two_layer")
@pytest.mark.parametrize(("rows", "batch"), [(10, 10), (24, 6)], ids=["one batch", "several"])
def test_epoch(stage, judge, rng, rows, batch):
    X, y, W1, W2 = helpers.problem(rng, rows, 6, 5, 4)
    lr, first, second = float(rng.uniform(0.3, 0.9)), W1.copy(), W2.copy()
    stage.nn_epoch(X.copy(), y.copy(), first, second, lr=lr, batch=batch)
    judge.close("W1 and W2", [first, second], want=lambda: oracles.network(X, y, W1, W2, lr, batch))
