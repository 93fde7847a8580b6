"""Reductions and matrix products of arrays: axes are normalised, then a kernel does the work."""

from __future__ import annotations

from typing import Any

from needle_hw3.dtypes import promote
from needle_hw3.layout import Axes, Layout, broadcast_shapes, expand, normalize_axes, squeeze
from needle_hw3.operands import check_same_device
from needle_hw3.storage import S


def reduce(name: str, x: S, axis: Axes = None, keepdims: bool = False) -> S:
    """Return the kernel `name` of x over `axis`: some axes, one, or all of them if None.

    The axes are dropped, or kept with size 1 if `keepdims`.
    """
    axes = normalize_axes(axis, x.ndim)
    return x._new(getattr(x._device.kernels, name)(x._view, axes, bool(keepdims)))


def matmul(a: S, b: Any) -> S:
    """Return the matrix product over the last two axes; other axes are batches and broadcast.

    A vector counts as a row on the left and as a column on the right, and its axis is dropped.
    """
    check_same_device(a, b)
    if a._view.ndim > 1 < b._view.ndim:
        try:
            return a._new(a._device.kernels.matmul(a._view, b._view))
        except (TypeError, ValueError):
            pass  # of two dtypes, or an error that is named below
    _check_shapes(a, b)
    dtype = promote(a.dtype, b.dtype)
    left, right = a._cast(dtype), b._cast(dtype)
    if a.ndim == 1:
        left = left._as(expand(left._layout, 0))
    if b.ndim == 1:
        right = right._as(expand(right._layout, 1))
    result = a._new(a._device.kernels.matmul(left._view, right._view))
    if a.ndim > 1 and b.ndim > 1:
        return result
    layout: Layout = result._layout
    if b.ndim == 1:
        layout = squeeze(layout, -1)
    if a.ndim == 1:
        layout = squeeze(layout, -1 if b.ndim == 1 else -2)
    return result._as(layout)


def _check_shapes(a: Any, b: Any) -> None:
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(f"matmul takes no 0-d arrays, got shapes {a.shape} and {b.shape}")
    rows = b.shape[0 if b.ndim == 1 else -2]
    if a.shape[-1] != rows:
        raise ValueError(
            f"shapes {a.shape} and {b.shape} do not multiply: "
            f"the left has {a.shape[-1]} columns and the right {rows} rows"
        )
    broadcast_shapes(a.shape[:-2], b.shape[:-2])
