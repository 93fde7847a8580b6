"""Reductions, matrix products and sorting: operations along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from needle_hw3.kernels_numpy.view import View, check_axis, wrap

TILE = 8
"""The side of the tiles of `matmul_tiled`."""


def _accumulator(a: View) -> Any:
    """Return the dtype in which elements of `a` are added up: int64, but floats in their own."""
    return a.array.dtype if a.array.dtype.kind == "f" else np.int64


def sum(a: View, axes: tuple[int, ...], keepdims: bool) -> View:
    """Return the sum over `axes`: of int64, but for floats of their dtype."""
    _check_axes(a, axes)
    with np.errstate(all="ignore"):
        return wrap(np.sum(a.array, axis=axes, dtype=_accumulator(a), keepdims=keepdims))


def prod(a: View, axes: tuple[int, ...], keepdims: bool) -> View:
    """Return the product over `axes`: of int64, but for floats of their dtype."""
    _check_axes(a, axes)
    with np.errstate(all="ignore"):
        return wrap(np.prod(a.array, axis=axes, dtype=_accumulator(a), keepdims=keepdims))


def max(a: View, axes: tuple[int, ...], keepdims: bool) -> View:
    """Return the largest element over `axes`; nan is larger than all."""
    _check_not_empty("max", a, axes)
    return wrap(np.max(a.array, axis=axes, keepdims=keepdims))


def min(a: View, axes: tuple[int, ...], keepdims: bool) -> View:
    """Return the smallest element over `axes`; nan is smaller than all."""
    _check_not_empty("min", a, axes)
    return wrap(np.min(a.array, axis=axes, keepdims=keepdims))


def any(a: View, axes: tuple[int, ...], keepdims: bool) -> View:
    """Return whether some element over `axes` is not 0."""
    _check_axes(a, axes)
    return wrap(np.any(a.array, axis=axes, keepdims=keepdims))


def all(a: View, axes: tuple[int, ...], keepdims: bool) -> View:
    """Return whether every element over `axes` is not 0."""
    _check_axes(a, axes)
    return wrap(np.all(a.array, axis=axes, keepdims=keepdims))


def argmax(a: View, axis: int) -> View:
    """Return the index of the first largest element along `axis`, as int64; nan is largest."""
    _check_not_empty("argmax", a, (axis,))
    return wrap(np.argmax(a.array, axis=axis))


def argmin(a: View, axis: int) -> View:
    """Return the index of the first smallest element along `axis`, as int64; nan is smallest."""
    _check_not_empty("argmin", a, (axis,))
    return wrap(np.argmin(a.array, axis=axis))


def _check_axes(a: View, axes: tuple[int, ...]) -> None:
    for place, axis in enumerate(axes):
        check_axis(axis, a.ndim)
        if axis in axes[:place]:
            raise ValueError(f"axes {axes} repeat axis {axis}")


def _check_not_empty(name: str, a: View, axes: tuple[int, ...]) -> None:
    _check_axes(a, axes)
    if 0 in [a.shape[axis] for axis in axes]:
        raise ValueError(f"{name} of no elements: shape {a.shape} over axes {axes}")


def cumulative_sum(a: View, axis: int) -> View:
    """Return the sums of the elements up to each one along `axis`."""
    check_axis(axis, a.ndim)
    with np.errstate(all="ignore"):
        return wrap(np.cumsum(a.array, axis=axis, dtype=_accumulator(a)))


def cumulative_prod(a: View, axis: int) -> View:
    """Return the products of the elements up to each one along `axis`."""
    check_axis(axis, a.ndim)
    with np.errstate(all="ignore"):
        return wrap(np.cumprod(a.array, axis=axis, dtype=_accumulator(a)))


def matmul(a: View, b: View) -> View:
    """Return the matrix products of the last two axes, (..., m, n) and (..., n, p)."""
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-2]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not multiply")
    if a.dtype != b.dtype:
        raise TypeError(f"matmul takes arrays of one dtype, not {a.dtype} and {b.dtype}")
    if a.dtype == "bool":
        raise TypeError("matmul is not defined for dtype bool")
    with np.errstate(all="ignore"):
        return wrap(np.matmul(a.array, b.array))


def matmul_tiled(a: View, b: View, m: int, n: int, p: int) -> View:
    """Return the product of matrices of m x n and n x p elements that are stored in square tiles.

    A matrix of (m, n) elements has the shape (m / T, n / T, T, T), of float32. Each tile of the
    result is a sum of products of tiles.
    """
    expected = [(m // TILE, n // TILE, TILE, TILE), (n // TILE, p // TILE, TILE, TILE)]
    if m % TILE or n % TILE or p % TILE or [a.shape, b.shape] != expected:
        raise ValueError(
            f"shapes {a.shape} and {b.shape} are no tiles of {TILE} x {TILE} "
            f"of matrices {m} x {n} and {n} x {p}"
        )
    if a.dtype != "float32" or b.dtype != "float32":
        raise TypeError(f"matmul_tiled takes float32, not {a.dtype} and {b.dtype}")
    with np.errstate(all="ignore"):
        return wrap(np.einsum("ikab,kjbc->ijac", a.array, b.array))


def sort(a: View, axis: int, descending: bool) -> View:
    """Return the elements in order along `axis`; nan counts as the largest number."""
    order = argsort(a, axis, descending)
    return wrap(np.take_along_axis(a.array, order.array, axis))


def argsort(a: View, axis: int, descending: bool) -> View:
    """Return the indices that sort `a` along `axis`; equal elements keep their order."""
    check_axis(axis, a.ndim)
    if not descending:
        return wrap(np.argsort(a.array, axis=axis, stable=True))
    # Sorted backwards, equal elements are in reverse order; reversing the result undoes that.
    backwards = np.flip(np.argsort(np.flip(a.array, axis), axis=axis, stable=True), axis)
    return wrap(a.shape[axis] - 1 - backwards)
