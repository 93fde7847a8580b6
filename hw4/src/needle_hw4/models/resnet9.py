"""A residual network with nine layers of weights, for images of 32 x 32 pixels."""

from __future__ import annotations

from needle_hw1 import Device, Tensor
from needle_hw1.array_api import DType
from needle_hw4 import nn


def ConvBN(  # noqa: N802 -- it stands where a class could
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int,
    device: Device | None = None,
    dtype: DType = "float32",
) -> nn.Sequential:
    """Return a convolution, batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv(in_channels, out_channels, kernel_size, stride, device=device, dtype=dtype),
        nn.BatchNorm2d(out_channels, device=device, dtype=dtype),
        nn.ReLU(),
    )


class ResNet9(nn.Module):
    """From images (N, 3, 32, 32) to logits (N, 10), with 431,946 parameters.

    The layers, in the order in which their parameters are drawn, with channels in and out, kernel
    size and stride of each `ConvBN`; they make the image smaller, 32 to 8, 4, 2 and 1 pixels wide:

    1. ConvBN 3, 16, 7, 4; ConvBN 16, 32, 3, 2
    2. a residual block: `Residual` of two ConvBN 32, 32, 3, 1
    3. ConvBN 32, 64, 3, 2; ConvBN 64, 128, 3, 2
    4. a residual block of two ConvBN 128, 128, 3, 1
    5. Flatten; Linear 128, 128; ReLU; Linear 128, 10

    The attribute `model` is a module of all of them, such as a `Sequential`.
    """

    def __init__(self, device: Device | None = None, dtype: DType = "float32") -> None:
        super().__init__()

        def conv(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
            return ConvBN(inputs, outputs, kernel, stride, device, dtype)

        def block(channels: int) -> nn.Residual:
            layers = (conv(channels, channels, 3, 1) for _ in range(2))
            return nn.Residual(nn.Sequential(*layers))

        self.model = nn.Sequential(
            conv(3, 16, 7, 4),
            conv(16, 32, 3, 2),
            block(32),
            conv(32, 64, 3, 2),
            conv(64, 128, 3, 2),
            block(128),
            nn.Flatten(),
            nn.Linear(128, 128, device=device, dtype=dtype),
            nn.ReLU(),
            nn.Linear(128, 10, device=device, dtype=dtype),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, (N, 10)."""
        logits: Tensor = self.model(x)
        return logits
