"""Sums over indices."""

from __future__ import annotations

from needle_hw3.ndarray import NDArray
from needle_hw3.operands import check_same_device


def scatter_add(x: NDArray, indices: NDArray, values: NDArray, /) -> None:
    """Add each row of `values` to the row of x at its index, as often as that is named.

    x has shape (n, ...), `indices` any shape, and `values` that shape, then that of a row. Raises
    `IndexError` for an index out of range, before anything is added.
    """
    check_same_device(x, indices, values)
    x._device.kernels.scatter_add(x._view, [indices._view], values._view)
