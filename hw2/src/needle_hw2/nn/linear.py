"""Layers that reorder or combine features linearly."""

from __future__ import annotations

import math

from needle_hw1 import Device, Tensor
from needle_hw1.array_api import DType
from needle_hw2 import init, ops
from needle_hw2.nn.module import Module, Parameter


class Identity(Module):
    """The input itself."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x."""
        return x


class Linear(Module):
    r"""An affine map of the last axis.

    .. math:: y = x W + b

    x has shape (..., `in_features`) and y (..., `out_features`). `weight` W has shape
    (in_features, out_features) and is drawn first, by `kaiming_uniform`; `bias` b has shape
    (1, out_features) and is drawn as weights with fan_in `out_features`, or is None.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Device | None = None,
        dtype: DType = "float32",
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(
            init.kaiming_uniform(in_features, out_features, device=device, dtype=dtype)
        )
        self.bias = None
        if bias:
            column = init.kaiming_uniform(out_features, 1, device=device, dtype=dtype)
            self.bias = Parameter(column.reshape((1, out_features)))

    def forward(self, x: Tensor) -> Tensor:
        """Return x W + b."""
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise ValueError(
                f"Linear({self.extra_repr()}) takes {self.in_features} features, "
                f"got {x.shape[-1] if x.ndim else 'none'}: an input of shape {x.shape}"
            )
        if self.bias is None:
            return x @ self.weight
        return ops.affine(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the sizes."""
        bias = "" if self.bias is not None else ", bias=False"
        return f"{self.in_features}, {self.out_features}{bias}"


class Flatten(Module):
    """All axes but the first as one: (B, ...) becomes (B, product of the rest)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x as a matrix."""
        if x.ndim == 0:
            raise ValueError("Flatten takes a batch, got a 0-d tensor")
        batch, *rest = x.shape
        return x.reshape((batch, math.prod(rest)))
