"""Reads a folder without following a link or waiting for a pipe."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from needle_shared.grading.submission.entries import Entry, Kind, entry
from needle_shared.grading.submission.kinds import ignored_kind
from needle_shared.grading.submission.limits import Budget, InvalidSubmission

_CHUNK = 1 << 16
# A pipe without a writer would block open() without O_NONBLOCK.
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LIST = READ | os.O_DIRECTORY


class Folder:
    """A folder as it is handed in; `path` itself is the teacher's and may be a link."""

    def __init__(self, path: Path, budget: Budget) -> None:
        self._path = path
        self._budget = budget
        self._names: dict[int, tuple[str, ...]] = {}  # as the file system has them

    def entries(self) -> Iterator[Entry]:
        """Yield all files, and folders of ignored kinds without what is in them."""
        seen = 0
        waiting: list[tuple[str, ...]] = [()]
        while waiting:
            parts = waiting.pop()
            for name, kind in self._listing(parts):
                seen += 1
                if seen > self._budget.limits.entries:
                    raise InvalidSubmission(
                        f"the submission is too large: it has more than "
                        f"{self._budget.limits.entries:,} files"
                    )
                inner = (*parts, name)
                found = entry(seen, kind, "/".join(inner), backslashes=False)
                hidden = ignored_kind(found.parts, folder=True) is not None
                if kind == "folder" and not hidden and not found.problem:
                    waiting.append(inner)
                    continue
                self._names[seen] = inner
                yield found

    def contents(self, wanted: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
        """Yield the bytes of files; InvalidSubmission where one cannot be read."""
        for item in wanted:
            yield item, self._read(item)

    @contextlib.contextmanager
    def opened(self, item: Entry) -> Iterator[BinaryIO]:
        """Open a file; InvalidSubmission if that cannot be done."""
        try:
            with self._opened(self._names[item.index]) as descriptor:
                duplicate = os.dup(descriptor)
        except OSError as error:
            raise InvalidSubmission(f"{item.shown} cannot be read: {error.strerror}") from None
        with os.fdopen(duplicate, "rb") as file:
            yield file

    @contextlib.contextmanager
    def _opened(self, parts: tuple[str, ...], flags: int = READ) -> Iterator[int]:
        """Open what is at `parts`, level by level, so that no level can be a link."""
        descriptor = os.open(self._path, _LIST & ~os.O_NOFOLLOW)
        try:
            for i, part in enumerate(parts, start=1):
                inner = os.open(part, flags if i == len(parts) else _LIST, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    def _listing(self, parts: tuple[str, ...]) -> list[tuple[str, Kind]]:
        try:
            with self._opened(parts, _LIST) as descriptor, os.scandir(descriptor) as found:
                # Sorted, as the order of a file system is different on each machine.
                limit = self._budget.limits.entries + 1
                return sorted((item.name, _kind(item)) for item in itertools.islice(found, limit))
        except OSError as error:
            where = "/".join(parts) or self._path.name
            raise InvalidSubmission(
                f"the folder {where} cannot be read: {error.strerror}"
            ) from None

    def _read(self, item: Entry) -> bytes:
        chunks = []
        try:
            with self._opened(self._names[item.index]) as descriptor:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise InvalidSubmission(f"{item.shown} is no longer a file")
                while chunk := os.read(descriptor, _CHUNK):
                    self._budget.spend(len(chunk))
                    chunks.append(chunk)
        except OSError as error:
            raise InvalidSubmission(f"{item.shown} cannot be read: {error.strerror}") from None
        return b"".join(chunks)


def _kind(item: os.DirEntry[str]) -> Kind:
    if item.is_symlink():
        return "link"
    if item.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if item.is_file(follow_symlinks=False) else "special"
