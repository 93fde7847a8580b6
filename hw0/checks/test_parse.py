"""Question `parse`: the first exercise, and the reader of MNIST's files."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(1, part="parse")
@pytest.mark.parametrize("kind", ["numbers", "arrays"])
def test_add(stage, judge, rng, kind):
    shape = () if kind == "numbers" else (2, 3)
    x, y = rng.standard_normal(shape), rng.standard_normal(shape)
    if kind == "numbers":
        x, y = float(x), float(y)
    judge.close("sum", stage.add(x, y), want=lambda: x + y)


@pytest.mark.points(6, part="parse")
@pytest.mark.parametrize("size", ["small", "as MNIST"])
def test_images(stage, judge, rng, tmp_path, size):
    shape = (12, 28, 28) if size == "as MNIST" else tuple(rng.permutation([2, 3, 4]).tolist())
    pixels = rng.integers(256, size=shape, dtype=np.uint8)
    labels = rng.integers(10, size=shape[0], dtype=np.uint8)
    X, _ = stage.parse_mnist(*helpers.mnist_files(tmp_path, pixels, labels))
    judge.close("images", X, want=lambda: oracles.scaled(pixels))
    judge.value("dtype", str(X.dtype), want=lambda: "float32")


@pytest.mark.points(3, part="parse")
def test_labels(stage, judge, rng, tmp_path):
    count = int(rng.integers(20, 40))
    pixels = rng.integers(256, size=(count, 2, 3), dtype=np.uint8)
    labels = rng.integers(10, size=count, dtype=np.uint8)
    _, y = stage.parse_mnist(*helpers.mnist_files(tmp_path, pixels, labels))
    judge.close("labels", y, want=lambda: labels)
    judge.value("dtype", str(y.dtype), want=lambda: "uint8")


@pytest.mark.points(3, part="parse")
def test_one_scale_for_all_images(stage, judge, rng, tmp_path):
    pixels = rng.integers(20, 90, size=(6, 4, 3), dtype=np.uint8)
    pixels[3] //= 4
    labels = rng.integers(10, size=6, dtype=np.uint8)
    X, _ = stage.parse_mnist(*helpers.mnist_files(tmp_path, pixels, labels))
    judge.close("images", X, want=lambda: oracles.scaled(pixels))
