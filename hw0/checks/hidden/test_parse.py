"""Question `parse`, hidden: unusual sizes, and files that are not what they should be."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(2, part="parse", hidden=True)
@pytest.mark.parametrize("shape", [(1, 5, 7), (9, 1, 1)], ids=["one image", "one pixel"])
def test_unusual_sizes(stage, judge, rng, tmp_path, shape):
    pixels = rng.integers(1, 255, size=shape, dtype=np.uint8)
    labels = rng.integers(1, 10, size=shape[0], dtype=np.uint8)
    images, numbers = helpers.mnist_files(tmp_path, pixels, labels)
    X, y = stage.parse_mnist(str(images), str(numbers))
    judge.close("images", X, want=lambda: oracles.scaled(pixels))
    judge.close("labels", y, want=lambda: labels)


@pytest.mark.points(2, part="parse", hidden=True)
@pytest.mark.parametrize("fault", ["other format", "cut off", "too long"])
def test_wrong_file(stage, judge, rng, tmp_path, fault):
    pixels = rng.integers(256, size=(5, 4, 3), dtype=np.uint8)
    labels = rng.integers(10, size=5, dtype=np.uint8)
    images, numbers = helpers.mnist_files(tmp_path, pixels, labels)
    X, _ = stage.parse_mnist(images, numbers)
    judge.close("images", X, want=lambda: oracles.scaled(pixels))
    magic = 0x801 if fault == "other format" else 0x803
    body = {"cut off": pixels.tobytes()[:-1], "too long": pixels.tobytes() + b"7"}
    path = helpers.write_idx(
        tmp_path / "bad.gz", magic, pixels.shape, body.get(fault, pixels.tobytes())
    )
    judge.raises("images", ValueError, lambda: stage.parse_mnist(path, numbers))
    path = helpers.write_idx(
        tmp_path / "bad.gz", magic ^ 2, (6 if fault == "cut off" else 4,), b"12345"
    )
    judge.raises("labels", ValueError, lambda: stage.parse_mnist(images, path))


@pytest.mark.points(2, part="parse", hidden=True)
def test_files_that_do_not_belong_together(stage, judge, rng, tmp_path):
    pixels = rng.integers(256, size=(4, 3, 2), dtype=np.uint8)
    labels = rng.integers(10, size=4, dtype=np.uint8)
    images, numbers = helpers.mnist_files(tmp_path, pixels, labels)
    X, _ = stage.parse_mnist(images, numbers)
    judge.close("images", X, want=lambda: oracles.scaled(pixels))
    more = helpers.write_idx(tmp_path / "more.gz", 0x801, (5,), labels.tobytes() + b"1")
    judge.raises("counts differ", ValueError, lambda: stage.parse_mnist(images, more))
    judge.raises("exchanged", ValueError, lambda: stage.parse_mnist(numbers, images))
    missing = tmp_path / "missing.gz"
    judge.raises("missing", FileNotFoundError, lambda: stage.parse_mnist(missing, numbers))


@pytest.mark.points(1, part="parse", hidden=True)
def test_damaged_gzip(stage, judge, rng, tmp_path):
    pixels = rng.integers(256, size=(40, 7, 5), dtype=np.uint8)
    labels = rng.integers(10, size=40, dtype=np.uint8)
    images, numbers = helpers.mnist_files(tmp_path, pixels, labels)
    X, _ = stage.parse_mnist(images, numbers)
    judge.close("images", X, want=lambda: oracles.scaled(pixels))
    whole = images.read_bytes()
    images.write_bytes(whole[:-200])
    judge.raises("cut off", ValueError, lambda: stage.parse_mnist(images, numbers))
    images.write_bytes(pixels.tobytes())
    judge.raises("not compressed", ValueError, lambda: stage.parse_mnist(images, numbers))
