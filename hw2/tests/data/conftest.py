"""Fixtures that more than one file of these tests uses."""

import threading
import time

import numpy as np
import pytest

from needle_hw2 import data
from needle_shared.data import write_idx


class Numbered(data.Dataset):
    """Items `([i, i], i)`, read one at a time; remembers which ones were read."""

    def __init__(self, count):
        super().__init__()
        self.count = count
        self.read = []

    def __getitem__(self, index):
        self.read.append(index)
        return np.array([index, index], dtype="float32"), index

    def __len__(self):
        return self.count


@pytest.fixture
def numbered():
    """Return the class of a data set that has no `batch` of its own."""
    return Numbered


@pytest.fixture
def write_mnist(tmp_path):
    """Return a function that writes images and labels, and returns the names of the files."""

    def write(pixels, labels):
        names = tmp_path / "images.gz", tmp_path / "labels.gz"
        for name, array in zip(names, (pixels, labels), strict=True):
            write_idx(name, array)
        return names

    return write


@pytest.fixture
def pixels(rng):
    """Return 12 small images of bytes."""
    return rng.integers(256, size=(12, 6, 6)).astype("uint8")


@pytest.fixture
def mnist(write_mnist, pixels):
    """Return a function that reads those images with transforms; the label of image i is i % 10."""
    files = write_mnist(pixels, (np.arange(12) % 10).astype("uint8"))
    return lambda transforms=None: data.MNISTDataset(*files, transforms)


@pytest.fixture
def workers_left():
    """Return a function that waits for a loader's threads to end, and returns those that do not."""

    def left(seconds=10.0):
        end = time.monotonic() + seconds
        while threads := [t for t in threading.enumerate() if t.name.startswith("needle-data")]:
            if time.monotonic() > end:
                break
            time.sleep(0.005)
        return threads

    return left
