"""CIFAR-10, or any other data set in files of its format."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from needle_hw2.data import Dataset
from needle_hw2.data.dataset import Arrays, Indices
from needle_hw4.data.augmentation import BatchTransform
from needle_hw4.data.pickled import read_fields

TRAINING_FILES = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST_FILES = ("test_batch",)
IMAGE_SHAPE = (3, 32, 32)
CLASSES = 10

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Images = np.ndarray[Any, Any]


class CIFAR10Dataset(Dataset):
    """Colour images and labels from CIFAR-10's Python files; items `(image, label)`.

    An image is a float32 array of shape (3, 32, 32) in [0, 1], bytes divided by 255: red, green and
    blue, each with its rows from above. A label is uint8, from 0 to 9.

    Transforms get an image in shape (32, 32, 3), as they expect it, and the item is what they
    return with its channels first again; so they may change the size. (The course's starter
    code gives them channels first, where a flip exchanges above and below.) If all of them are
    `BatchTransform`, each gets a whole batch at once; else they get image by image.

    Parameters
    ----------
    base_folder
        The directory with data_batch_1 to data_batch_5 and test_batch. They may hold any number
        of images.
    train
        Whether to read the first five, or test_batch.
    p
        Has no effect; it is in the course's signature.
    transforms
        Functions of an image (32, 32, 3).

    Attributes: `pixels` (N, 3, 32, 32), the bytes from which batches are made, and `y` (N,), the
    labels.

    Raises `ValueError`, which names file and field, for files that hold anything but bytes of this
    many pixels and one label for each; `FileNotFoundError`. Reading them executes nothing.
    """

    def __init__(
        self,
        base_folder: str | os.PathLike[str],
        train: bool,
        p: float = 0.5,
        transforms: Iterable[Callable[[Any], Any]] | None = None,
    ) -> None:
        del p
        super().__init__(transforms)
        names = TRAINING_FILES if train else TEST_FILES
        batches = [read_batch(Path(base_folder, name)) for name in names]
        self.pixels: Bytes = np.concatenate([pixels for pixels, _ in batches])
        self.y: Bytes = np.concatenate([labels for _, labels in batches])
        self._scaled: Images | None = None

    @property
    def X(self) -> Images:  # noqa: N802 -- the course's name
        """All images (N, 3, 32, 32) in [0, 1], read-only; made at the first use, then kept.

        They take four times the memory of `pixels`, and loading batches does not need them.
        """
        if self._scaled is None:
            self._scaled = scaled(self.pixels)
            self._scaled.flags.writeable = False
        return self._scaled

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        """Return an image and its label; for a slice, arrays (k, 3, 32, 32) and (k,)."""
        if isinstance(index, slice):
            images, labels = self.batch(np.arange(len(self))[index])
            return images, labels
        index = operator.index(index)
        image = scaled(self.pixels[index])
        if self.transforms:
            image = _channels_first(self.apply_transforms(_channels_last(image)), axes=3)
        return image, self.y[index]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.y)

    def batch(self, indices: Indices) -> Arrays:
        """Return images (k, 3, 32, 32), transformed in this order, and labels (k,)."""
        whole = all(isinstance(transform, BatchTransform) for transform in self.transforms or ())
        if not whole and len(indices):
            return super().batch(indices)
        images = scaled(self.pixels[indices])
        if self.transforms and len(indices):
            moved = _channels_last(images)
            for transform in self.transforms:
                moved = transform.batch(moved)  # type: ignore[attr-defined]
            images = _channels_first(moved, axes=4)
        return images, self.y[indices]


def read_batch(filename: str | os.PathLike[str]) -> tuple[Bytes, Bytes]:
    """Return the pixels (N, 3, 32, 32) and the labels (N,), as bytes, of one of CIFAR-10's files.

    Raises `ValueError`, which names file and field.
    """
    fields, name = read_fields(filename), os.fspath(filename)
    for field in ("data", "labels"):
        if field not in fields:
            has = ", ".join(map(repr, fields)) or "none"
            raise ValueError(f"{name}: the field {field!r} is missing; there are {has}")
    data, labels = fields["data"], fields["labels"]
    size = int(np.prod(IMAGE_SHAPE))
    if not isinstance(data, np.ndarray) or data.ndim != 2 or data.shape[1] != size:
        what = getattr(data, "shape", type(data).__name__)
        raise ValueError(f"{name}: 'data' has shape (N, {size}), bytes of images; this is {what}")
    if not isinstance(labels, list) or len(labels) != len(data):
        count = len(labels) if isinstance(labels, list) else f"a {type(labels).__name__}"
        raise ValueError(f"{name}: 'labels' lists one per image: {len(data)} images, {count}")
    for number, label in enumerate(labels):
        if type(label) is not int or not 0 <= label < CLASSES:
            shown = label if type(label) is int else f"a {type(label).__name__}"
            raise ValueError(
                f"{name}: 'labels' are numbers from 0 to {CLASSES - 1}, label {number} is {shown}"
            )
    return data.reshape(-1, *IMAGE_SHAPE), np.array(labels, dtype=np.uint8)


def scaled(pixels: Bytes) -> Images:
    """Return bytes as float32 in [0, 1]: each divided by 255."""
    images: Images = np.divide(pixels, np.float32(255), dtype=np.float32)
    return images


def _channels_last(images: Images) -> Images:
    """Return a view (..., H, W, C) of images (..., C, H, W)."""
    return np.moveaxis(images, -3, -1)


def _channels_first(images: Any, axes: int) -> Images:
    """Return images (..., C, H, W), contiguous, of what transforms returned."""
    images = np.asarray(images)
    if images.ndim != axes:
        raise ValueError(
            f"transforms return images of shape (H, W, C), got {images.shape[axes - 3 :]}"
        )
    return np.ascontiguousarray(np.moveaxis(images, -1, -3))
