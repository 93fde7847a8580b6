"""Whether all or some elements hold, and differences."""

from __future__ import annotations

from needle_hw3.dtypes import whole
from needle_hw3.functions.manipulation import concat
from needle_hw3.indexing import at
from needle_hw3.layout import Axes, normalize_axis
from needle_hw3.ndarray import NDArray
from needle_hw3.operands import binary, check_same_device
from needle_hw3.reductions import reduce


def all(x: NDArray, /, *, axis: Axes = None, keepdims: bool = False) -> NDArray:
    """Return whether every element over `axis` is not 0; true of none."""
    check_same_device(x)
    return reduce("all", x, axis, keepdims)


def any(x: NDArray, /, *, axis: Axes = None, keepdims: bool = False) -> NDArray:
    """Return whether some element over `axis` is not 0; false of none."""
    check_same_device(x)
    return reduce("any", x, axis, keepdims)


def diff(
    x: NDArray,
    /,
    *,
    axis: int = -1,
    n: int = 1,
    prepend: NDArray | None = None,
    append: NDArray | None = None,
) -> NDArray:
    """Return the differences of neighbours along `axis`, taken n times.

    `prepend` and `append` are put before and behind x first.
    """
    check_same_device(x)
    if whole(n, "n") < 0:
        raise ValueError(f"differences are taken 0 or more times, not {n}")
    place = normalize_axis(axis, x.ndim)
    parts = [part for part in (prepend, x, append) if part is not None]
    result = concat(parts, axis=place) if len(parts) > 1 else x
    for _ in range(n):
        behind, before = result[at(place, slice(1, None))], result[at(place, slice(None, -1))]
        result = binary("subtract", behind, before)
    return result
