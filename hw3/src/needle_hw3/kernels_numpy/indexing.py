"""Elements chosen by arrays of indices, which are int64 and count from the end if negative."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from needle_hw3.kernels_numpy.view import Array, View, check_axis, check_writable, wrap
from needle_hw3.layout import broadcast_shapes


def _check_int64(indices: View) -> None:
    if indices.dtype != "int64":
        raise TypeError(f"indices are of dtype int64, not {indices.dtype}")


def _check_indices(indices: View, axis: int, size: int) -> Array:
    """Return the indices (int64), all of which lie inside of `axis`."""
    values: Array = indices.array
    wrong = values[(values < -size) | (values >= size)]
    if wrong.size:
        raise IndexError(f"index {wrong[0]} is out of range for axis {axis} of size {size}")
    return values


def _check_all(a: View, indices: Sequence[View]) -> tuple[Array, ...]:
    if not 0 < len(indices) <= a.ndim:
        raise IndexError(f"{len(indices)} index arrays for the {a.ndim} axes of shape {a.shape}")
    for other in indices:
        if other.shape != indices[0].shape:
            raise ValueError(f"index arrays of shapes {indices[0].shape} and {other.shape}")
    for other in indices:  # dtypes first: a GPU can tell them without looking at values
        _check_int64(other)
    return tuple(_check_indices(i, axis, a.shape[axis]) for axis, i in enumerate(indices))


def take(a: View, indices: View, axis: int) -> View:
    """Return the slices of `a` along `axis` that the vector `indices` names."""
    check_axis(axis, a.ndim)
    if indices.ndim != 1:
        raise ValueError(f"indices have one axis, not {indices.ndim}")
    _check_int64(indices)
    values = _check_indices(indices, axis, a.shape[axis])
    return wrap(np.take(a.array, values, axis))


def take_along_axis(a: View, indices: View, axis: int) -> View:
    """Return, for each element of `indices`, that one of `a` along `axis`; other axes broadcast."""
    check_axis(axis, a.ndim)
    _check_int64(indices)
    if indices.ndim != a.ndim:
        raise ValueError(f"indices of {indices.ndim} axes for an array of {a.ndim}")
    shape = broadcast_shapes((*a.shape[:axis], 1, *a.shape[axis + 1 :]), indices.shape)
    if 0 in shape:  # no index is used, so none is wrong
        return wrap(np.empty(shape, a.array.dtype))
    values = _check_indices(indices, axis, a.shape[axis])
    return wrap(np.take_along_axis(a.array, values, axis))


def gather(a: View, indices: Sequence[View]) -> View:
    """Return the elements at `indices`, one array of shape S for each of the first axes of `a`.

    The shape of the result is S and then that of the remaining axes.
    """
    return wrap(a.array[_check_all(a, indices)])


def scatter(a: View, indices: Sequence[View], values: View) -> None:
    """Set the elements that `gather` returns to `values`, which broadcast; the last one wins.

    The last one is that in row-major order of the indices.
    """
    _check_target(a, values)
    chosen, spread = _in_row_major_order(a, _check_all(a, indices), values)
    a.array[chosen] = spread


def scatter_add(a: View, indices: Sequence[View], values: View) -> None:
    """Add `values` to the elements that `gather` returns, as often as each of them is named."""
    if a.dtype == "bool":
        raise TypeError("scatter_add is not defined for dtype bool")
    _check_target(a, values)
    chosen, spread = _in_row_major_order(a, _check_all(a, indices), values)
    with np.errstate(all="ignore"):
        np.add.at(a.array, chosen, spread)


def _check_target(a: View, values: View) -> None:
    check_writable(a)
    if values.dtype != a.dtype:
        raise TypeError(f"values of dtype {values.dtype} for an array of dtype {a.dtype}")


def _in_row_major_order(
    a: View, chosen: tuple[Array, ...], values: View
) -> tuple[tuple[Array, ...], Array]:
    """Return the indices, and `values` in the shape of the chosen elements.

    NumPy takes them in the order in which they lie in memory: so that is made the row-major one.
    """
    shape = (*chosen[0].shape, *a.shape[len(chosen) :])
    if np.broadcast_shapes(shape, values.shape) != shape:
        raise ValueError(f"shape {values.shape} does not broadcast to {shape}")
    spread = np.broadcast_to(values.array, shape)
    return tuple(np.asarray(i, order="C") for i in chosen), np.asarray(spread, order="C")


def nonzero(a: View) -> list[View]:
    """Return, for each axis, the indices of the elements that are not 0, in row-major order."""
    return [wrap(indices.astype(np.int64)) for indices in np.nonzero(a.array)]
