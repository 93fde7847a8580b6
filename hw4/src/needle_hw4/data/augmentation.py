"""Random transforms of whole batches of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from needle_hw2.data import Transform, active_generator
from needle_hw2.data.checks import whole_number
from needle_hw2.data.randomness import checked_generator

Images = np.ndarray[Any, Any]


class BatchTransform(Transform):
    """The base class of transforms that take many images at once: `batch(images)`.

    A subclass defines `batch`, and each image must come out as if it were alone; one image is
    then a batch of one.
    """

    def __call__(self, x: Any) -> Images:
        """Return the image (H, W, C) transformed."""
        image = np.asarray(x)
        if image.ndim != 3:
            raise ValueError(f"an image has shape (H, W, C), got {image.shape}")
        transformed: Images = self.batch(image[np.newaxis])[0]
        return transformed

    def batch(self, images: Images) -> Images:
        """Return the images (N, H, W, C) transformed."""
        raise NotImplementedError(f"{type(self).__name__}.batch")


class RandomCropFlip(BatchTransform):
    """Moves each image by up to `padding` pixels, fills up with zeros, and mirrors some.

    Each image has three draws (u, v, w) from [0, 1), of `rng`, or as other transforms of the
    batch's or the global generator. It is shifted as `RandomCrop` does it, with i = floor((2
    padding + 1) u) - padding rows and j, likewise of v, columns; then left and right are exchanged
    if w < p. Images of a batch draw one after another, so they are the same ones by one.

    Source: He et al., "Deep Residual Learning for Image Recognition", 2015, section 4.2, with
    padding 4 and p = 0.5.
    """

    def __init__(
        self, padding: int = 4, p: float = 0.5, *, rng: np.random.Generator | None = None
    ) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"the probability p lies in [0, 1], got {p}")
        self.padding = whole_number("padding", padding, at_least=0)
        self.p = p
        self.rng = checked_generator(rng)

    def batch(self, images: Images) -> Images:
        """Return new images (N, H, W, C), laid out in memory as the given ones are."""
        draws = self._draws(len(images))
        shifts = np.floor(draws[:, :2] * (2 * self.padding + 1)).astype(int) - self.padding
        mirrored = draws[:, 2] < self.p
        result = np.zeros_like(images)
        _, height, width, _ = images.shape
        for number, (i, j) in enumerate(shifts.tolist()):
            if abs(i) >= height or abs(j) >= width:
                continue
            # A view onto the result is mirrored, so that the move stays one copy.
            target = result[number, :, ::-1] if mirrored[number] else result[number]
            target[max(-i, 0) : height - i, max(-j, 0) : width - j] = images[
                number, max(i, 0) : height + i, max(j, 0) : width + j
            ]
        return result

    def _draws(self, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        rng = self.rng or active_generator()
        return np.random.rand(count, 3) if rng is None else rng.random((count, 3))  # noqa: NPY002
