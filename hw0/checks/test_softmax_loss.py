"""Question `softmax_loss`: the mean cross-entropy of logits."""

import numpy as np
import pytest

from needle_shared.grading.local import oracles_of

oracles = oracles_of(__file__)


@pytest.mark.points(5, part="softmax_loss")
@pytest.mark.parametrize("rows", [1, 20], ids=["one row", "several rows"])
def test_loss(stage, judge, rng, rows):
    Z, y = 2 * rng.standard_normal((rows, 6)), rng.integers(6, size=rows)
    judge.close(
        "loss", stage.softmax_loss(Z.copy(), y.copy()), want=lambda: oracles.softmax_loss(Z, y)
    )


@pytest.mark.points(2, part="softmax_loss")
def test_float32_logits_and_byte_labels(stage, judge, rng):
    Z = rng.standard_normal((30, 10)).astype(np.float32)
    y = rng.integers(10, size=30, dtype=np.uint8)
    result = stage.softmax_loss(Z.copy(), y.copy())
    judge.close("loss", result, want=lambda: oracles.softmax_loss(Z, y), rtol=1e-4)


@pytest.mark.points(2, part="softmax_loss")
@pytest.mark.parametrize("kind", ["positive", "negative", "of each row others"])
def test_large_logits(stage, judge, rng, kind):
    offset = {"positive": 1000.0, "negative": -1000.0}.get(kind, 1000.0 * np.arange(-4.0, 4.0))
    Z, y = rng.uniform(0, 10, (8, 4)) + np.reshape(offset, (-1, 1)), rng.integers(4, size=8)
    judge.close(
        "loss", stage.softmax_loss(Z.copy(), y.copy()), want=lambda: oracles.softmax_loss(Z, y)
    )
