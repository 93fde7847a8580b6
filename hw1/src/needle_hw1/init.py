"""Tensors made of constants and random numbers.

Random numbers follow the course: one draw per tensor from NumPy's global generator (seeded by
`np.random.seed`), in float64, scaled on the device and then converted to `dtype`. Given `rng`, they
come from that generator instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from needle_hw1.array_api import Array, DType, array_namespace, whole_numbers
from needle_hw1.device import Device, default_device
from needle_hw1.tensor import Tensor


def rand(
    *shape: int,
    low: float = 0.0,
    high: float = 1.0,
    device: Device | None = None,
    dtype: DType = "float32",
    requires_grad: bool = False,
    rng: np.random.Generator | None = None,
) -> Tensor:
    """Return uniform random numbers from [low, high)."""
    draw = _uniform(shape, device, rng)
    return _as_tensor(draw * (high - low) + low, dtype, requires_grad)


def randn(
    *shape: int,
    mean: float = 0.0,
    std: float = 1.0,
    device: Device | None = None,
    dtype: DType = "float32",
    requires_grad: bool = False,
    rng: np.random.Generator | None = None,
) -> Tensor:
    """Return normal random numbers of this mean and standard deviation."""
    device = device or default_device()
    draw = device.randn(*shape) if rng is None else device.array(rng.standard_normal(shape))
    return _as_tensor(draw * std + mean, dtype, requires_grad)


def randb(
    *shape: int,
    p: float = 0.5,
    device: Device | None = None,
    dtype: DType = "bool",
    requires_grad: bool = False,
    rng: np.random.Generator | None = None,
) -> Tensor:
    """Return random truth values that are true with probability p."""
    return _as_tensor(_uniform(shape, device, rng) <= p, dtype, requires_grad)


def constant(
    *shape: int,
    c: float = 1.0,
    device: Device | None = None,
    dtype: DType = "float32",
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor filled with c."""
    array = (device or default_device()).full(shape, c, dtype)
    return _as_tensor(array, dtype, requires_grad)


def ones(*shape: int, **options: Any) -> Tensor:
    """Return a tensor filled with 1; options as of `constant`."""
    return constant(*shape, c=1.0, **options)


def zeros(*shape: int, **options: Any) -> Tensor:
    """Return a tensor filled with 0; options as of `constant`."""
    return constant(*shape, c=0.0, **options)


def one_hot(
    n: int,
    i: Tensor | Array,
    device: Device | None = None,
    dtype: DType = "float32",
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor of shape `i.shape + (n,)`: 1 at index `i` of the last axis, else 0.

    `i` holds whole numbers from [0, n), of any dtype. Raises `TypeError` if one is not whole and
    `IndexError` if one is out of range.
    """
    indices = i.numpy() if isinstance(i, Tensor) else np.asarray(i)
    array = (device or default_device()).one_hot(n, whole_numbers(indices, "one_hot"), dtype)
    return _as_tensor(array, dtype, requires_grad)


def zeros_like(
    array: Tensor, *, device: Device | None = None, requires_grad: bool = False
) -> Tensor:
    """Return zeros of the shape and dtype of `array`, on its device or another."""
    return _filled_like(array, 0.0, device, requires_grad)


def ones_like(
    array: Tensor, *, device: Device | None = None, requires_grad: bool = False
) -> Tensor:
    """Return ones of the shape and dtype of `array`, on its device or another."""
    return _filled_like(array, 1.0, device, requires_grad)


def _filled_like(like: Tensor, value: float, device: Device | None, requires_grad: bool) -> Tensor:
    if device is not None:
        filled = device.full(like.shape, value, like.dtype)
    else:
        data = like.realize_cached_data()
        filled = array_namespace(data).full_like(data, value)
    return _as_tensor(filled, like.dtype, requires_grad)


def _uniform(
    shape: tuple[int, ...], device: Device | None, rng: np.random.Generator | None
) -> Array:
    device = device or default_device()
    return device.rand(*shape) if rng is None else device.array(rng.random(shape))


def _as_tensor(array: Array, dtype: DType, requires_grad: bool) -> Tensor:
    """Return a leaf that holds `array`, converted to `dtype` if it has another."""
    xp = array_namespace(array)
    array = xp.asarray(array)  # a 0-d draw came out of the arithmetic as a scalar
    if array.dtype != dtype:
        array = xp.astype(array, dtype)
    return Tensor.make_const(array, requires_grad=requires_grad)
