"""Choosing one element of each row by its index, and its gradient."""

from __future__ import annotations

from needle_hw1.array_api import Array, array_namespace
from needle_hw1.tensor_op import T, Tensor, TensorOp


class Pick(TensorOp):
    r"""The element of each row of x at its index in `indices`.

    .. math:: y_{\dots} = x_{\dots, i} \text{ with } i = \mathrm{indices}_{\dots}

    x has shape (..., k), `indices` and y have shape (...). `indices` is an array of integers from
    [0, k), of the library of x and on its device.
    """

    def __init__(self, indices: Array) -> None:
        self.indices = indices

    def compute(self, x: Array) -> Array:
        if self.indices.shape != x.shape[:-1]:
            raise ValueError(
                f"pick takes one index for each row, shape {x.shape[:-1]}, "
                f"got shape {self.indices.shape}"
            )
        xp = array_namespace(x)
        return xp.take_along_axis(x, self.indices[..., None], axis=-1)[..., 0]

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return Place(self.indices, node.inputs[0].shape[-1])(out_grad)


class Place(TensorOp):
    """Rows of k zeros, each with the element of x at its index: the gradient of `Pick`."""

    def __init__(self, indices: Array, k: int) -> None:
        self.indices = indices
        self.k = k

    def compute(self, x: Array) -> Array:
        xp = array_namespace(x)
        columns = xp.arange(self.k, dtype=self.indices.dtype, device=x.device)
        chosen = self.indices[..., None] == columns
        return xp.where(chosen, x[..., None], xp.zeros_like(x[..., None]))

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return Pick(self.indices)(out_grad)


def pick(a: T, indices: Array) -> T:
    """Return a[..., i] for the index i of each row: shape (..., k) becomes (...)."""
    return Pick(indices)(a)
