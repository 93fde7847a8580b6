r"""Tensors of constants and random numbers, and the initial weights of layers.

With fan_in inputs and fan_out outputs of each unit, these keep the variance of activations
(Kaiming), or of activations and gradients together (Xavier), from layer to layer:

============== ===================================================== ============================
function       draws                                                 source
============== ===================================================== ============================
xavier_uniform :math:`U(-a, a),\ a = g \sqrt{6 / (fan_{in} + fan_{out})}` Glorot and Bengio, 2010
xavier_normal  :math:`N(0, s^2),\ s = g \sqrt{2 / (fan_{in} + fan_{out})}` the same
kaiming_uniform :math:`U(-a, a),\ a = g \sqrt{3 / fan_{in}}`         He et al., 2015
kaiming_normal :math:`N(0, s^2),\ s = g / \sqrt{fan_{in}}`           the same
============== ===================================================== ============================

The gain g makes up for what a nonlinearity takes: see `gain`. Each makes one draw, by the rules of
`needle_hw1.init`, and forwards `device`, `dtype`, `requires_grad` and `rng` to it.
"""

from __future__ import annotations

import math
from typing import Any

from needle_hw1 import Tensor
from needle_hw1.array_api import Shape
from needle_hw1.init import constant as constant
from needle_hw1.init import one_hot as one_hot
from needle_hw1.init import ones as ones
from needle_hw1.init import ones_like as ones_like
from needle_hw1.init import rand as rand
from needle_hw1.init import randb as randb
from needle_hw1.init import randn as randn
from needle_hw1.init import zeros as zeros
from needle_hw1.init import zeros_like as zeros_like

_GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2)}


def gain(nonlinearity: str) -> float:
    """Return the factor for weights in front of `nonlinearity`, as `torch.nn.init` has it.

    It is sqrt(2) for "relu", which zeroes half of its inputs, 5/3 for "tanh", and 1 for "sigmoid"
    and "linear". Raises `ValueError` for another name.
    """
    if nonlinearity not in _GAINS:
        raise ValueError(f"no nonlinearity {nonlinearity!r}: choose one of {', '.join(_GAINS)}")
    return _GAINS[nonlinearity]


def fans(shape: Shape) -> tuple[int, int]:
    """Return (fan_in, fan_out) of weights: how many numbers each unit takes, and gives to.

    The last two axes are inputs and outputs, as in a `Linear` layer's (in, out); axes before them
    are positions of a convolution kernel, (height, width, in, out), and multiply both. Raises
    `ValueError` for fewer than two axes.
    """
    if len(shape) < 2:
        raise ValueError(f"fans are those of weights with at least two axes, got shape {shape}")
    *positions, inputs, outputs = shape
    window = math.prod(positions)
    return window * inputs, window * outputs


def xavier_uniform(
    fan_in: int | None = None,
    fan_out: int | None = None,
    gain: float = 1.0,
    *,
    shape: Shape | None = None,
    **options: Any,
) -> Tensor:
    """Return weights of `shape`, by default (fan_in, fan_out); see the module for the formula.

    Fans that are not given are those of `shape`.
    """
    shape, fan_in, fan_out = _sizes(shape, fan_in, fan_out)
    bound = gain * math.sqrt(6 / (fan_in + fan_out))
    return rand(*shape, low=-bound, high=bound, **options)


def xavier_normal(
    fan_in: int | None = None,
    fan_out: int | None = None,
    gain: float = 1.0,
    *,
    shape: Shape | None = None,
    **options: Any,
) -> Tensor:
    """Return weights of `shape`, by default (fan_in, fan_out); see the module for the formula.

    Fans that are not given are those of `shape`.
    """
    shape, fan_in, fan_out = _sizes(shape, fan_in, fan_out)
    std = gain * math.sqrt(2 / (fan_in + fan_out))
    return randn(*shape, mean=0.0, std=std, **options)


def kaiming_uniform(
    fan_in: int | None = None,
    fan_out: int | None = None,
    nonlinearity: str = "relu",
    *,
    shape: Shape | None = None,
    **options: Any,
) -> Tensor:
    """Return weights of `shape`, by default (fan_in, fan_out); see the module for the formula.

    Fans that are not given are those of `shape`; `nonlinearity` chooses the gain.
    """
    shape, fan_in, _ = _sizes(shape, fan_in, fan_out)
    bound = gain(nonlinearity) * math.sqrt(3 / fan_in)
    return rand(*shape, low=-bound, high=bound, **options)


def kaiming_normal(
    fan_in: int | None = None,
    fan_out: int | None = None,
    nonlinearity: str = "relu",
    *,
    shape: Shape | None = None,
    **options: Any,
) -> Tensor:
    """Return weights of `shape`, by default (fan_in, fan_out); see the module for the formula.

    Fans that are not given are those of `shape`; `nonlinearity` chooses the gain.
    """
    shape, fan_in, _ = _sizes(shape, fan_in, fan_out)
    std = gain(nonlinearity) / math.sqrt(fan_in)
    return randn(*shape, mean=0.0, std=std, **options)


def _sizes(shape: Shape | None, fan_in: int | None, fan_out: int | None) -> tuple[Shape, int, int]:
    """Return the shape and both fans, of what was given."""
    if shape is None:
        if fan_in is None or fan_out is None:
            raise ValueError(f"weights need a shape or both fans, got {fan_in} and {fan_out}")
        shape = (fan_in, fan_out)
    elif fan_in is None or fan_out is None:
        inputs, outputs = fans(shape)
        fan_in = inputs if fan_in is None else fan_in
        fan_out = outputs if fan_out is None else fan_out
    if fan_in < 1 or fan_out < 1:
        raise ValueError(f"fans are at least 1, got fan_in {fan_in} and fan_out {fan_out}")
    return shape, fan_in, fan_out
