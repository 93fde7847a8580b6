"""MNIST, or any other data set in files of its format."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from needle_hw2.data.dataset import Arrays, Dataset, Indices


class MNISTDataset(Dataset):
    """Images and labels from two IDX files compressed with gzip; items `(image, label)`.

    An image is a float32 array of shape (784,) in [0, 1], its rows one after another; a label is
    uint8. Transforms get the image in shape (28, 28, 1), and what they return is flattened again.
    Other sizes than 28 x 28 may be read if they are square.

    Attributes: `images` (N, 784), `labels` (N,) and `image_shape`, what transforms get.

    Raises `ValueError` if a file is cut off or no IDX file of its kind, if the counts of images
    and labels differ, and if a number of pixels is no square; `FileNotFoundError`.
    """

    def __init__(
        self,
        image_filename: str | os.PathLike[str],
        label_filename: str | os.PathLike[str],
        transforms: Iterable[Callable[[Any], Any]] | None = None,
    ) -> None:
        from needle_hw0 import parse_mnist  # noqa: PLC0415 -- loads a command line's libraries

        super().__init__(transforms)
        self.images, self.labels = parse_mnist(image_filename, label_filename)
        pixels = self.images.shape[1]
        side = math.isqrt(pixels)
        if side * side != pixels:
            raise ValueError(
                f"{os.fspath(image_filename)}: images are square, these have {pixels} pixels"
            )
        self.image_shape = (side, side, 1)

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        """Return an image and its label; for a slice, arrays (k, 784) of images, (k,) of labels."""
        if isinstance(index, slice):
            images, labels = self.batch(np.arange(len(self))[index])
            return images, labels
        index = operator.index(index)
        image = self.images[index].reshape(self.image_shape).copy()
        return np.reshape(self.apply_transforms(image), -1), self.labels[index]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)

    def batch(self, indices: Indices) -> Arrays:
        """Return images (k, 784), each transformed by itself in this order, and labels (k,)."""
        if self.transforms and len(indices):
            return super().batch(indices)
        return self.images[indices], self.labels[indices]
