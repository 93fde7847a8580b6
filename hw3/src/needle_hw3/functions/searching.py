"""Functions that find elements and where they are."""

from __future__ import annotations

import numpy as np

from needle_hw3.dtypes import NUMBERS, promote
from needle_hw3.functions.creation import asarray
from needle_hw3.layout import Axes, normalize_axis
from needle_hw3.ndarray import NDArray
from needle_hw3.operands import binary, check_same_device
from needle_hw3.reductions import reduce


def argmax(x: NDArray, /, *, axis: int | None = None, keepdims: bool = False) -> NDArray:
    """Return the index of the first largest element, or nan, along `axis` or of x as a vector."""
    return _index_of("argmax", x, axis, keepdims)


def argmin(x: NDArray, /, *, axis: int | None = None, keepdims: bool = False) -> NDArray:
    """Return the index of the first smallest element, or nan, along `axis` or of x as a vector."""
    return _index_of("argmin", x, axis, keepdims)


def _index_of(name: str, x: NDArray, axis: int | None, keepdims: bool) -> NDArray:
    check_same_device(x)
    flat = x if axis is not None else x.reshape(-1)
    place = 0 if axis is None else normalize_axis(axis, x.ndim)
    result = flat._new(getattr(x._device.kernels, name)(flat._view, place))
    if not keepdims:
        return result
    kept = [1 if axis is None or i == place else size for i, size in enumerate(x.shape)]
    return result.reshape(tuple(kept))


def nonzero(x: NDArray, /) -> tuple[NDArray, ...]:
    """Return, for each axis, the indices of the elements that are not 0, in row-major order."""
    check_same_device(x)
    if x.ndim == 0:
        raise ValueError("nonzero takes an array of one axis or more")
    return tuple(x._new(view) for view in x._device.kernels.nonzero(x._view))


def count_nonzero(x: NDArray, /, *, axis: Axes = None, keepdims: bool = False) -> NDArray:
    """Return how many elements over `axis` are not 0, as int64."""
    check_same_device(x)
    return reduce("sum", binary("not_equal", x, False), axis, keepdims)


def searchsorted(
    x1: NDArray,
    x2: NDArray | float,
    /,
    *,
    side: str = "left",
    sorter: NDArray | None = None,
) -> NDArray:
    """Return where each element of x2 belongs in the sorted vector x1, as int64.

    Before the elements that are equal to it if `side` is "left", else behind them. `sorter` has
    the indices that sort x1. This function computes with NumPy, whatever the device.
    """
    check_same_device(x1)
    if x1.ndim != 1:
        raise ValueError(f"searchsorted looks into a vector, not into shape {x1.shape}")
    if side not in {"left", "right"}:
        raise ValueError(f"side is 'left' or 'right', not {side!r}")
    if isinstance(x2, NUMBERS):
        x2 = asarray(x2, device=x1.device)
    check_same_device(x1, x2)
    dtype = promote(x1.dtype, x2.dtype)
    keys = x1._cast(dtype).numpy()
    if sorter is not None:
        check_same_device(x1, sorter)
        keys = keys[sorter.numpy()]
    found = np.searchsorted(keys, x2._cast(dtype).numpy(), side=side)  # type: ignore[call-overload]
    return asarray(np.asarray(found, np.int64), device=x1.device)
