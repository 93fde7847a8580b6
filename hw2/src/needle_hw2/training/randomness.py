"""The state of NumPy's global generator as JSON: dropout and the initial weights draw from it."""

from __future__ import annotations

from typing import Any

import numpy as np

KEYS, LIMIT = 624, 2**32  # of the Mersenne Twister: 32-bit words, and their bound


def get_random_state() -> dict[str, Any]:
    """Return the state of `np.random`, as JSON can hold it."""
    state: Any = np.random.get_state(legacy=False)  # noqa: NPY002 -- it is about this generator
    twister = state["state"]
    return {**state, "state": {**twister, "key": twister["key"].tolist()}}


def checked_random_state(state: Any) -> dict[str, Any]:
    """Return `state` if `get_random_state` may have given it, else raise `ValueError`.

    NumPy itself would go on from a position outside of the key, and read foreign memory.
    """
    try:
        key, position = state["state"]["key"], state["state"]["pos"]
        is_valid = (
            state["bit_generator"] == "MT19937"
            and len(key) == KEYS
            and all(type(word) is int and 0 <= word < LIMIT for word in key)
            and type(position) is int
            and 0 <= position <= KEYS
            and state["has_gauss"] in {0, 1}
            and isinstance(state["gauss"], float)
        )
    except (KeyError, TypeError):
        is_valid = False
    if not is_valid:
        raise ValueError("progress has no valid 'random'")
    return dict(state)


def set_random_state(state: dict[str, Any]) -> None:
    """Set the state of `np.random` to one that `checked_random_state` returned."""
    np.random.set_state(state)  # noqa: NPY002 -- as above
