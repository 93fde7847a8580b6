"""Embeddings: a learned vector for each of some things that have numbers."""

from __future__ import annotations

from needle_hw1 import Device, Tensor
from needle_hw1.array_api import DType
from needle_hw2 import init
from needle_hw2.nn import Module, Parameter
from needle_hw4 import ops


class Embedding(Module):
    """Rows of `weight`, of shape (num_embeddings, embedding_dim), which is drawn from N(0, 1)."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        device: Device | None = None,
        dtype: DType = "float32",
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.weight = Parameter(
            init.randn(num_embeddings, embedding_dim, device=device, dtype=dtype)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the rows at x, whole numbers of any dtype and shape: (*x.shape, embedding_dim).

        Raises `TypeError` for one that is not whole, `IndexError` for one out of range.
        """
        return ops.take(self.weight, x)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.num_embeddings}, {self.embedding_dim}"
