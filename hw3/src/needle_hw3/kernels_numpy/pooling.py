"""Pooling: the largest or the mean element in windows of images (N, H, W, C).

Which element was the largest is told by its *place*, the number `row * W + column` in its image, or
-1 for a window that lies outside of the image. With the places fixed, pooling is linear, and
`max_pool2d_gather` and `max_pool2d_gradient` are each other's derivatives.
"""

from __future__ import annotations

import numpy as np

from needle_hw3.kernels_numpy.floating import check_floating
from needle_hw3.kernels_numpy.view import Array, View, wrap
from needle_hw3.kernels_numpy.windows import Pair, Windows
from needle_hw3.layout import Shape, as_shape


def max_pool2d(
    x: View, size: Pair, stride: Pair, padding: Pair, dilation: Pair
) -> tuple[View, View]:
    """Return the largest element of each window and its place, both of shape (N, OH, OW, C).

    Padding is -inf. A nan is larger than all numbers; of equal elements the first one is chosen.
    """
    check_floating("max_pool2d", x)
    windows, shape = _check(x.shape, size, stride, padding, dilation)
    rows, columns = x.shape[1:3]
    numbers = np.arange(rows * columns).reshape(1, rows, columns, 1)
    images, numbers = windows.padded(x.array, -np.inf), windows.padded(numbers, -1)
    y, places = np.full(shape, -np.inf, x.array.dtype), np.full(shape, -1, np.int64)
    for _, at in windows.taps(x.shape[1:3]):
        value, number = images[at], np.broadcast_to(numbers[at], shape)
        larger = (value > y) | (np.isnan(value) & ~np.isnan(y)) | (places < 0)
        chosen = larger & (number >= 0)
        y, places = np.where(chosen, value, y), np.where(chosen, number, places)
    return wrap(y), wrap(places)


def max_pool2d_gather(x: View, places: View) -> View:
    """Return the elements of x at `places`, of shape (N, OH, OW, C); 0 for the place -1."""
    check_floating("max_pool2d_gather", x)
    numbers = _check_places(places, x.shape)
    n, rows, columns, channels = x.shape
    flat = x.array.reshape(n, rows * columns, channels)
    if numbers.size == 0 or flat.size == 0:
        return wrap(np.zeros(numbers.shape, x.array.dtype))
    inside = numbers.reshape(n, -1, channels)
    found = np.take_along_axis(flat, np.maximum(inside, 0), axis=1)
    return wrap(np.where(inside < 0, 0, found).reshape(numbers.shape))


def max_pool2d_gradient(dy: View, places: View, shape: Shape) -> View:
    """Return images of `shape` with every element of `dy` added at its place."""
    check_floating("max_pool2d_gradient", dy)
    numbers = _check_places(places, shape)
    shape = as_shape(shape)
    if dy.shape != places.shape:
        raise ValueError(f"gradients of shape {dy.shape} do not fit places of shape {places.shape}")
    n, rows, columns, channels = shape
    dx = np.zeros((n, rows * columns, channels), dy.array.dtype)
    found = numbers >= 0
    at = np.argwhere(found).T
    with np.errstate(all="ignore"):
        np.add.at(dx, (at[0], numbers[found], at[3]), dy.array[found])
    return wrap(dx.reshape(shape))


def avg_pool2d(x: View, size: Pair, stride: Pair, padding: Pair) -> View:
    """Return the mean of each window, of shape (N, OH, OW, C). Padding counts, as zeros."""
    check_floating("avg_pool2d", x)
    windows, shape = _check(x.shape, size, stride, padding, (1, 1))
    images, total = windows.padded(x.array, 0), np.zeros(shape, x.array.dtype)
    with np.errstate(all="ignore"):
        for _, place in windows.taps(x.shape[1:3]):
            total += images[place]
        return wrap(total / _area(windows, x.array))


def avg_pool2d_gradient(dy: View, shape: Shape, size: Pair, stride: Pair, padding: Pair) -> View:
    """Return images of `shape`: every element of `dy` shared out among its window."""
    check_floating("avg_pool2d_gradient", dy)
    shape = as_shape(shape)
    windows, expected = _check(shape, size, stride, padding, (1, 1))
    if dy.shape != expected:
        raise ValueError(
            f"images of shape {shape} have gradients of shape {expected}, not {dy.shape}"
        )
    images = windows.padded(np.zeros(shape, dy.array.dtype), 0)
    with np.errstate(all="ignore"):
        for _, place in windows.taps(shape[1:3]):
            images[place] += dy.array / _area(windows, dy.array)
    return wrap(windows.cropped(images))


def _area(windows: Windows, array: Array) -> Array:
    """Return the number of places in a window, in the dtype of `array`."""
    return array.dtype.type(windows.size[0] * windows.size[1])  # type: ignore[no-any-return]


def _check(
    images: Shape, size: Pair, stride: Pair, padding: Pair, dilation: Pair
) -> tuple[Windows, Shape]:
    """Return the windows, and the shape of the result."""
    if len(images) != 4:
        raise ValueError(f"images of shape {images} do not have 4 axes")
    windows = Windows(size, stride, padding, dilation)
    return windows, as_shape((images[0], *windows.counts(images[1:3]), images[3]))


def _check_places(places: View, images: Shape) -> Array:
    """Return the places, all of which lie inside of images of this shape."""
    if places.dtype != "int64":
        raise TypeError(f"places are of dtype int64, not {places.dtype}")
    images = as_shape(images)
    if len(images) != 4 or places.ndim != 4 or places.shape[::3] != images[::3]:
        raise ValueError(f"places of shape {places.shape} do not fit images of shape {images}")
    numbers: Array = places.array
    most = images[1] * images[2]
    wrong = numbers[(numbers < -1) | (numbers >= most)]
    if wrong.size:
        raise IndexError(f"place {wrong[0]} is not in images of {images[1]} x {images[2]}")
    return numbers
