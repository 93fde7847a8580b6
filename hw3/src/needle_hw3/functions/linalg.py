"""Matrix products and what else the standard's main namespace has of linear algebra."""

from __future__ import annotations

import math
from collections.abc import Sequence

from needle_hw3 import layout
from needle_hw3.dtypes import whole
from needle_hw3.ndarray import NDArray
from needle_hw3.operands import check_same_device
from needle_hw3.reductions import matmul as _matmul


def matmul(x1: NDArray, x2: NDArray, /) -> NDArray:
    """Return the matrix product over the last two axes; other axes are batches and broadcast.

    A vector counts as a row on the left and as a column on the right, and its axis is dropped.
    """
    return _matmul(x1, x2)


def matrix_transpose(x: NDArray, /) -> NDArray:
    """Return a view of x with its last two axes exchanged."""
    check_same_device(x)
    return x.mT


def tensordot(
    x1: NDArray,
    x2: NDArray,
    /,
    *,
    axes: int | tuple[Sequence[int], Sequence[int]] = 2,
) -> NDArray:
    """Return the sum of products over `axes`: those of x1 and those of x2 that meet.

    A number means that many last axes of x1 and first axes of x2. The result has the remaining
    axes of x1 and then those of x2.
    """
    check_same_device(x1, x2)
    if isinstance(axes, Sequence):
        first = layout.normalize_axes(axes[0], x1.ndim)
        second = layout.normalize_axes(axes[1], x2.ndim)
    else:
        number = whole(axes, "axes")
        if not 0 <= number <= min(x1.ndim, x2.ndim):
            raise ValueError(
                f"shapes {x1.shape} and {x2.shape} do not have {number} axes in common"
            )
        first = tuple(range(x1.ndim - number, x1.ndim))
        second = tuple(range(number))
    sizes = [x1.shape[axis] for axis in first], [x2.shape[axis] for axis in second]
    if sizes[0] != sizes[1]:
        raise ValueError(f"axes {first} of {x1.shape} do not meet axes {second} of {x2.shape}")
    rows = [axis for axis in range(x1.ndim) if axis not in first]
    columns = [axis for axis in range(x2.ndim) if axis not in second]
    shape = (*(x1.shape[axis] for axis in rows), *(x2.shape[axis] for axis in columns))
    m, n = math.prod(x1.shape[axis] for axis in rows), math.prod(sizes[0])
    left = x1.permute((*rows, *first)).reshape((m, n))
    right = x2.permute((*second, *columns))
    return _matmul(left, right.reshape((n, math.prod(shape[len(rows) :])))).reshape(shape)


def vecdot(x1: NDArray, x2: NDArray, /, *, axis: int = -1) -> NDArray:
    """Return the sums of products along `axis`, which counts from the end; the others broadcast."""
    check_same_device(x1, x2)
    if not -min(x1.ndim, x2.ndim) <= axis < 0:
        raise ValueError(f"axis {axis} of vecdot is not among the last of {x1.shape}, {x2.shape}")
    if x1.shape[axis] != x2.shape[axis]:
        raise ValueError(f"axis {axis} of {x1.shape} and of {x2.shape} differ in size")
    left, right = (x._as(layout.move_axes(x._layout, axis, -1)) for x in (x1, x2))
    n = left.shape[-1]
    product = _matmul(left.reshape((*left.shape[:-1], 1, n)), right.reshape((*right.shape, 1)))
    return product.reshape(product.shape[:-2])
