"""Convolutions of images, and their derivatives."""

from __future__ import annotations

from needle_hw3.layout import Shape, as_shape
from needle_hw3.ndarray import NDArray
from needle_hw3.neural.arguments import IntOrPair, pair
from needle_hw3.operands import check_same_device


def conv2d(
    x: NDArray,
    w: NDArray,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> NDArray:
    r"""Return the convolution of images `x` with filters `w`, a new array.

    .. math:: y_{nijk} = \sum_{a, b, c} x_{n, \, i s - p + a d, \, j s - p + b d, \, c} \, w_{abck}

    with the stride s, the padding p and the dilation d of each axis. Outside of the image x is
    zero. As everywhere in deep learning, this is a cross-correlation: w is not turned around.

    Parameters
    ----------
    x
        Images of shape (N, H, W, C), float32 or float64; any strides.
    w
        Filters of shape (KH, KW, C / groups, K), of the dtype of x.
    stride, padding, dilation
        Numbers for both axes, or pairs (rows, columns).
    groups
        Into how many parts the channels and the filters are cut; part g of the channels meets part
        g of the filters only.

    Returns
    -------
    NDArray
        Of shape (N, OH, OW, K), where OH = (H + 2 p - d (KH - 1) - 1) // s + 1, and OW alike.

    Raises
    ------
    TypeError
        For two dtypes, and for dtypes that are not floating.
    ValueError
        For sizes that do not fit, and for arrays on two devices.
    """
    check_same_device(x, w)
    kernel = x._device.kernels.conv2d
    return x._new(kernel(x._view, w._view, pair(stride), pair(padding), pair(dilation), groups))


def conv2d_input_gradient(
    dy: NDArray,
    w: NDArray,
    shape: Shape,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> NDArray:
    """Return the gradient of the images of `conv2d`, which had this shape, a new array.

    `dy` is the gradient of the result. The other arguments are those of `conv2d`, as are the
    errors. Linear in `dy` and in `w`: for all x, the sum of `conv2d(x, w) * dy` is that of `x`
    times this.
    """
    check_same_device(dy, w)
    settings = pair(stride), pair(padding), pair(dilation), groups
    kernel = dy._device.kernels.conv2d_input_gradient
    return dy._new(kernel(dy._view, w._view, as_shape(shape), *settings))


def conv2d_weight_gradient(
    x: NDArray,
    dy: NDArray,
    shape: Shape,
    stride: IntOrPair = 1,
    padding: IntOrPair = 0,
    dilation: IntOrPair = 1,
    groups: int = 1,
) -> NDArray:
    """Return the gradient of the filters of `conv2d`, which had this shape, a new array.

    `dy` is the gradient of the result. The other arguments are those of `conv2d`, as are the
    errors. Linear in `x` and in `dy`: for all w, the sum of `conv2d(x, w) * dy` is that of `w`
    times this.
    """
    check_same_device(x, dy)
    settings = pair(stride), pair(padding), pair(dilation), groups
    kernel = x._device.kernels.conv2d_weight_gradient
    return x._new(kernel(x._view, dy._view, as_shape(shape), *settings))
