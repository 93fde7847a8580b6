"""Where the work of hw4's operators is done: in the kernels of an array's library."""

from __future__ import annotations

from typing import Any

from needle_hw1.array_api import Array, array_namespace, is_floating
from needle_hw2.kernels import fused_kernels


def kernels_of(op: object, array: Array) -> Any:
    """Return the functions for networks, as `needle_hw3.neural` has them, of an array's library.

    Raises `TypeError` in the name of `op` if the library has none, and for whole numbers.
    """
    check_floating(op, array)
    kernels = fused_kernels(array)
    if kernels is None:
        kind = f"{type(array).__module__}.{type(array).__name__}"
        raise TypeError(
            f"{type(op).__name__} has no kernels for {kind}: make the tensors on one of "
            f"needle_hw4's devices, cpu() or cpu_numpy()"
        )
    return kernels


def check_floating(op: object, array: Array) -> None:
    """Raise `TypeError` in the name of `op` for an array of whole numbers."""
    if not is_floating(array.dtype, array_namespace(array)):
        raise TypeError(
            f"{type(op).__name__} takes floating-point tensors, got dtype {array.dtype}"
        )
