"""Data that several test files need."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def small_mnist(tmp_path_factory):
    """Write 60 training and 20 test images of 3 classes under MNIST's names; return the folder."""
    from needle_shared.data import write_idx

    folder = tmp_path_factory.mktemp("mnist")
    rng = np.random.default_rng(0)
    for part, size in (("train", 60), ("t10k", 20)):
        labels = np.arange(size, dtype=np.uint8) % 3
        pixels = rng.integers(100, size=(size, 28, 28)).astype(np.uint8)
        for label in range(3):  # the class is the bright band
            pixels[labels == label, 9 * label : 9 * label + 9] += 60
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", pixels)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", labels)
    return folder
