"""Matrix multiplication."""

from __future__ import annotations

from needle_hw1.array_api import Array, array_namespace
from needle_hw1.ops.reduce import sum_to_shape
from needle_hw1.ops.shape import promote_together, reshape, transpose
from needle_hw1.tensor_op import T, Tensor, TensorOp


class MatMul(TensorOp):
    r"""The matrix product over the last two axes; other axes are batches and broadcast.

    For C = A B, with A of shape (..., m, n) and B of shape (..., n, p):

    .. math:: \bar A = \bar C B^T \qquad \bar B = A^T \bar C

    summed over the batches along which A or B was repeated. A vector counts as a row on the left
    and as a column on the right, and its axis is dropped from the result.
    """

    def align(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return promote_together(inputs)

    def compute(self, a: Array, b: Array) -> Array:
        if a.ndim == 0 or b.ndim == 0:
            raise ValueError(f"matmul takes no 0-d tensors, got shapes {a.shape} and {b.shape}")
        rows = b.shape[0 if b.ndim == 1 else -2]
        if a.shape[-1] != rows:
            raise ValueError(
                f"shapes {a.shape} and {b.shape} do not multiply: "
                f"the left has {a.shape[-1]} columns and the right {rows} rows"
            )
        return array_namespace(a).matmul(a, b)

    def gradient(self, out_grad: Tensor, node: Tensor) -> tuple[Tensor | None, Tensor | None]:
        a, b = node.inputs
        # With an axis of size 1 in place of each that `compute` dropped, all are matrices.
        row = a if a.ndim > 1 else reshape(a, (1, *a.shape))
        column = b if b.ndim > 1 else reshape(b, (*b.shape, 1))
        if row is not a or column is not b:
            batch = out_grad.shape[: out_grad.ndim - (a.ndim > 1) - (b.ndim > 1)]
            out_grad = reshape(out_grad, (*batch, row.shape[-2], column.shape[-1]))
        # Data needs no gradient, and its product is half of the backward work of a first layer.
        grad_a = grad_b = None
        if a.requires_grad:
            grad_a = sum_to_shape(out_grad @ transpose(column), a.shape)
        if b.requires_grad:
            grad_b = sum_to_shape(transpose(row) @ out_grad, column.shape)
            if column is not b:
                grad_b = reshape(grad_b, b.shape)
        return grad_a, grad_b


def matmul(a: T, b: T) -> T:
    """Return the matrix product a @ b, with NumPy's rules for vectors and batches."""
    return MatMul()(a, b)
