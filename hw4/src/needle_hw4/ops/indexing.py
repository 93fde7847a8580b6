"""Rows of a table by number: an embedding, without one-hot vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from needle_hw1.array_api import Array, array_namespace, whole_numbers
from needle_hw1.autograd import Value
from needle_hw1.tensor_op import T, Tensor, TensorOp
from needle_hw4.ops.kernels import kernels_of


class Take(TensorOp):
    r"""The rows of a table, of shape (n, ...), at `indices`, of any shape.

    .. math:: y_i = x_{t_i} \qquad \bar x_j = \sum_{i:\, t_i = j} \bar y_i
    """

    def __init__(self, indices: Array) -> None:
        self.indices = indices

    def compute(self, x: Array) -> Array:
        return x[self.indices]

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return ScatterAdd(self.indices, node.inputs[0].shape[0])(out_grad)


class ScatterAdd(TensorOp):
    """A table of n rows: zeros, to which each row of x is added at its index."""

    def __init__(self, indices: Array, n: int) -> None:
        self.indices = indices
        self.n = n

    def compute(self, x: Array) -> Array:
        shape = (self.n, *x.shape[self.indices.ndim :])
        result = array_namespace(x).zeros(shape, dtype=x.dtype, device=x.device)
        kernels_of(self, x).scatter_add(result, self.indices, x)
        return result

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return Take(self.indices)(out_grad)


def take(a: T, indices: Any) -> T:
    """Return the rows of `a`, of shape (n, ...), at `indices`: whole numbers from [0, n).

    The result has the shape of the indices, then that of a row. Raises `TypeError` for an index
    that is not whole, `IndexError` for one out of range: -1 is no row.
    """
    if not isinstance(a, Value):
        raise TypeError(f"take takes rows of a tensor, not of {type(a).__name__}")
    table = a.realize_cached_data()
    if table.ndim == 0:
        raise ValueError("take chooses rows, of which a 0-d tensor has none")
    numbers = whole_numbers(np.asarray(indices), "take")
    outside = numbers[(numbers < 0) | (numbers >= table.shape[0])]
    if outside.size:
        raise IndexError(f"index {outside[0]} is not in [0, {table.shape[0]}), the rows of a table")
    xp = array_namespace(table)
    return Take(xp.asarray(numbers, device=table.device))(a)
