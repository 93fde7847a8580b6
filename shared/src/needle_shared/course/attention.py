"""`needle.nn` of hw4, whose attention has the methods that the course's starter code gives it."""

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from needle_shared.course.float32 import Float32Module


class AttentionModule(Float32Module):
    """`needle.nn`, whose `MultiHeadAttention` has the course's helpers."""

    @property
    def MultiHeadAttention(self) -> Any:  # noqa: N802 -- the course's name
        """The stage's class with `create_causal_mask`, `matmul` and `softmax`."""
        return attention_type(import_module(str(self._source)).MultiHeadAttention)


@cache
def attention_type(base: Any) -> Any:
    """Return a class like `base` with the methods that code written for the course calls."""

    class MultiHeadAttention(base):  # type: ignore[misc]
        def create_causal_mask(self, i: int, j: int, device: Any) -> Any:
            """Return an array (1, 1, i, j): 0, or the lowest float32 where a key comes later.

            The last query is level with the last key.
            """
            lowest = np.finfo(np.float32).min
            mask = np.triu(np.full((i, j), lowest, np.float32), j - i + 1)
            return import_module("needle_hw3").NDArray(mask[None, None], device)

        def matmul(self, a: Any, b_transpose: Any) -> Any:
            """Return a b, (..., T, S), of a, (..., T, D), and the transpose of b, (..., S, D)."""
            return a @ b_transpose.transpose()

        def softmax(self, logit: Any) -> Any:
            """Return the softmax along the last axis."""
            return import_module("needle_hw4.ops").softmax(logit, logit.ndim - 1)

    for attribute in ("__module__", "__qualname__", "__doc__"):
        setattr(MultiHeadAttention, attribute, getattr(base, attribute))
    return MultiHeadAttention
