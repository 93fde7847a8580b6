"""NumPy's arrays of bytes, as they are found in pickles: names, a dtype and a state."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

# The first is NumPy 1's, the second NumPy 2's. A name that is not here cannot be read.
NAMES = {
    "numpy.core.multiarray _reconstruct": "new array",
    "numpy._core.multiarray _reconstruct": "new array",
    "numpy ndarray": "array type",
    "numpy dtype": "dtype",
}
_MOST_AXES = 4


class Name:
    """One of the names that NumPy's arrays need; it stands for a function and is none."""

    def __init__(self, meaning: str) -> None:
        self.meaning = meaning


class ByteType:
    """The dtype uint8."""


class PickledArray:
    """An array of bytes; `values` is None until its state has been read."""

    values: np.ndarray[Any, np.dtype[np.uint8]] | None = None

    def set(self, state: Any) -> None:
        """Take over the state that NumPy writes: version, shape, dtype, order and the bytes."""
        if type(state) is not tuple or len(state) != 5:
            raise ValueError("an array's state has five parts")
        _, shape, dtype, by_columns, content = state
        if type(dtype) is not ByteType or type(content) is not bytes:
            raise ValueError("an array here is one of bytes (uint8)")
        is_shape = type(shape) is tuple and len(shape) <= _MOST_AXES
        if not is_shape or not all(type(size) is int and size >= 0 for size in shape):
            raise ValueError(f"the shape of an array is at most {_MOST_AXES} numbers from 0 on")
        if math.prod(shape) != len(content):
            raise ValueError(f"an array of shape {shape} has {len(content)} bytes")
        flat = np.frombuffer(content, dtype=np.uint8)
        self.values = flat.reshape(shape, order="F" if by_columns else "C")


def as_text(value: Any) -> str:
    """Return text or bytes as text, and "" for anything else."""
    if type(value) is bytes:
        return value.decode("latin-1")
    return value if type(value) is str else ""
