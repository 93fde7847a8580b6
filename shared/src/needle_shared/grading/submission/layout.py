"""Finds where in a submission a stage lies, and what each file there is to the stage."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from needle_shared.grading.assignment import FILE, PAGE, Assignment
from needle_shared.grading.submission.limits import InvalidSubmission

# Python or pytest would run these without being asked.
_UNASKED = {"conftest.py", "sitecustomize.py", "usercustomize.py"}


@dataclass(frozen=True)
class Root:
    """Where a stage lies: `prefix` is the folder, `added` what the names below it lack.

    Who hands in the package alone, without `src`, lacks ("src",).
    """

    prefix: tuple[str, ...]
    added: tuple[str, ...] = ()

    def path(self, parts: tuple[str, ...]) -> str | None:
        """Return a name relative to the stage's folder, or None if it is not in there."""
        size = len(self.prefix)
        if parts[:size] != self.prefix:
            return None
        return "/".join((*self.added, *parts[size:]))

    def __str__(self) -> str:
        return "/".join(self.prefix) or "the top"


def find_root(assignment: Assignment, names: Iterable[tuple[str, ...]]) -> Root | None:
    """Return where the files lie that a student writes, or None if there are none.

    The package decides; only without it, files beside it do. InvalidSubmission names two places.
    """
    package = ("src", assignment.package)
    in_package: set[Root] = set()
    beside: set[Root] = set()
    taken: dict[str, list[tuple[str, ...]]] = {}
    for file in assignment.files:
        parts = tuple(file.split("/"))
        taken.setdefault(parts[-1], []).append(parts)
    for name in names:
        for parts in taken.get(name[-1], ()):
            if _ends_with(name, parts):
                roots = in_package if parts[:2] == package else beside
                roots.add(Root(name[: -len(parts)]))
            elif parts[:2] == package and _ends_with(name, parts[1:]):
                in_package.add(Root(name[: -len(parts) + 1], added=("src",)))
    roots = in_package or beside
    if len(roots) > 1:
        places = " and ".join(sorted(f"in {root}" for root in roots)[:3])
        raise InvalidSubmission(
            f"{assignment.package} is there {len(roots)} times, {places}: hand in one"
        )
    return next(iter(roots), None)


def _ends_with(name: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    return len(name) >= len(parts) and name[-len(parts) :] == parts


@dataclass(frozen=True)
class Stage:
    """The files of a stage as they are handed out, and which new ones may join them."""

    assignment: Assignment

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(_pattern(pattern) for pattern in self.assignment.new_files)

    @cached_property
    def _by_case(self) -> dict[str, str]:
        return {file.casefold(): file for file in self.assignment.files}

    @cached_property
    def _modules(self) -> frozenset[str]:
        """Paths of the modules and packages that are there, without suffixes."""
        folder = self.assignment.folder
        paths = [path.relative_to(folder) for path in (folder / "src").rglob("*.py")]
        found = {path.with_suffix("").as_posix() for path in paths}
        found.update(p.as_posix() for path in paths for p in path.parents)
        if self.assignment.native is not None:
            found.add(f"src/{self.assignment.package}/{self.assignment.native.module}")
        return frozenset(name.casefold() for name in found)

    @cached_property
    def _packages(self) -> frozenset[str]:
        folder = self.assignment.folder
        paths = (folder / "src").rglob("*.py")
        return frozenset(p.as_posix() for q in paths for p in q.relative_to(folder).parents)

    def has(self, path: str) -> bool:
        """Return whether a file of the stage has this path."""
        return (self.assignment.folder / path).is_file()

    def same(self, path: str, content: bytes) -> bool:
        """Return whether a file is as it was handed out, but for the ends of lines.

        Checks are handed out without the hidden ones, and any content counts as that.
        """
        if path.startswith("checks/test_"):
            return True
        original = Path(self.assignment.folder / path).read_bytes()
        return original.replace(b"\r\n", b"\n") == content.replace(b"\r\n", b"\n")

    def takes(self, path: str) -> bool:
        """Return whether a file of this path is the student's, in place of one or as a new one."""
        if path in self.assignment.files:
            return True
        return self._is_new(path) and not self.has(path) and not self.why_not(path)

    def why_not(self, path: str) -> str:
        """Return what is wrong with a name that the stage has not, or "".

        Python prefers a package to a module of the same name, and either may hide a part of the
        stage that is not the student's.
        """
        if meant := self._by_case.get(path.casefold()):
            return f"its name is {meant} with other capitals"
        if not self._is_new(path):
            return ""
        if not re.fullmatch(r"(?:\w[\w-]*/)*\w[\w.-]*", path, re.ASCII):
            return "its name has characters that no module's has"
        if path.rpartition("/")[2].lower() in _UNASKED:
            return "it would run without being asked"
        hidden = self._hidden(path)
        return f"it would hide {hidden} of the stage" if hidden else ""

    def _hidden(self, path: str) -> str:
        """Return the name of the module of the stage that a new file would stand for, or ""."""
        name, _, suffix = path.rpartition(".")
        if suffix != "py":
            return ""
        stem = PurePosixPath(name)
        new = [stem, *(p for p in stem.parents if p.as_posix() not in self._packages)]
        return next((p.name for p in new if p.as_posix().casefold() in self._modules), "")

    def handed_out_beside(self, name: str) -> bool:
        """Return whether a file or folder of this name lies beside the stage in a workspace."""
        beside = self.assignment.folder.parent / name
        return name == PAGE or (beside.exists() and not (beside / FILE).exists())

    def depth(self, path: str) -> int:
        """Return how many folders of a path the stage has."""
        folders = list(PurePosixPath(path).parents)[:-1]
        return sum((self.assignment.folder / folder).is_dir() for folder in folders)

    def _is_new(self, path: str) -> bool:
        return any(pattern.fullmatch(path) for pattern in self._patterns)


def _pattern(pattern: str) -> re.Pattern[str]:
    """Return the expression of a pattern: `**/` is any folders or none, `*` is within a name."""
    escaped = re.escape(pattern)
    escaped = escaped.replace(r"\*\*/", "(?:[^/]+/)*").replace(r"\*", "[^/]*")
    return re.compile(escaped)
