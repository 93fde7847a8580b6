"""Elementwise operations: the operands are brought to one dtype, then a kernel does the work.

A kernel refuses operands whose dtypes differ, or that it is not defined for, before it does
anything. Most operands fit, so the kernel is asked first, and promotion comes after a refusal.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from needle_hw3.dtypes import (
    NUMBERS,
    as_number,
    dtype_beside,
    floating,
    int64,
    promote,
)
from needle_hw3.layout import broadcast_shapes
from needle_hw3.storage import S, Storage

OF_FLOATS = frozenset([
    "sqrt", "reciprocal", "exp", "expm1", "exp2", "log", "log1p", "log2", "log10",
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
    "isnan", "isinf", "isfinite", "signbit",
    "divide", "atan2", "hypot", "copysign", "logaddexp", "nextafter",
])  # fmt: skip
"""The kernels that are defined for floats alone; other arrays become float32 for them."""

COMPARISONS = frozenset(["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"])


def unary(name: str, x: S) -> S:
    """Return the kernel `name` of the array x."""
    kernel = getattr(x._device.kernels, name)
    try:
        return x._new(kernel(x._view))
    except TypeError:
        if name not in OF_FLOATS or x.dtype.kind == "f":
            raise
        return x._new(kernel(x._cast(floating(x.dtype))._view))


def binary(name: str, a: S, b: Any, reflected: bool = False) -> S:
    """Return the kernel `name` of a and b, or of b and a if `reflected`; b may be a number."""
    if isinstance(b, NUMBERS):
        return _binary_scalar(name, a, b, reflected)
    check_same_device(a, b)
    dtype = promote(a.dtype, b.dtype)
    if name in OF_FLOATS:
        dtype = floating(dtype)
    left, right = (b, a) if reflected else (a, b)
    kernel = getattr(a._device.kernels, name)
    return a._new(kernel(left._cast(dtype)._view, right._cast(dtype)._view))


def _binary_scalar(name: str, a: S, number: Any, reflected: bool) -> S:
    dtype = dtype_beside(a.dtype, number)
    if name in OF_FLOATS:
        dtype = floating(dtype)
    try:
        value = as_number(number, dtype)
    except OverflowError:
        if name not in COMPARISONS:
            raise
        dtype = int64
        value = as_number(number, dtype)
    kernel = getattr(a._device.kernels, f"{name}_scalar")
    return a._new(kernel(a._cast(dtype)._view, value, reflected))


def update(name: str, x: S, other: Any) -> S:
    """Set x to the kernel `name` of x and `other`, an array or a number, and return x.

    Raises `TypeError` if the result is of a higher kind than the dtype of x, and `ValueError` if
    it is of another shape.
    """
    dtype = x.dtype
    other_dtype = dtype_beside(dtype, other) if isinstance(other, NUMBERS) else other.dtype
    result = floating(promote(dtype, other_dtype)) if name in OF_FLOATS else other_dtype
    if not np.can_cast(result, dtype, "same_kind"):
        raise TypeError(f"{name} in place gives {result}, which {dtype} does not hold")
    if isinstance(other, NUMBERS):
        operand = x._device.full((), other, dtype)._view
    else:
        check_same_device(x, other)
        if broadcast_shapes(x.shape, other.shape) != x.shape:
            raise ValueError(f"{name} in place of shapes {x.shape} and {other.shape}")
        operand = other._cast(dtype)._view
    getattr(x._device.kernels, f"{name}_into")(x._view, x._view, operand)
    return x


def where(condition: S, a: Any, b: Any) -> S:
    """Return a where the bool array `condition` is true and b elsewhere; one may be a number."""
    arrays = [x for x in (a, b) if not isinstance(x, NUMBERS)]
    check_same_device(condition, *arrays)
    if arrays:
        dtype = promote(*(x.dtype for x in arrays))
    else:
        dtype = dtype_beside(dtype_beside(np.dtype(bool), a), b)
    for x in (a, b):
        dtype = dtype_beside(dtype, x) if isinstance(x, NUMBERS) else dtype
    device = condition._device
    views = [
        device.full((), x, dtype)._view if isinstance(x, NUMBERS) else x._cast(dtype)._view
        for x in (a, b)
    ]
    return condition._new(device.kernels.where(condition._view, *views))


def check_same_device(*arrays: Any) -> None:
    """Raise `TypeError` for what is no array, `ValueError` for arrays of two devices."""
    for array in arrays:
        try:
            if array._device is arrays[0]._device:
                continue
        except AttributeError:
            wrong = next(each for each in arrays if not isinstance(each, Storage))
            kind = type(wrong).__name__
            raise TypeError(f"{kind} is no array of needle_hw3 and no number") from None
        raise ValueError(
            f"arrays must live on one device, not on {arrays[0]._device} and {array._device}"
        )
