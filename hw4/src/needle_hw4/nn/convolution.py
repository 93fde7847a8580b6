"""Convolution and pooling of images, (N, C, H, W)."""

from __future__ import annotations

import math

from needle_hw1 import Device, Tensor
from needle_hw1.array_api import DType
from needle_hw2 import init
from needle_hw2.nn import Module, Parameter
from needle_hw4 import ops
from needle_hw4.ops.windows import Pair, pair


class Conv(Module):
    r"""A convolution of images of shape (N, `in_channels`, H, W), with square kernels.

    .. math:: y_{nkij} = b_k + \sum_{c,u,v} x_{n,\, c,\, s i + d u - p,\, s j + d v - p} \, w_{uvck}

    `weight` has shape (kernel_size, kernel_size, in_channels / groups, out_channels) and is drawn
    first, by `kaiming_uniform` with fan_in = kernel_size^2 in_channels / groups; `bias`, of shape
    (out_channels,), is drawn from U(-1/sqrt(fan_in), 1/sqrt(fan_in)), or is None.

    Parameters
    ----------
    padding
        Zeros on each side; by default kernel_size // 2, so that with stride 1 and an odd kernel the
        result is as large as the image.
    kernel_size, stride
        Of a tuple, the first number counts.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        bias: bool = True,
        device: Device | None = None,
        dtype: DType = "float32",
        *,
        padding: Pair | None = None,
        dilation: Pair = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair("kernel_size", _first(kernel_size), 1)[0]
        self.stride = pair("stride", _first(stride), 1)[0]
        self.padding = pair("padding", self.kernel_size // 2 if padding is None else padding, 0)
        self.dilation = pair("dilation", dilation, 1)
        self.groups = groups
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"groups {groups} do not divide {in_channels} and {out_channels} channels"
            )
        inputs = in_channels // groups
        fan_in = inputs * self.kernel_size**2
        shape = (self.kernel_size, self.kernel_size, inputs, out_channels)
        fan_out = out_channels * self.kernel_size**2
        self.weight = Parameter(
            init.kaiming_uniform(fan_in, fan_out, shape=shape, device=device, dtype=dtype)
        )
        self.bias = None
        if bias:
            bound = 1 / math.sqrt(fan_in)
            self.bias = Parameter(
                init.rand(out_channels, low=-bound, high=bound, device=device, dtype=dtype)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of x, of shape (N, out_channels, OH, OW).

        In memory it lies as (N, OH, OW, out_channels): the kernels read and write the channels of
        a pixel together, and the axes are only named in the other order.
        """
        if x.ndim != 4 or x.shape[1] != self.in_channels:
            raise ValueError(
                f"Conv({self.extra_repr()}) takes images of shape (N, {self.in_channels}, H, W), "
                f"got {x.shape}"
            )
        y = ops.conv(
            to_channels_last(x), self.weight, self.stride, self.padding, self.dilation, self.groups
        )
        return to_channels_first(y if self.bias is None else y + self.bias)

    def extra_repr(self) -> str:
        """Return the sizes."""
        bias = "" if self.bias is not None else ", bias=False"
        return (
            f"{self.in_channels}, {self.out_channels}, {self.kernel_size}, "
            f"stride={self.stride}{bias}"
        )


class Pooling(Module):
    """What both kinds of pooling share: windows `kernel_size` wide, `stride` apart."""

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool2d(Pooling):
    """The largest element of each window of images (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the maxima, of shape (N, C, OH, OW)."""
        pixels = to_channels_last(x)
        return to_channels_first(
            ops.max_pool2d(pixels, self.kernel_size, self.stride, self.padding)
        )


class AvgPool2d(Pooling):
    """The mean of each window of images (N, C, H, W); zeros around them count."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the means, of shape (N, C, OH, OW)."""
        pixels = to_channels_last(x)
        return to_channels_first(
            ops.avg_pool2d(pixels, self.kernel_size, self.stride, self.padding)
        )


def to_channels_last(x: Tensor) -> Tensor:
    """Return images (N, C, H, W) as (N, H, W, C), without a copy."""
    if x.ndim != 4:
        raise ValueError(f"images have shape (N, C, H, W), got {x.shape}")
    return ops.permute(x, (0, 2, 3, 1))


def to_channels_first(x: Tensor) -> Tensor:
    """Return images (N, H, W, C) as (N, C, H, W), without a copy."""
    return ops.permute(x, (0, 3, 1, 2))


def _first(size: int | tuple[int, ...]) -> int:
    return size[0] if isinstance(size, tuple) else size
