"""Data sets that need no download, written in MNIST's shape and file format."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from needle_shared.data.extras import require
from needle_shared.data.idx import write_idx

MNIST_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

Bytes = NDArray[np.uint8]


def write_digits(folder: str | Path) -> None:
    """Write 1500 training and 297 test images of handwritten digits into `folder`.

    They are scikit-learn's `load_digits`: 8x8 pixels with intensities 0 to 16, here 28x28 with
    0 to 255. Each pixel becomes a 3x3 square, and a border of 2 pixels surrounds the image as
    it does in MNIST. The order is a fixed permutation, so that both parts hold every class.

    Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998.
    """
    digits = require("sklearn.datasets", extra="digits").load_digits()
    squares = np.kron(digits.images, np.ones((1, 3, 3)))
    images = np.pad(np.rint(squares * (255 / 16)), ((0, 0), (2, 2), (2, 2)))
    _write(folder, images.astype(np.uint8), digits.target.astype(np.uint8), n_train=1500)


def write_synthetic(folder: str | Path) -> None:
    """Write 600 training and 100 test images of 10 made-up classes into `folder`.

    Each class has a prototype of 7x7 black or white squares of 4x4 pixels; an image is its
    prototype at two thirds of full intensity plus uniform noise at one third. Integers only,
    so every machine writes the same pixels.
    """
    labels = (np.arange(700) % 10).astype(np.uint8)
    prototypes = np.kron(_random_bytes(1, (10, 7, 7)) & 1, np.ones((1, 4, 4), np.uint8))
    noise = _random_bytes(2, (700, 28, 28)) // 3
    _write(folder, prototypes[labels] * np.uint8(170) + noise, labels, n_train=600)


def _write(folder: str | Path, images: Bytes, labels: Bytes, n_train: int) -> None:
    # The raw stream of a bit generator is stable across NumPy's versions, `permutation` is not.
    order = np.argsort(np.random.PCG64(0).random_raw(len(labels)), kind="stable")
    train, test = order[:n_train], order[n_train:]
    arrays = (images[train], labels[train], images[test], labels[test])
    for name, array in zip(MNIST_FILES, arrays, strict=True):
        write_idx(Path(folder, name), array)


def _random_bytes(seed: int, shape: tuple[int, ...]) -> Bytes:
    count = int(np.prod(shape))
    words = np.random.PCG64(seed).random_raw(-(-count // 8))
    return words.astype("<u8").view(np.uint8)[:count].reshape(shape)
