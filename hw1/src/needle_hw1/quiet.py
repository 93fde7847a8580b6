"""NumPy without warnings of what IEEE 754 defines: 1/0 is inf, log(-1) is nan."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar

import numpy as np

is_quiet: ContextVar[bool] = ContextVar("needle_numpy_is_quiet", default=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence NumPy inside a `with` block, for many operations at once."""
    token = is_quiet.set(True)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        is_quiet.reset(token)


class QuietContext(threading.local):
    """Silences NumPy for a single call, `quiet_context.context.run(function, *arguments)`.

    NumPy keeps the setting in a `ContextVar`, so each thread has a context where it is off. That
    takes a fifth of the time of `np.errstate`, which would be a third of that of a small op.
    """

    def __init__(self) -> None:
        self.context = Context()
        self.context.run(np.seterr, all="ignore")
        self.context.run(is_quiet.set, True)  # a context cannot be entered twice: see `is_quiet`


quiet_context = QuietContext()
