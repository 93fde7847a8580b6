"""Writes the workspace that a student works in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from needle_shared.grading.assignment import (
    FILE,
    PAGE,
    Assignment,
    AssignmentError,
    read_assignment,
)
from needle_shared.grading.skeleton.archive import write_file, write_folder, zipped
from needle_shared.grading.skeleton.files import project_files, with_stubs
from needle_shared.grading.skeleton.readme import Points, assignment_page
from needle_shared.grading.skeleton.shared_files import shared_files
from needle_shared.grading.skeleton.visible_checks import visible_checks

Earlier = Literal["skeleton", "reference"]

_ROOT_FILES = (
    ".clang-format",
    ".editorconfig",
    ".gitignore",
    "LICENSE",
    "noxfile.py",
    "pyproject.toml",
)
_STAGE = (
    FILE,
    "CMakeLists.txt",
    "README.md",
    "pyproject.toml",
    "checks/",
    "csrc/",
    "src/",
    "tests/",
)
_HIDDEN = "checks/hidden/"


def write_skeleton(
    root: Path,
    stage: str,
    out: Path,
    *,
    zip: bool = False,  # noqa: A002 - what it is called
    earlier: Earlier = "skeleton",
    points: Points | None = None,
) -> None:
    """Write the workspace of `stage`, from the repository at `root`, into the new folder `out`.

    With `zip` it is an archive, equal to the byte in every run. Nothing is there if it fails. The
    other arguments are those of `handout_files`. Raises FileExistsError if `out` is there.
    """
    files = handout_files(root, stage, earlier=earlier, points=points)
    if zip:
        write_file(zipped(files, f"needle-{stage}"), out)
    else:
        write_folder(files, out)


def handout_files(
    root: Path, stage: str, *, earlier: Earlier = "skeleton", points: Points | None = None
) -> dict[str, bytes]:
    """Return the files of a workspace by their paths: what `nox -s hwN` needs, and no solution.

    That is the stage with stubs, its tests and those checks that are not hidden; the stages that
    it imports, with stubs or, if `earlier` is "reference", without; and what tests use of shared.
    `points` are those of visible and of hidden checks by question, for the table of ASSIGNMENT.md.
    Raises AssignmentError if a stage has no assignment.toml, SymbolError if that lists a symbol
    which is not there.
    """
    needs = stages_needed(root, stage)
    assignment = read_assignment(root / stage)
    files = {name: (root / name).read_bytes() for name in _ROOT_FILES}
    shared = {
        name: (root / "shared" / name).read_bytes() for name in project_files(root / "shared")
    }
    files |= {f"shared/{name}": data for name, data in shared_files(shared).items()}
    for name in [*needs, stage]:
        stubs = name == stage or earlier == "skeleton"
        files |= {
            f"{name}/{path}": data for path, data in stage_files(root / name, stubs=stubs).items()
        }
    page = assignment_page(assignment, needs, earlier == "skeleton", points)
    files[PAGE] = page.encode()
    return dict(sorted(files.items()))


def stage_files(folder: Path, *, stubs: bool = True) -> dict[str, bytes]:
    """Return what is handed out of a stage by its path in the stage's folder."""
    assignment = read_assignment(folder)
    return dict(_stage_files(assignment, stubs))


def stages_needed(root: Path, stage: str) -> list[str]:
    """Return the stages that `stage` imports, as the noxfile lists them; it is not run.

    Raises AssignmentError for a stage that is not in the list.
    """
    tree = ast.parse((root / "noxfile.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if not isinstance(node, ast.AnnAssign) or node.value is None:
            continue
        if ast.unparse(node.target) != "EVERY_NEED":
            continue
        needs: dict[str, list[str]] = ast.literal_eval(node.value)
        if stage not in needs:
            raise AssignmentError(f"{stage} is not a stage: {', '.join(needs)}")
        return [name for name in needs if name in needs[stage]]
    raise AssignmentError(f"{root / 'noxfile.py'} has no EVERY_NEED, which lists the stages")


def _stage_files(assignment: Assignment, stubs: bool) -> Iterator[tuple[str, bytes]]:
    folder = assignment.folder
    files = {
        name: (folder / name).read_bytes()
        for name in project_files(folder)
        if name in _STAGE or name.startswith(tuple(p for p in _STAGE if p.endswith("/")))
    }
    if stubs:
        files = with_stubs(assignment, files)
    for name, data in files.items():
        if name.startswith(_HIDDEN):
            continue
        if name.startswith("checks/") and name.endswith(".py"):
            visible = visible_checks(data.decode())
            if visible is not None:
                yield name, visible.encode()
        else:
            yield name, data
