"""Sums, means and the like over some axes, one, or all.

The axes are dropped, or kept with size 1 if `keepdims`. Sums and products of bools and integers
are int64; means of them are of the default float.
"""

from __future__ import annotations

from needle_hw3.dtypes import DType, as_dtype, floating
from needle_hw3.functions.creation import full
from needle_hw3.functions.manipulation import concat
from needle_hw3.layout import Axes, normalize_axes, normalize_axis
from needle_hw3.ndarray import NDArray
from needle_hw3.operands import binary, check_same_device, unary
from needle_hw3.reductions import reduce


def sum(
    x: NDArray, /, *, axis: Axes = None, dtype: DType = None, keepdims: bool = False
) -> NDArray:
    """Return the sum of the elements over `axis`; 0 of none. It is computed in `dtype`."""
    return _folded("sum", x, axis, dtype, keepdims)


def prod(
    x: NDArray, /, *, axis: Axes = None, dtype: DType = None, keepdims: bool = False
) -> NDArray:
    """Return the product of the elements over `axis`; 1 of none. It is computed in `dtype`."""
    return _folded("prod", x, axis, dtype, keepdims)


def _folded(name: str, x: NDArray, axis: Axes, dtype: DType, keepdims: bool) -> NDArray:
    check_same_device(x)
    if dtype is None:
        return reduce(name, x, axis, keepdims)
    wanted = as_dtype(dtype)
    return reduce(name, x._cast(wanted), axis, keepdims)._cast(wanted)


def max(x: NDArray, /, *, axis: Axes = None, keepdims: bool = False) -> NDArray:
    """Return the largest element over `axis`, nan if there is one; `ValueError` of none."""
    check_same_device(x)
    return reduce("max", x, axis, keepdims)


def min(x: NDArray, /, *, axis: Axes = None, keepdims: bool = False) -> NDArray:
    """Return the smallest element over `axis`, nan if there is one; `ValueError` of none."""
    check_same_device(x)
    return reduce("min", x, axis, keepdims)


def mean(x: NDArray, /, *, axis: Axes = None, keepdims: bool = False) -> NDArray:
    """Return the mean of the elements over `axis`; nan of none."""
    check_same_device(x)
    total = reduce("sum", x, axis, keepdims)
    return binary("divide", total._cast(floating(x.dtype)), _number_over(x, axis))


def var(
    x: NDArray, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False
) -> NDArray:
    r"""Return the variance of the n elements over `axis`.

    .. math:: \frac{1}{n - \text{correction}} \sum_i (x_i - \bar x)^2
    """
    check_same_device(x)
    x = x._cast(floating(x.dtype))
    deviations = binary("subtract", x, mean(x, axis=axis, keepdims=True))
    total = reduce("sum", unary("square", deviations), axis, keepdims)
    divisor = _number_over(x, axis) - correction
    return binary("divide", total, divisor if divisor > 0 else 0.0)


def std(
    x: NDArray, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False
) -> NDArray:
    """Return the standard deviation over `axis`: the square root of `var`."""
    return unary("sqrt", var(x, axis=axis, correction=correction, keepdims=keepdims))


def cumulative_sum(
    x: NDArray,
    /,
    *,
    axis: int | None = None,
    dtype: DType = None,
    include_initial: bool = False,
) -> NDArray:
    """Return the sums of the elements up to each one along `axis`, which a vector need not name.

    They start with 0 if `include_initial`.
    """
    return _running("cumulative_sum", x, axis, dtype, 0 if include_initial else None)


def cumulative_prod(
    x: NDArray,
    /,
    *,
    axis: int | None = None,
    dtype: DType = None,
    include_initial: bool = False,
) -> NDArray:
    """Return the products of the elements up to each one along `axis`, as `cumulative_sum`.

    They start with 1 if `include_initial`.
    """
    return _running("cumulative_prod", x, axis, dtype, 1 if include_initial else None)


def _running(name: str, x: NDArray, axis: int | None, dtype: DType, initial: int | None) -> NDArray:
    check_same_device(x)
    if axis is None and x.ndim != 1:
        raise ValueError(f"{name} needs an axis for shape {x.shape}")
    place = normalize_axis(axis or 0, x.ndim)
    if dtype is not None:
        x = x._cast(as_dtype(dtype))
    result = x._new(getattr(x._device.kernels, name)(x._view, place))
    if dtype is not None:
        result = result._cast(as_dtype(dtype))
    if initial is None:
        return result
    shape = tuple(1 if i == place else size for i, size in enumerate(x.shape))
    first = full(shape, initial, dtype=result.dtype, device=x.device)
    return concat([first, result], axis=place)


def _number_over(x: NDArray, axis: Axes) -> float:
    """Return the number of elements that meet in each reduction over `axis`."""
    number = 1.0
    for each in normalize_axes(axis, x.ndim):
        number *= x.shape[each]
    return number
