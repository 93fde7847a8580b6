"""Pooling of images: the largest or the mean element of windows that slide over them."""

from __future__ import annotations

from needle_hw3.layout import Shape, as_shape
from needle_hw3.ndarray import NDArray
from needle_hw3.neural.arguments import IntOrPair, pair
from needle_hw3.operands import check_same_device


def max_pool2d(
    x: NDArray,
    size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
) -> tuple[NDArray, NDArray]:
    """Return the largest element of each window, and its place, both of shape (N, OH, OW, C).

    A place is the number `row * W + column` in its image, of int64; of equal elements it is that of
    the first one. A nan is larger than every number. Padding is -inf and never chosen, so a window
    that lies outside of the image has the place -1.

    Parameters
    ----------
    x
        Images of shape (N, H, W, C), float32 or float64; any strides.
    size, stride, padding, dilation
        Numbers for both axes, or pairs (rows, columns). Without `stride`, windows do not overlap.

    Raises
    ------
    TypeError
        For dtypes that are not floating.
    ValueError
        For sizes that do not fit.
    """
    check_same_device(x)
    stride = size if stride is None else stride
    settings = pair(size), pair(stride), pair(padding), pair(dilation)
    y, places = x._device.kernels.max_pool2d(x._view, *settings)
    return x._new(y), x._new(places)


def max_pool2d_gather(x: NDArray, places: NDArray) -> NDArray:
    """Return the elements of x at `places`, which `max_pool2d` returned; 0 for the place -1.

    Raises `IndexError` for a place that is not in the image.
    """
    check_same_device(x, places)
    return x._new(x._device.kernels.max_pool2d_gather(x._view, places._view))


def max_pool2d_gradient(dy: NDArray, places: NDArray, shape: Shape) -> NDArray:
    """Return images of `shape`, zero but for the elements of `dy`, added at their places.

    This is the gradient of the images of `max_pool2d`, and of `max_pool2d_gather`. Raises
    `IndexError` for a place that is not in the image.
    """
    check_same_device(dy, places)
    kernel = dy._device.kernels.max_pool2d_gradient
    return dy._new(kernel(dy._view, places._view, as_shape(shape)))


def avg_pool2d(
    x: NDArray,
    size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
) -> NDArray:
    """Return the mean of each window, of shape (N, OH, OW, C). Padding counts, as zeros.

    Arguments and errors are those of `max_pool2d`.
    """
    check_same_device(x)
    stride = size if stride is None else stride
    settings = pair(size), pair(stride), pair(padding)
    return x._new(x._device.kernels.avg_pool2d(x._view, *settings))


def avg_pool2d_gradient(
    dy: NDArray,
    shape: Shape,
    size: IntOrPair,
    stride: IntOrPair | None = None,
    padding: IntOrPair = 0,
) -> NDArray:
    """Return the gradient of the images of `avg_pool2d`, which had this shape.

    Each element of `dy` is shared out among its window.
    """
    check_same_device(dy)
    stride = size if stride is None else stride
    settings = pair(size), pair(stride), pair(padding)
    kernel = dy._device.kernels.avg_pool2d_gradient
    return dy._new(kernel(dy._view, as_shape(shape), *settings))
