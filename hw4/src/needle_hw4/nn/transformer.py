"""The transformer: layers in which every position of a sequence looks at the others.

Pre-norm layers as in "On Layer Normalization in the Transformer Architecture" (Xiong et al., 2020)
of the attention of Vaswani et al., 2017. Sequences have shape (B, T, features) inside.
"""

from __future__ import annotations

import math
from typing import Any

from needle_hw1 import Device, Tensor
from needle_hw1.array_api import DType
from needle_hw2 import init
from needle_hw2.nn import Dropout, LayerNorm1d, Linear, Module, ReLU, Sequential
from needle_hw4 import ops
from needle_hw4.nn.embedding import Embedding


class MultiHeadAttention(Module):
    r"""What each query makes of the values, by how well their keys fit.

    .. math:: P = \mathrm{softmax}\Big(\frac{Q K^T}{\sqrt D}\Big), \qquad
              Y = \mathrm{dropout}(P) \, V

    With `causal`, a query sees no position after its own.
    """

    def __init__(
        self,
        *,
        dropout: float = 0.0,
        causal: bool = False,
        device: Device | None = None,
        dtype: DType = "float32",
    ) -> None:
        super().__init__()
        self.device = device
        self.dtype = dtype
        self.causal = causal
        self.dropout = Dropout(dropout)

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Return Y, (B, H, T, D), and P after dropout, (B, H, T, S).

        q has shape (B, H, T, D), k and v (B, H, S, D).
        """
        fits = q.ndim == k.ndim == 4 and k.shape == v.shape
        if not fits or q.shape[:2] != k.shape[:2] or q.shape[3] != k.shape[3]:
            raise ValueError(
                f"attention takes q (B, H, T, D), k and v (B, H, S, D), "
                f"got {q.shape}, {k.shape} and {v.shape}"
            )
        scores = q @ ops.transpose(k)
        weights = ops.attention_weights(scores, 1 / math.sqrt(q.shape[3]), self.causal)
        weights = self.dropout(weights)
        return weights @ v, weights


class AttentionLayer(Module):
    """Multi-head attention between learned projections of normalised inputs.

    Each of q, k and v is normalised, projected to `num_head` heads of `dim_head` features, and what
    attention makes of them is projected to `out_features`, by default `q_features`.
    """

    def __init__(
        self,
        q_features: int,
        num_head: int,
        dim_head: int,
        *,
        k_features: int | None = None,
        v_features: int | None = None,
        out_features: int | None = None,
        dropout: float = 0.0,
        causal: bool = True,
        device: Device | None = None,
        dtype: DType = "float32",
    ) -> None:
        super().__init__()
        k_features = q_features if k_features is None else k_features
        v_features = q_features if v_features is None else v_features
        out_features = q_features if out_features is None else out_features
        if num_head < 1 or dim_head < 1:
            raise ValueError(
                f"num_head and dim_head are at least 1, got num_head {num_head} "
                f"and dim_head {dim_head}"
            )
        self.num_head = num_head
        self.dim_head = dim_head
        inner = num_head * dim_head
        options: Any = {"device": device, "dtype": dtype}
        self.attn = MultiHeadAttention(dropout=dropout, causal=causal, **options)
        self.prenorm_q = LayerNorm1d(q_features, **options)
        self.prenorm_k = LayerNorm1d(k_features, **options)
        self.prenorm_v = LayerNorm1d(v_features, **options)
        self.q_projection = Linear(q_features, inner, bias=False, **options)
        self.k_projection = Linear(k_features, inner, bias=False, **options)
        self.v_projection = Linear(v_features, inner, bias=False, **options)
        self.out_projection = Linear(inner, out_features, bias=False, **options)

    def forward(self, q: Tensor, k: Tensor | None = None, v: Tensor | None = None) -> Tensor:
        """Return (B, T, out_features) for q (B, T, F), k and v (B, S, F): q itself if None."""
        k = q if k is None else k
        v = q if v is None else v
        for x, norm in ((q, self.prenorm_q), (k, self.prenorm_k), (v, self.prenorm_v)):
            if x.ndim != 3 or x.shape[2] != norm.dim:
                raise ValueError(f"attention takes shape (B, T, {norm.dim}), got {x.shape}")
        heads = (
            self._heads(self.q_projection(self.prenorm_q(q))),
            self._heads(self.k_projection(self.prenorm_k(k))),
            self._heads(self.v_projection(self.prenorm_v(v))),
        )
        result, _ = self.attn(*heads)
        batch, steps, _ = q.shape
        joined = ops.transpose(result, (1, 2)).reshape(
            (batch, steps, self.num_head * self.dim_head)
        )
        projected: Tensor = self.out_projection(joined)
        return projected

    def _heads(self, x: Tensor) -> Tensor:
        """Return (B, T, H D) as (B, H, T, D)."""
        batch, steps, _ = x.shape
        return ops.transpose(x.reshape((batch, steps, self.num_head, self.dim_head)), (1, 2))


class TransformerLayer(Module):
    """x + dropout(attention(x)), and to that dropout(MLP(normalised)) is added.

    The MLP has `hidden_size` units and dropout within, too.
    """

    def __init__(
        self,
        q_features: int,
        num_head: int,
        dim_head: int,
        hidden_size: int,
        *,
        dropout: float = 0.0,
        causal: bool = True,
        device: Device | None = None,
        dtype: DType = "float32",
    ) -> None:
        super().__init__()
        self.attention = AttentionLayer(
            q_features,
            num_head,
            dim_head,
            dropout=dropout,
            causal=causal,
            device=device,
            dtype=dtype,
        )
        self.dropout = Dropout(dropout)
        self.mlp = Sequential(
            LayerNorm1d(q_features, device=device, dtype=dtype),
            Linear(q_features, hidden_size, device=device, dtype=dtype),
            ReLU(),
            Dropout(dropout),
            Linear(hidden_size, q_features, device=device, dtype=dtype),
            Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the result, of the shape of x: (B, T, q_features)."""
        x = x + self.dropout(self.attention(x))
        result: Tensor = x + self.mlp(x)
        return result


