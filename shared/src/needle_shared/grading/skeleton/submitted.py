"""The files of a stage as a student has them."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from pathlib import Path

from needle_shared.grading.assignment import Assignment
from needle_shared.grading.skeleton.errors import SourceError
from needle_shared.grading.skeleton.extract import kind_of
from needle_shared.grading.skeleton.files import walk_files
from needle_shared.grading.skeleton.outside import same_code

_LARGEST = 1 << 20  # bytes of a source
_SOURCES = (".py", ".cpp", ".h", ".inl", ".cu")


class Submitted:
    """A student's files of one stage, by their paths in its folder."""

    def __init__(self, assignment: Assignment, directory: Path) -> None:
        """Find the stage in a workspace, or in the folder of the stage or of its package."""
        self._assignment = assignment
        package = f"src/{assignment.package}/"
        places = [
            (directory / assignment.stage, ""),
            (directory, ""),
            (directory, package),
        ]
        for folder, prefix in places:
            names = [name for name in assignment.files if name.startswith(prefix)]
            if any((folder / name.removeprefix(prefix)).is_file() for name in names):
                self._folder, self._prefix = folder, prefix
                return
        raise FileNotFoundError(f"{directory} has no files of {assignment.stage}")

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None if there is none, or a link, or it is too large."""
        if not name.startswith(self._prefix):
            return None
        path = self._folder / name.removeprefix(self._prefix)
        inside = path.resolve().is_relative_to(self._folder.resolve())
        if not inside or not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        return path.read_bytes()

    def new_files(self, skeleton: Mapping[str, bytes]) -> list[str]:
        """Return the student's own files that the assignment takes."""
        return [
            name
            for name in self._names()
            if name not in skeleton
            and any(_matches(name, pattern) for pattern in self._assignment.new_files)
        ]

    def changed(self, skeleton: Mapping[str, bytes]) -> list[str]:
        """Return the sources of the package that were changed though they have no symbols."""
        return [
            name
            for name in self._names()
            if name in skeleton
            and name.startswith(("src/", "csrc/"))
            and name not in self._assignment.files
            and not _same(name, skeleton[name], self.read(name))
        ]

    def _names(self) -> list[str]:
        return [self._prefix + name for name in sorted(walk_files(self._folder))]


def _matches(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(
        name, pattern.replace("**/", "")
    )


def _same(name: str, old: bytes, new: bytes | None) -> bool:
    if new is None or old == new or not name.endswith(_SOURCES):
        return old == new
    try:
        return same_code(old.decode(), new.decode(), kind_of(name))
    except (SourceError, UnicodeDecodeError):
        return False
