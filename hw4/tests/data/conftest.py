"""Small files in the formats of CIFAR-10 and Penn Treebank."""

import pickle

import numpy as np
import pytest

TRAINING = [f"data_batch_{number}" for number in range(1, 6)]


@pytest.fixture
def write_batch(tmp_path):
    """Return a function that pickles fields into a file of `tmp_path`, and returns its name."""

    def write(fields, name="test_batch"):
        path = tmp_path / name
        path.write_bytes(pickle.dumps(fields, protocol=4))
        return path

    return write


@pytest.fixture
def images(rng):
    """Return the pixels (16, 3072) and labels of five training files, of 3 images, and a test's."""
    return rng.integers(256, size=(16, 3072)).astype("uint8"), [*range(10), *range(6)]


@pytest.fixture
def cifar(tmp_path, images, write_batch):
    """Write those files: one image in test_batch, the last, and 3 in each of the others."""
    pixels, labels = images
    for start, name in zip(range(0, 16, 3), [*TRAINING, "test_batch"], strict=True):
        part = slice(start, start + 3)
        write_batch({b"data": pixels[part], b"labels": labels[part], b"filenames": []}, name)
    return tmp_path


@pytest.fixture
def expected(images):
    """Return the images (16, 3, 32, 32) in [0, 1], each computed from its bytes."""
    pixels = np.array(images[0], dtype="float32")
    return (pixels / np.float32(255)).reshape(16, 3, 32, 32)
