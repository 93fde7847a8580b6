"""Temporary folders that the next grader removes, where one was killed and could not do so."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "needle-grade-"


class TemporaryFolder:
    """A new folder, held by a lock that the kernel opens when this process ends, however it does.

    A number in the name would not do: it may be that of another process by then, or of one in
    another container.
    """

    def __init__(self) -> None:
        self._lock = -1
        while self._lock < 0:  # somebody may take it for abandoned before it is locked
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
            self._lock = _lock(self.path)

    def close(self) -> None:
        """Remove the folder."""
        if self._lock >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_exception: object) -> None:
        self.close()


def remove_abandoned() -> None:
    """Remove the folders of graders that were killed, of this user."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with _held(path) as held:
            if held:
                shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _held(path: Path) -> Iterator[bool]:
    descriptor = _lock(path)
    try:
        yield descriptor >= 0
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _lock(path: Path) -> int:
    """Return a locked descriptor of a folder of this user's; -1 if there is none, or it is held."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return -1
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_uid == os.geteuid() and path.exists():
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return -1
