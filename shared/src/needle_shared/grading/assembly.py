"""A submission as a package: the student's files, laid over the skeleton of the stage."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from needle_shared.grading.assignment import Assignment
from needle_shared.grading.runtime import extension_file, open_to_all, write_files
from needle_shared.grading.setup import Package

SOURCES = "src/"


@dataclass(frozen=True)
class Files:
    """The files of a stage with a student's in their places, by names below `hwN/`.

    `replaced` says of each file that should be the student's and is the skeleton's, why.
    """

    files: Mapping[str, bytes]
    taken: tuple[str, ...]
    replaced: Mapping[str, str]

    @property
    def python_sources(self) -> tuple[str, ...]:
        """The student's Python files, by their names below `hwN/src`."""
        return tuple(
            name.removeprefix(SOURCES)
            for name in self.taken
            if name.startswith(SOURCES) and name.endswith(".py")
        )

    @property
    def native_sources(self) -> tuple[str, ...]:
        """The student's files that are compiled, by their names below `hwN/`."""
        return tuple(name for name in self.taken if not name.startswith(SOURCES))


def overlay(
    assignment: Assignment,
    skeleton: Mapping[str, bytes],
    submitted: Mapping[str, bytes],
    broken: Mapping[str, str],
) -> Files:
    """Return the stage's files with those of the student.

    Those of `broken` stay the skeleton's; it says why, as what follows a file's name.
    """
    taken = {name: content for name, content in submitted.items() if name not in broken}
    missing = {
        name: "is missing from the submission" for name in assignment.files if name not in submitted
    }
    return Files(
        files={**skeleton, **taken},
        taken=tuple(sorted(taken)),
        replaced={**missing, **broken},
    )


def write_package(
    assignment: Assignment, files: Mapping[str, bytes], extension: Path | None, folder: Path
) -> Package:
    """Write the Python files and the built extension of a stage into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    sources = {
        name.removeprefix(SOURCES): content
        for name, content in files.items()
        if name.startswith(SOURCES)
    }
    write_files(folder, sources)
    if extension is not None and assignment.native is not None:
        name = extension_file(assignment.native.module)
        shutil.copyfile(extension, folder / assignment.package / name)
        open_to_all(folder)
    return Package(assignment.package, folder)
