"""DigitsOnPhoto: handwritten digits on photographs, in CIFAR-10's shape and file format."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from needle_shared.data.extras import require

CIFAR10_FILES = (
    "batches.meta",
    *(f"data_batch_{number}" for number in range(1, 6)),
    "test_batch",
)

IMAGES_PER_FILE = 4000
SIDE = 32
CLASSES = 10
TRAINING_DIGITS = 1500  # of scikit-learn's 1797; the others are in test images only
# Columns of the photographs, which are 640 wide. Nothing of the test's part is in the other.
TRAINING_COLUMNS = (0, 448)
TEST_COLUMNS = (448, 640)

Array = NDArray[Any]


def write_digits_on_photo(folder: str | Path) -> None:
    """Write 20,000 training and 4,000 test images of ten classes into `folder`.

    They are made for trying out what is meant for CIFAR-10, and are not CIFAR-10: an image has
    shape (3, 32, 32), and its class is the digit on it. The strokes are scikit-learn's
    `load_digits`, turned by up to 0.3 radians, enlarged 2.2 to 3.6 times and moved; they are
    lighter or darker than the background and let it shine through. The background is a piece of
    one of its two sample photographs. Test images have digits and pieces that no training image
    has. As some strokes are light on dark and others dark on light, the mean of a class says
    little, and a linear classifier finds it hard to tell the classes apart.

    Equal versions of NumPy, scikit-learn and Pillow write equal files. Raises `ImportError`
    naming the extra that is needed.

    Sources: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998; the
    photographs china.jpg and flower.jpg in scikit-learn, by danielbuechele and vultilion (CC BY
    2.0).
    """
    datasets = require("sklearn.datasets", extra="photos")
    require("PIL", extra="photos")  # which scikit-learn reads photographs with
    digits = datasets.load_digits()
    photos = np.stack(datasets.load_sample_images().images)
    training = slice(None, TRAINING_DIGITS), TRAINING_COLUMNS
    test = slice(TRAINING_DIGITS, None), TEST_COLUMNS
    for seed, name in enumerate(CIFAR10_FILES[1:]):
        part, columns = test if name == "test_batch" else training
        first, last = columns
        pixels, labels = _images(
            digits.images[part] / 16, digits.target[part], photos[:, :, first:last], seed
        )
        fields = {
            b"batch_label": f"DigitsOnPhoto, {name}".encode(),
            b"labels": labels.tolist(),
            b"data": pixels.reshape(len(labels), -1),
            b"filenames": [f"{name}_{number:04}.png".encode() for number in range(len(labels))],
        }
        _write_pickle(Path(folder, name), fields)
    meta = {
        b"num_cases_per_batch": IMAGES_PER_FILE,
        b"label_names": [str(digit).encode() for digit in range(CLASSES)],
        b"num_vis": 3 * SIDE * SIDE,
    }
    _write_pickle(Path(folder, "batches.meta"), meta)


def _write_pickle(path: Path, fields: dict[bytes, Any]) -> None:
    with path.open("wb") as file:
        pickle.dump(
            fields, file, protocol=4
        )  # the last one that writes arrays as CIFAR-10 has them


def _images(digits: Array, target: Array, photos: Array, seed: int) -> tuple[Array, Array]:
    """Return the pixels (N, 3, 32, 32) and the labels (N,) of one file, as many of each class."""
    draw = _uniforms(seed, IMAGES_PER_FILE)
    labels = np.argsort(next(draw), kind="stable") % CLASSES
    choice = next(draw)
    chosen = np.empty(len(labels), int)
    for label in range(CLASSES):
        candidates = np.flatnonzero(target == label)
        mine = labels == label
        chosen[mine] = candidates[(choice[mine] * len(candidates)).astype(int)]
    strokes = _strokes(digits[chosen], draw)[:, np.newaxis]
    background = _pieces(photos, draw)
    mean = background.mean((2, 3))
    # The ink is lighter or darker, as a coin says it, but not lighter than white nor darker than
    # black; and its red, green and blue are off by different amounts.
    grey = mean.mean(1) + 70 * (2 * next(draw) - 1)
    step = np.where(grey > 127.5, -1, 1) * (80 + 60 * next(draw))
    tint = np.stack([60 * next(draw) - 30 for _ in range(3)], axis=1)
    ink = np.clip(mean + step[:, np.newaxis] + tint, 0, 255)
    opacity = (0.7 + 0.3 * next(draw))[:, np.newaxis, np.newaxis, np.newaxis]
    share = strokes * opacity
    mixed = background * (1 - share) + ink[:, :, np.newaxis, np.newaxis] * share
    return np.rint(np.clip(mixed, 0, 255)).astype(np.uint8), labels


def _strokes(digits: Array, draw: Iterator[Array]) -> Array:
    """Return digits (N, 8, 8) turned, enlarged and moved to shape (N, 32, 32), in [0, 1]."""
    size = digits.shape[1]
    enlargement = 2.2 + 1.4 * next(draw)
    angle = 0.6 * next(draw) - 0.3
    room = (SIDE - size * enlargement) / 2 + 2  # by which a digit can be moved off the centre
    down, right = ((2 * next(draw) - 1) * room for _ in range(2))
    grid = np.arange(SIDE) - (SIDE - 1) / 2
    y = grid[np.newaxis, :, np.newaxis] - down[:, np.newaxis, np.newaxis]
    x = grid[np.newaxis, np.newaxis, :] - right[:, np.newaxis, np.newaxis]
    cos, sin = ((f(angle) / enlargement)[:, np.newaxis, np.newaxis] for f in (np.cos, np.sin))
    # Where in the digit a pixel lies; there is a border of one empty pixel around the digit.
    row = np.clip(cos * y - sin * x + (size + 1) / 2, 0, size + 1)
    column = np.clip(sin * y + cos * x + (size + 1) / 2, 0, size + 1)
    padded = np.pad(digits, ((0, 0), (1, 2), (1, 2)))
    return np.clip(1.3 * _between(padded, row, column), 0, 1)


def _between(images: Array, row: Array, column: Array) -> Array:
    """Return the values of images (N, H, W) at places between pixels, by bilinear interpolation."""
    top, left = row.astype(int), column.astype(int)
    below, beside = row - top, column - left
    number = np.arange(len(images))[:, np.newaxis, np.newaxis]
    upper = images[number, top, left] * (1 - beside) + images[number, top, left + 1] * beside
    top += 1
    lower = images[number, top, left] * (1 - beside) + images[number, top, left + 1] * beside
    result: Array = upper * (1 - below) + lower * below
    return result


def _pieces(photos: Array, draw: Iterator[Array]) -> Array:
    """Return pieces (N, 3, 32, 32) of photos (P, H, W, 3): every, every second or third pixel."""
    count, height, width, _ = photos.shape
    which = (count * next(draw)).astype(int)
    stride = 1 + (3 * next(draw)).astype(int)
    span = (SIDE - 1) * stride + 1
    top = ((height - span + 1) * next(draw)).astype(int)
    left = ((width - span + 1) * next(draw)).astype(int)
    steps = np.arange(SIDE) * stride[:, np.newaxis]
    rows = (top[:, np.newaxis] + steps)[:, :, np.newaxis]
    columns = (left[:, np.newaxis] + steps)[:, np.newaxis, :]
    pieces: Array = photos[which[:, np.newaxis, np.newaxis], rows, columns].transpose(0, 3, 1, 2)
    return pieces


def _uniforms(seed: int, size: int) -> Iterator[Array]:
    """Yield arrays of numbers from [0, 1)."""
    # The raw stream of a bit generator is stable across NumPy's versions; see `builtin`.
    generator = np.random.PCG64(seed)
    while True:
        yield (generator.random_raw(size) >> np.uint64(11)) * math.ldexp(1, -53)
