"""Lets many work at once, or one alone: a check that took too long is tried again undisturbed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class Gate:
    """A lock that is shared by those who grade and held alone by one who measures."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._inside = 0
        self._waiting = 0
        self._alone = False

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Work beside others; wait while somebody works alone or waits to."""
        with self._condition:
            self._condition.wait_for(lambda: not self._alone and not self._waiting)
            self._inside += 1
        try:
            yield
        finally:
            with self._condition:
                self._inside -= 1
                self._condition.notify_all()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Work when nobody else does. Not to be called by one who is inside."""
        with self._condition:
            self._waiting += 1
            self._condition.wait_for(lambda: not self._alone and not self._inside)
            self._waiting -= 1
            self._alone = True
        try:
            yield
        finally:
            with self._condition:
                self._alone = False
                self._condition.notify_all()
