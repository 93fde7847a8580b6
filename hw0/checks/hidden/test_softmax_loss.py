"""Question `softmax_loss`, hidden: layouts, small losses, and what is an error."""

import numpy as np
import pytest

from needle_shared.grading.local import oracles_of

oracles = oracles_of(__file__)


@pytest.mark.points(2, part="softmax_loss", hidden=True)
def test_arguments_are_left_alone(stage, judge, rng):
    Z, y = rng.standard_normal((4, 9)).T, rng.integers(4, size=9)
    given, labels = Z.copy("K"), y.copy()
    judge.close("loss", stage.softmax_loss(given, labels), want=lambda: oracles.softmax_loss(Z, y))
    judge.close("logits after", given, want=lambda: Z)
    judge.close("labels after", labels, want=lambda: y)


@pytest.mark.points(2, part="softmax_loss", hidden=True)
@pytest.mark.parametrize("classes", [2, 50], ids=["two classes", "many classes"])
def test_number_of_classes(stage, judge, rng, classes):
    Z, y = 5 * rng.standard_normal((7, classes)), rng.integers(classes, size=7)
    judge.close(
        "loss", stage.softmax_loss(Z.copy(), y.copy()), want=lambda: oracles.softmax_loss(Z, y)
    )


@pytest.mark.points(1, part="softmax_loss", hidden=True)
def test_small_loss(stage, judge, rng):
    Z, y = rng.uniform(0.0, 1.0, (6, 3)), rng.integers(3, size=6)
    Z += 1e6  # a small loss must not be the difference of large numbers
    Z[np.arange(6), y] += rng.uniform(8.0, 9.0)
    shifted = Z - Z.max(axis=1, keepdims=True)
    judge.close(
        "loss",
        stage.softmax_loss(Z.copy(), y.copy()),
        want=lambda: oracles.softmax_loss(shifted, y),
        rtol=1e-6,
    )


@pytest.mark.points(1, part="softmax_loss", hidden=True)
def test_errors(stage, judge, rng):
    Z, y = rng.standard_normal((5, 3)), rng.integers(3, size=5)
    judge.close(
        "loss", stage.softmax_loss(Z.copy(), y.copy()), want=lambda: oracles.softmax_loss(Z, y)
    )
    judge.raises("label too large", IndexError, lambda: stage.softmax_loss(Z, y + 3))
    judge.raises("negative label", IndexError, lambda: stage.softmax_loss(Z, y - 3))
    judge.raises("labels are missing", ValueError, lambda: stage.softmax_loss(Z, y[:4]))
    whole = np.rint(10 * Z).astype(np.int64)
    judge.raises("whole numbers", TypeError, lambda: stage.softmax_loss(whole, y))
