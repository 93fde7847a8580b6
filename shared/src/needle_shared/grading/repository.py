"""The repository that grading works with: its stages and their files."""

from __future__ import annotations

import sys
from pathlib import Path

from packaging.requirements import Requirement

from needle_shared.grading.assignment import (
    FILE,
    PAGE,
    Assignment,
    AssignmentError,
    read_assignment,
)
from needle_shared.grading.inside.beside import HELPERS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_PREFIX = "needle-"
HIDDEN = "checks/hidden"


class RepositoryError(RuntimeError):
    """A folder is not a repository of stages, or it has not the stage."""


class Repository:
    """The folder with `hwN/` and `shared/`, where checks and references are."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @classmethod
    def around(cls, start: Path) -> Repository:
        """Return the repository that `start` is in.

        Raise RepositoryError if it is in none, or in what was handed out to a student.
        """
        for folder in (start.resolve(), *start.resolve().parents):
            if not any(folder.glob(f"hw*/{FILE}")):
                continue
            # Without hidden checks it is a student's: checks and "reference" would be theirs.
            if (folder / PAGE).exists() or not any(folder.glob(f"hw*/{HIDDEN}")):
                raise RepositoryError(
                    f"{folder} is what was handed out, and no reference to grade with: run this in "
                    "a clone of the repository, or name it with --root"
                )
            return cls(folder)
        raise RepositoryError(
            f"no stages with an {FILE} in {start} or above: run this in a clone of the repository, "
            "or name it with --root"
        )

    def stages(self) -> list[str]:
        """Return the names of the stages that have an assignment."""
        return sorted(path.parent.name for path in self.root.glob(f"hw*/{FILE}"))

    def assignment(self, stage: str) -> Assignment:
        """Return the assignment of a stage; raise RepositoryError for an unknown name."""
        if stage not in self.stages():
            raise RepositoryError(f"there is no stage {stage!r}: {', '.join(self.stages())}")
        return read_assignment(self.root / stage)

    def needs(self, stage: str) -> list[str]:
        """Return the earlier stages that a stage imports, by its pyproject.toml, in order."""
        names = (requirement.name for requirement in self._requirements(stage))
        return sorted(name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX))

    def requirements(self, stage: str) -> list[str]:
        """Return the names of the other packages that a stage imports."""
        names = [requirement.name for requirement in self._requirements(stage)]
        return [name for name in names if not name.startswith(_PREFIX)]

    def _requirements(self, stage: str) -> list[Requirement]:
        text = (self.root / stage / "pyproject.toml").read_text(encoding="utf-8")
        listed = tomllib.loads(text)["project"].get("dependencies", [])
        found = [Requirement(line) for line in listed]
        return [r for r in found if r.marker is None or r.marker.evaluate({"extra": ""})]

    def package_files(self, stage: str) -> dict[str, bytes]:
        """Return the reference's Python files, by their names below `hwN/src`."""
        folder = self.root / stage / "src"
        found = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.suffix == ".py" or path.name == "py.typed"
        }
        if not found:
            raise AssignmentError(f"{folder} has no Python files")
        return found

    def check_files(self, stage: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """Return the visible and the hidden checks, by their names below `hwN/checks`."""
        folder = self.root / stage / "checks"
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("test_*.py"))
        }
        hidden = {name: text for name, text in files.items() if name.startswith("hidden/")}
        return {name: text for name, text in files.items() if name not in hidden}, hidden

    def check_helpers(self, stage: str) -> dict[str, bytes]:
        """Return what the checks need beside them, by its name below `hwN/checks`."""
        path = self.root / stage / "checks" / HELPERS
        return {HELPERS: path.read_bytes()} if path.is_file() else {}
