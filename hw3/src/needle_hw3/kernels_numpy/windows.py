"""Windows that slide over the rows and columns of images (N, H, W, C)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from needle_hw3.kernels_numpy.view import Array

Pair = tuple[int, int]

_MOST = 2**31 - 1  # products of two of them fit into 64 bits on every device


class Windows(NamedTuple):
    """How windows lie on images: pairs, for rows and for columns."""

    size: Pair
    stride: Pair
    padding: Pair
    dilation: Pair

    def counts(self, image: tuple[int, ...]) -> Pair:
        """Return how many windows there are below and beside each other.

        Raises `ValueError`, naming the numbers, for settings that make no sense, and for windows
        that are larger than the padded image.
        """
        _check_pair("image of shape", image, 0, "negative")
        _check_pair("window of shape", self.size, 1, "empty")
        _check_pair("stride", self.stride, 1, "not positive")
        _check_pair("padding", self.padding, 0, "negative")
        _check_pair("dilation", self.dilation, 1, "not positive")
        rows, columns = (
            n + 2 * pad - (step * (size - 1) + 1)
            for n, size, pad, step in zip(
                image, self.size, self.padding, self.dilation, strict=True
            )
        )
        if rows < 0 or columns < 0:
            raise ValueError(
                f"windows of shape {self.size} and dilation {self.dilation} "
                f"do not fit into images of shape {image} and padding {self.padding}"
            )
        return rows // self.stride[0] + 1, columns // self.stride[1] + 1

    def padded(self, images: Array, value: float) -> Array:
        """Return the images with `value` around them."""
        (top, left) = self.padding
        widths = ((0, 0), (top, top), (left, left), (0, 0))
        return np.pad(images, widths, constant_values=value)

    def cropped(self, images: Array) -> Array:
        """Return the part of padded images that was there before."""
        (top, left), (rows, columns) = self.padding, images.shape[1:3]
        return images[:, top : rows - top, left : columns - left]

    def taps(self, image: tuple[int, ...]) -> Iterator[tuple[Pair, Any]]:
        """Yield each place in a window, and the index of what all windows have there.

        The index is for padded images.
        """
        counts = self.counts(image)
        for tap in np.ndindex(self.size):
            starts = [i * step for i, step in zip(tap, self.dilation, strict=True)]
            rows, columns = (
                slice(start, start + stride * (n - 1) + 1, stride)
                for start, stride, n in zip(starts, self.stride, counts, strict=True)
            )
            yield tap, (slice(None), rows, columns)


def _check_pair(name: str, pair: tuple[int, ...], least: int, otherwise: str) -> None:
    if len(pair) != 2:
        raise ValueError(f"{name} {pair} is not a pair")
    if min(pair) < least:
        raise ValueError(f"{name} {pair} is {otherwise}")
    if max(pair) > _MOST:
        raise ValueError(f"{name} {pair} is beyond {_MOST}")
