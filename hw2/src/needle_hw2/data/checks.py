"""The check of whole numbers that users give."""

from __future__ import annotations

from numbers import Integral
from typing import Any


def whole_number(name: str, value: Any, at_least: int) -> int:
    """Return `value` as an int.

    Raises `TypeError` if it is no whole number (True is none), `ValueError` if it is too small.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} is a whole number, got {value!r}")
    if value < at_least:
        raise ValueError(f"{name} is at least {at_least}, got {value}")
    return int(value)
