"""The files of a stage, as the reference has them and with stubs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from needle_shared.grading.assignment import Assignment

# What no checkout has: builds, caches, and what they leave behind. For where git is not.
_IGNORED_FOLDERS = {"__pycache__", "build", "dist", "venv", "results", "data"}
_IGNORED_SUFFIXES = {".pyc", ".pyo", ".so", ".pyd", ".dll", ".dylib", ".gz", ".egg-info"}
_PACKAGE = ("src/", "csrc/", "CMakeLists.txt", "pyproject.toml")


def skeleton_files(assignment: Assignment) -> dict[str, bytes]:
    """Return the package of a stage with stubs: the content of each file by its path in `hwN/`.

    Those are `src`, `csrc`, CMakeLists.txt and pyproject.toml: what a submission is laid over.
    Raises SymbolError for a symbol that its file has not, FileNotFoundError for a missing file.
    """
    return with_stubs(assignment, reference_files(assignment))


def reference_files(assignment: Assignment) -> dict[str, bytes]:
    """Return the package of a stage as it is."""
    files = project_files(assignment.folder)
    return {
        name: (assignment.folder / name).read_bytes()
        for name in files
        if name.startswith(_PACKAGE[:2]) or name in _PACKAGE
    }


def with_stubs(assignment: Assignment, files: dict[str, bytes]) -> dict[str, bytes]:
    """Return `files`, by their paths in `hwN/`, with stubs for the symbols of the assignment."""
    # What changes sources takes long to import, and a grader often has the skeleton already.
    from needle_shared.grading.skeleton.stubs import stub  # noqa: PLC0415

    result = dict(files)
    for file in assignment.files:
        if file not in files:
            raise FileNotFoundError(f"{assignment.stage} has no file {file}, which has symbols")
        names = [symbol.name for symbol in assignment.symbols if symbol.file == file]
        text = stub(file, files[file].decode(), names, assignment.stage)
        result[file] = text.encode()
    return result


def project_files(folder: Path) -> list[str]:
    """Return the paths, in `folder`, of the files that belong to the project, sorted.

    Those that git tracks; outside of a checkout, all but builds and caches.
    """
    command = ["git", "ls-files", "-z"]
    try:
        listed = subprocess.run(  # noqa: S603
            command, cwd=folder, capture_output=True, check=True
        ).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return sorted(walk_files(folder))
    names = set(filter(None, listed.split("\0")))
    return sorted(name for name in names if (folder / name).is_file())


def walk_files(folder: Path) -> Iterator[str]:
    """Yield the paths, in `folder`, of all files but builds and caches."""
    for root, folders, files in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if name not in _IGNORED_FOLDERS or _is_source(Path(root) / name, folder)
        ]
        folders[:] = [n for n in folders if not n.startswith(".") and not n.endswith(".egg-info")]
        for name in files:
            path = Path(root, name)
            if not name.startswith(".") and path.suffix not in _IGNORED_SUFFIXES:
                yield path.relative_to(folder).as_posix()


def _is_source(path: Path, folder: Path) -> bool:
    """Return whether a folder called `data` or `results` is one of packages or tests."""
    return path.name in {"data", "results"} and path.parent != folder
