"""Question `network`: an epoch of training of the two-layer network."""

import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(6, part="network")
@pytest.mark.parametrize(("rows", "batch"), [(8, 8), (20, 5)], ids=["one batch", "several batches"])
def test_epoch(stage, judge, rng, rows, batch):
    X, y, W1, W2 = helpers.problem(rng, rows)
    lr = float(rng.uniform(0.2, 0.6))
    nn_epoch = stage.module("apps.simple_ml").nn_epoch
    weights = nn_epoch(X.copy(), y.copy(), stage.Tensor(W1), stage.Tensor(W2), lr=lr, batch=batch)
    judge.close("W1 and W2", weights, want=lambda: oracles.trained(X, y, W1, W2, lr, batch))
