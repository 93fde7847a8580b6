"""Convolutions of images (N, H, W, C) with filters (KH, KW, C / groups, K).

A convolution is a product of matrices for each tap of the filters: that of the pixels which the tap
meets with the tap's own matrix. Each function is linear in each operand, and the three are each
other's derivatives.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from needle_hw3.kernels_numpy.floating import check_floating
from needle_hw3.kernels_numpy.view import Array, View, wrap
from needle_hw3.kernels_numpy.windows import Pair, Windows
from needle_hw3.layout import Shape, as_shape


def conv2d(x: View, w: View, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> View:
    """Return y[n, i, j, k] = sum over a, b, c of x[n, row(i, a), column(j, b), c] w[a, b, c, k].

    Row (i, a) is i stride - padding + a dilation, and columns are alike; outside of the image x is
    zero. The shape is (N, OH, OW, K). With groups, each part of the channels meets its own part of
    the filters.
    """
    check_floating("conv2d", x, w)
    windows, shape = _check(x.shape, w.shape, stride, padding, dilation, groups)
    images, y = windows.padded(x.array, 0), np.zeros(shape, x.array.dtype)
    with np.errstate(all="ignore"):
        for tap, place in windows.taps(x.shape[1:3]):
            y += _each_group(np.matmul, images[place], w.array[tap], groups)
    return wrap(y)


def conv2d_input_gradient(
    dy: View,
    w: View,
    shape: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> View:
    """Return what `conv2d` hands back to images of `shape`, if `dy` is the gradient of its result.

    Each tap hands its part back to the pixels that it met.
    """
    check_floating("conv2d_input_gradient", dy, w)
    shape = as_shape(shape)
    windows = _check_gradient(dy.shape, shape, w.shape, stride, padding, dilation, groups)
    images = windows.padded(np.zeros(shape, dy.array.dtype), 0)
    with np.errstate(all="ignore"):
        for tap, place in windows.taps(shape[1:3]):
            images[place] += _each_group(_times_transpose, dy.array, w.array[tap], groups)
    return wrap(windows.cropped(images))


def conv2d_weight_gradient(
    x: View,
    dy: View,
    shape: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> View:
    """Return what `conv2d` hands back to filters of `shape`, if `dy` is the gradient of its result.

    The gradient of a tap is the product of the pixels that it met and of what they led to.
    """
    check_floating("conv2d_weight_gradient", x, dy)
    shape = as_shape(shape)
    windows = _check_gradient(dy.shape, x.shape, shape, stride, padding, dilation, groups)
    images, dw = windows.padded(x.array, 0), np.zeros(shape, x.array.dtype)
    with np.errstate(all="ignore"):
        for tap, place in windows.taps(x.shape[1:3]):
            dw[tap] = _each_group(_transpose_times, images[place], dy.array, groups)
    return wrap(dw)


def _times_transpose(a: Array, b: Array) -> Array:
    product: Array = a @ b.T
    return product


def _transpose_times(a: Array, b: Array) -> Array:
    """Return the sum over all pixels of their products, for any number of them."""
    product: Array = np.tensordot(a, b, axes=((0, 1, 2), (0, 1, 2)))
    return product


def _each_group(
    function: Callable[[Array, Array], Array], a: Array, b: Array, groups: int
) -> Array:
    """Return `function` of the parts of the last axes, side by side."""
    parts = zip(np.split(a, groups, axis=-1), np.split(b, groups, axis=-1), strict=True)
    return np.concatenate([function(p, q) for p, q in parts], axis=-1)


def _check(
    images: Shape,
    filters: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> tuple[Windows, Shape]:
    """Return the windows, and the shape of the result."""
    texts = f"images of shape {images} and filters of shape {filters}"
    if len(images) != 4 or len(filters) != 4:
        raise ValueError(f"{texts} do not have 4 axes each")
    if groups < 1:
        raise ValueError(f"groups {groups} is not positive")
    if images[3] != filters[2] * groups or filters[3] % groups:
        raise ValueError(
            f"{texts} do not fit with groups {groups}: channels are {images[3]}, "
            f"filters take {filters[2]} and there are {filters[3]}"
        )
    windows = Windows((filters[0], filters[1]), stride, padding, dilation)
    return windows, as_shape((images[0], *windows.counts(images[1:3]), filters[3]))


def _check_gradient(
    dy: Shape,
    images: Shape,
    filters: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> Windows:
    windows, expected = _check(images, filters, stride, padding, dilation, groups)
    if dy != expected:
        raise ValueError(
            f"images of shape {images} and filters of shape {filters} "
            f"have gradients of shape {expected}, not {dy}"
        )
    return windows