class Transformer(Module):
    """`num_layers` transformer layers over inputs to which learned positions are added.

    Sequences are at most `sequence_len` long, of shape (T, B, embedding_size), or with
    `batch_first` (B, T, embedding_size).
    """

    def __init__(
        self,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        *,
        num_head: int = 8,
        dim_head: int = 32,
        dropout: float = 0.0,
        causal: bool = True,
        device: Device | None = None,
        dtype: DType = "float32",
        batch_first: bool = False,
        sequence_len: int = 2048,
    ) -> None:
        super().__init__()
        self.batch_first = batch_first
        self.sequence_len = sequence_len
        self.positions = Embedding(sequence_len, embedding_size, device=device, dtype=dtype)
        self.layers = [
            TransformerLayer(
                embedding_size,
                num_head,
                dim_head,
                hidden_size,
                dropout=dropout,
                causal=causal,
                device=device,
                dtype=dtype,
            )
            for _ in range(num_layers)
        ]

    def forward(self, x: Tensor, h: object = None) -> tuple[Tensor, Tensor]:  # noqa: ARG002 -- as an RNN
        """Return the result and, in place of a state, zeros: both of the shape of x.

        There is no state: `h` is there to be called as an RNN is.
        """
        size = self.positions.embedding_dim
        if x.ndim != 3 or x.shape[2] != size:
            axes = "(B, T" if self.batch_first else "(T, B"
            raise ValueError(f"Transformer takes inputs of shape {axes}, {size}), got {x.shape}")
        x = x if self.batch_first else ops.transpose(x, (0, 1))
        steps = x.shape[1]
        if steps > self.sequence_len:
            raise ValueError(
                f"a sequence has at most sequence_len = {self.sequence_len} steps, got {steps}"
            )
        x = x + self.positions.weight[:steps]
        for layer in self.layers:
            x = layer(x)
        x = x if self.batch_first else ops.transpose(x, (0, 1))
        return x, init.zeros_like(x)
