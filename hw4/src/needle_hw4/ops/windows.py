"""Sizes of windows that move over images."""

from __future__ import annotations

import operator
from typing import TypeAlias

Pair: TypeAlias = "int | tuple[int, int]"


def pair(name: str, value: Pair, least: int) -> tuple[int, int]:
    """Return a setting as (for height, for width).

    Raises `TypeError` for what is no whole number, `ValueError` if one is below `least`.
    """
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(both) != 2:
        raise ValueError(f"{name} is a number or a pair, got {value}")
    height, width = map(operator.index, both)
    if height < least or width < least:
        raise ValueError(f"{name} is at least {least}, got {value}")
    return height, width
