"""Question `network`, hidden: uneven batches, defaults, float32."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(2, part="network", hidden=True)
@pytest.mark.parametrize(
    ("rows", "batch"), [(23, 5), (3, 50)], ids=["last is smaller", "one batch"]
)
def test_uneven_batches(stage, judge, rng, rows, batch):
    X, y, W1, W2 = helpers.problem(rng, rows)
    lr = float(rng.uniform(0.2, 0.6))
    first, second = stage.Tensor(W1), stage.Tensor(W2)
    nn_epoch = stage.module("apps.simple_ml").nn_epoch
    weights = nn_epoch(X.copy(), y.copy(), first, second, lr=lr, batch=batch)
    judge.close("W1 and W2", weights, want=lambda: oracles.trained(X, y, W1, W2, lr, batch))
    judge.close("weights that were given", [first, second], want=lambda: [W1, W2])


@pytest.mark.points(1, part="network", hidden=True)
def test_defaults(stage, judge, rng):
    X, y, W1, W2 = helpers.problem(rng, 130)
    nn_epoch = stage.module("apps.simple_ml").nn_epoch
    weights = nn_epoch(X.copy(), y.copy(), stage.Tensor(W1), stage.Tensor(W2))
    judge.close("W1 and W2", weights, want=lambda: oracles.trained(X, y, W1, W2, 0.1, 100))


@pytest.mark.points(1, part="network", hidden=True)
def test_float32_images_and_byte_labels(stage, judge, rng):
    X, y, W1, W2 = helpers.problem(rng, 12)
    X, W1, W2 = (a.astype(np.float32) for a in (X, W1, W2))
    y = y.astype(np.uint8)
    nn_epoch = stage.module("apps.simple_ml").nn_epoch
    weights = nn_epoch(X.copy(), y.copy(), stage.Tensor(W1), stage.Tensor(W2), lr=0.3, batch=4)
    judge.close(
        "W1 and W2",
        weights,
        want=lambda: [w.astype(np.float32) for w in oracles.trained(X, y, W1, W2, 0.3, 4)],
    )
    judge.value("dtypes", [str(w.dtype) for w in weights], want=lambda: ["float32"] * 2)
