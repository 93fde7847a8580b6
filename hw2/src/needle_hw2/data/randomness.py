"""Where orders and transforms draw their random numbers from.

From NumPy's global generator, unless a generator is given. A loader that has one makes another for
each batch, from the seed of its pass and the batch's number, and makes it *active* while it reads
that batch: so what a transform draws does not depend on which thread reads which batch when.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

_active: ContextVar[np.random.Generator | None] = ContextVar("needle_generator", default=None)


def active_generator() -> np.random.Generator | None:
    """Return the generator of the batch that is being read; None if its loader has no `rng`."""
    return _active.get()


@contextmanager
def drawing_from(generator: np.random.Generator | None) -> Iterator[None]:
    """Make `generator` the active one inside a `with` block, for this thread alone."""
    token = _active.set(generator)
    try:
        yield
    finally:
        _active.reset(token)


def uniform(rng: np.random.Generator | None) -> float:
    """Return a number from [0, 1), drawn from `rng`, the active or the global generator."""
    rng = rng or active_generator()
    return np.random.rand() if rng is None else rng.random()  # noqa: NPY002 -- the course's rule


def integers(low: int, high: int, size: int, rng: np.random.Generator | None) -> list[int]:
    """Return numbers from [low, high), drawn from `rng`, the active or the global generator."""
    rng = rng or active_generator()
    if rng is None:
        return np.random.randint(low, high, size).tolist()  # type: ignore[no-any-return]  # noqa: NPY002
    return rng.integers(low, high, size).tolist()  # type: ignore[no-any-return]


def permutation(n: int, rng: np.random.Generator | None) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the numbers 0 to n - 1 in random order, drawn from `rng` or the global generator."""
    return np.random.permutation(n) if rng is None else rng.permutation(n)  # noqa: NPY002


def checked_generator(rng: Any) -> np.random.Generator | None:
    """Return `rng`; `TypeError` if it is neither a generator nor None."""
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is a numpy.random.Generator or None, not {type(rng).__name__}")
    return rng
