"""Transforms of images: functions of an array of shape (H, W, C) that leave it as it is.

Random ones draw from their `rng`; without, from the generator of the batch, if the loader has an
`rng`; else from NumPy's global generator. With workers only the generator of the batch gives the
same images every time: of the others, the threads decide which image gets which draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from needle_hw2.data.checks import whole_number
from needle_hw2.data.randomness import checked_generator, integers, uniform

Image = np.ndarray[Any, Any]


class Transform:
    """The base class of transforms: `transform(image)` returns another image."""

    def __call__(self, x: Any) -> Any:
        """Return the image transformed."""
        raise NotImplementedError(f"{type(self).__name__}.__call__")


class Compose(Transform):
    """One transform after another, the first of the list first."""

    def __init__(self, transforms: Iterable[Callable[[Any], Any]]) -> None:
        self.transforms = list(transforms)

    def __call__(self, x: Any) -> Any:
        """Return the image after all transforms."""
        for transform in self.transforms:
            x = transform(x)
        return x


class RandomFlipHorizontal(Transform):
    """Exchanges left and right with probability p.

    Each call draws one number u from [0, 1), and flips axis 1, the width, if u < p.
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None = None) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"the probability p lies in [0, 1], got {p}")
        self.p = p
        self.rng = checked_generator(rng)

    def __call__(self, x: Any) -> Image:
        """Return the image, or a view of it with its columns in reverse."""
        image = _image(x)
        return image[:, ::-1] if uniform(self.rng) < self.p else image


class RandomCrop(Transform):
    """Moves the image by up to `padding` pixels, and fills up with zeros.

    Each call draws two whole numbers (i, j) from [-padding, padding], and returns the part of the
    image's size that begins at row padding + i and column padding + j of the image with `padding`
    zeros on each side. Nothing of the image is left if i or j is as large as the image.
    """

    def __init__(self, padding: int = 3, *, rng: np.random.Generator | None = None) -> None:
        self.padding = whole_number("padding", padding, at_least=0)
        self.rng = checked_generator(rng)

    def __call__(self, x: Any) -> Image:
        """Return a new image of the same shape."""
        image, p = _image(x), self.padding
        height, width, *channels = image.shape
        i, j = integers(-p, p + 1, 2, self.rng)
        padded = np.zeros((height + 2 * p, width + 2 * p, *channels), image.dtype)
        padded[p : p + height, p : p + width] = image
        return padded[p + i : p + i + height, p + j : p + j + width]


class Normalize(Transform):
    """Shifts and scales each channel: (x - mean) / std.

    `mean` and `std` are numbers, or have one number for each channel, which is the last axis.
    Images of a floating dtype keep it, others become float32. Raises `ValueError` unless std > 0.
    """

    def __init__(self, mean: Any, std: Any) -> None:
        self.mean, self.std = np.broadcast_arrays(
            np.asarray(mean, dtype=np.float64), np.asarray(std, dtype=np.float64)
        )
        if self.mean.ndim > 1:
            raise ValueError(f"mean and std have one number per channel, got {mean} and {std}")
        if not (np.all(self.std > 0) and np.all(np.isfinite([self.mean, self.std]))):
            raise ValueError(f"mean and std are finite and std is above 0, got {mean} and {std}")

    def __call__(self, x: Any) -> Image:
        """Return a new image of the same shape."""
        image = np.asarray(x)
        if self.mean.size not in (1, *image.shape[-1:]):
            raise ValueError(
                f"mean and std are of {self.mean.size} channels, the image has shape {image.shape}"
            )
        dtype = image.dtype if image.dtype.kind == "f" else np.dtype(np.float32)
        shifted: Image = image.astype(dtype, copy=False) - self.mean.astype(dtype)
        shifted /= self.std.astype(dtype)
        return shifted


def _image(x: Any) -> Image:
    """Return `x` as an array (H, W, C), or (H, W)."""
    image = np.asarray(x)
    if image.ndim not in (2, 3):
        raise ValueError(f"an image has shape (H, W, C) or (H, W), got {image.shape}")
    return image
