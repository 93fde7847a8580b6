"""Arguments that are a number for both axes of an image, or a pair of them."""

from __future__ import annotations

import operator
from typing import TypeAlias

IntOrPair: TypeAlias = "int | tuple[int, int]"


def pair(value: IntOrPair) -> tuple[int, ...]:
    """Return a number twice, and a sequence of numbers as it is; kernels check that it is a pair.

    Raises `TypeError` for what is no int.
    """
    if isinstance(value, tuple | list):
        return tuple(map(operator.index, value))
    number = operator.index(value)
    return (number, number)
