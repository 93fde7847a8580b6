"""Sorting along an axis. nan counts as the largest number."""

from __future__ import annotations

from needle_hw3.layout import normalize_axis
from needle_hw3.ndarray import NDArray
from needle_hw3.operands import check_same_device


def argsort(
    x: NDArray, /, *, axis: int = -1, descending: bool = False, stable: bool = True
) -> NDArray:
    """Return the indices that sort x along `axis`, as int64; equal elements keep their order."""
    return _sorted("argsort", x, axis, descending, stable)


def sort(
    x: NDArray, /, *, axis: int = -1, descending: bool = False, stable: bool = True
) -> NDArray:
    """Return the elements of x in order along `axis`; equal ones keep theirs."""
    return _sorted("sort", x, axis, descending, stable)


def _sorted(name: str, x: NDArray, axis: int, descending: bool, stable: bool) -> NDArray:
    del stable  # sorting is stable, asked for or not
    check_same_device(x)
    place = normalize_axis(axis, x.ndim)
    kernel = getattr(x._device.kernels, name)
    return x._new(kernel(x._view, place, bool(descending)))
