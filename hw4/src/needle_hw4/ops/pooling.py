"""Pooling of images of shape (N, H, W, C): a number for each window."""

from __future__ import annotations

from needle_hw1.array_api import Array, Shape
from needle_hw1.tensor_op import T, Tensor, TensorOp
from needle_hw4.ops.kernels import kernels_of
from needle_hw4.ops.windows import Pair, pair


class MaxPool2d(TensorOp):
    """The largest element of each window; the first of equals, and nan if there is one.

    The gradient goes to that element alone. Around the image there is nothing to choose.
    """

    def __init__(
        self, size: Pair, stride: Pair | None = None, padding: Pair = 0, dilation: Pair = 1
    ) -> None:
        self.size = pair("size", size, 1)
        self.stride = self.size if stride is None else pair("stride", stride, 1)
        self.padding = pair("padding", padding, 0)
        self.dilation = pair("dilation", dilation, 1)
        self._known: tuple[Array | None, Array | None] = (None, None)

    def compute(self, x: Array) -> Array:
        y, places = kernels_of(self, x).max_pool2d(
            x, self.size, self.stride, self.padding, self.dilation
        )
        self._known = x, places
        return y

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        (x,) = node.inputs
        array = x.realize_cached_data()
        if self._known[0] is not array:  # the op was used again in the meantime
            self.compute(array)
        return MaxPoolGradient(self._known[1], x.shape)(out_grad)


class MaxPoolGradient(TensorOp):
    """Each element of y at its place in an image of `shape`; those of one place are added."""

    def __init__(self, places: Array, shape: Shape) -> None:
        self.places = places
        self.shape = shape

    def compute(self, y: Array) -> Array:
        return kernels_of(self, y).max_pool2d_gradient(y, self.places, self.shape)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return MaxPoolGather(self.places)(out_grad)


class MaxPoolGather(TensorOp):
    """The elements of an image at the places of the largest ones of another."""

    def __init__(self, places: Array) -> None:
        self.places = places

    def compute(self, x: Array) -> Array:
        return kernels_of(self, x).max_pool2d_gather(x, self.places)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return MaxPoolGradient(self.places, node.inputs[0].shape)(out_grad)


class AvgPool2d(TensorOp):
    """The mean of each window, in which what is around the image counts as zeros."""

    def __init__(self, size: Pair, stride: Pair | None = None, padding: Pair = 0) -> None:
        self.size = pair("size", size, 1)
        self.stride = self.size if stride is None else pair("stride", stride, 1)
        self.padding = pair("padding", padding, 0)

    def compute(self, x: Array) -> Array:
        return kernels_of(self, x).avg_pool2d(x, self.size, self.stride, self.padding)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        shape = node.inputs[0].shape
        return AvgPoolGradient(shape, self.size, self.stride, self.padding)(out_grad)


class AvgPoolGradient(TensorOp):
    """Each element of y spread evenly over its window of an image of `shape`."""

    def __init__(self, shape: Shape, size: Pair, stride: Pair, padding: Pair) -> None:
        self.shape = shape
        self.size, self.stride, self.padding = size, stride, padding

    def compute(self, y: Array) -> Array:
        kernels = kernels_of(self, y)
        return kernels.avg_pool2d_gradient(y, self.shape, self.size, self.stride, self.padding)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return avg_pool2d(out_grad, self.size, self.stride, self.padding)


def max_pool2d(
    a: T, size: Pair, stride: Pair | None = None, padding: Pair = 0, dilation: Pair = 1
) -> T:
    """Return the largest element of each window of images `a`, of shape (N, H, W, C).

    Windows are `size` high and wide and `stride` apart, by default side by side. The result has
    the sizes of a convolution's. Raises `ValueError` if a window does not fit.
    """
    return MaxPool2d(size, stride, padding, dilation)(a)


def avg_pool2d(a: T, size: Pair, stride: Pair | None = None, padding: Pair = 0) -> T:
    """Return the mean of each window of images `a`, of shape (N, H, W, C); see `max_pool2d`.

    Zeros around the image count, as with PyTorch.
    """
    return AvgPool2d(size, stride, padding)(a)
