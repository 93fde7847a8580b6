"""Ops of real numbers, which integers would overflow."""

from __future__ import annotations

from needle_hw1.array_api import Array, array_namespace, is_floating
from needle_hw1.tensor_op import TensorOp


class FloatingOp(TensorOp):
    """An op that raises `TypeError` for integers: -1 as uint8 is 255, without a word."""

    def run(self, arrays: list[Array]) -> Array:
        """Return the array of the result."""
        for array in arrays:
            if not is_floating(array.dtype, array_namespace(array)):
                raise TypeError(
                    f"{type(self).__name__} takes floating-point tensors, got dtype {array.dtype}: "
                    f"convert with astype"
                )
        return super().run(arrays)
