"""Moves what a student wrote for one stage into the workspace of a later one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from needle_shared.grading.assignment import Assignment, AssignmentError, read_assignment
from needle_shared.grading.skeleton.archive import write_folder
from needle_shared.grading.skeleton.carry_file import Conflict, carry_file
from needle_shared.grading.skeleton.handout import handout_files, stages_needed
from needle_shared.grading.skeleton.submitted import Submitted


@dataclass(frozen=True)
class Report:
    """What was carried; files are named as in the workspace, symbols as `hw1/FILE::NAME`.

    Nothing that is in conflict was written: `conflicts` say why.
    """

    carried: tuple[str, ...] = ()  # symbols; those that were there already, too
    stubs: tuple[str, ...] = ()  # symbols that the student has not written yet
    added: tuple[str, ...] = ()  # helpers and files of the student's own
    conflicts: tuple[Conflict, ...] = ()


@dataclass
class _Collected:
    """A report in the making, and the files that it changes."""

    carried: list[str] = field(default_factory=list)
    stubs: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)


def carry(root: Path, earlier: str, later: str, directory: Path, out: Path | None = None) -> Report:
    """Put what a student wrote for `earlier` into the workspace of `later` at `out`; report it.

    `directory` is the student's workspace, the folder of the stage in it, or of its package. If
    `out` is not there, it becomes a new workspace with the skeletons of the repository at `root`;
    without `out`, that is `needle-LATER` beside `directory`. If it is there, stubs are filled in
    and nothing else is touched. What `earlier` imports is carried, too, where `directory` has it.

    The student's code is read and never run. A symbol is in conflict, and stays as it is, if its
    file cannot be read, it is not there or has another signature, `out` has another solution, or
    the student changed something beside the symbols that the assignment lists. Helpers and imports
    that were added are carried, in files whose symbols all are. `out` is a new folder that is
    renamed when it is complete; files that are there are replaced one by one.

    Raises AssignmentError if `later` does not import `earlier`, FileNotFoundError if `directory`
    has no files of it.
    """
    if earlier not in stages_needed(root, later):
        raise AssignmentError(f"{later} does not import {earlier}: there is nothing to carry")
    out = directory.resolve().parent / f"needle-{later}" if out is None else out
    fresh = handout_files(root, later)
    there = out.is_dir() and any(out.iterdir())
    stages = [
        *(name for name in stages_needed(root, earlier) if (directory / name).is_dir()),
        earlier,
    ]
    collected = _Collected()
    for stage in stages:
        assignment = read_assignment(root / stage)
        target = _files_of(fresh, stage)
        if there:
            target = {name: _read(out / stage / name) for name in target}
        _carry_stage(assignment, _files_of(fresh, stage), target, directory, collected)
    if there:
        _replace_files(collected.files, out)
    else:
        write_folder({**fresh, **collected.files}, out)
    return Report(
        carried=tuple(collected.carried),
        stubs=tuple(collected.stubs),
        added=tuple(collected.added),
        conflicts=tuple(collected.conflicts),
    )


def _carry_stage(
    assignment: Assignment,
    skeleton: Mapping[str, bytes],
    target: Mapping[str, bytes],
    directory: Path,
    collected: _Collected,
) -> None:
    stage = assignment.stage
    submitted = Submitted(assignment, directory)
    for file in assignment.files:
        names = [symbol.name for symbol in assignment.symbols if symbol.file == file]
        result = carry_file(file, names, skeleton[file], target[file], submitted.read(file), stage)
        collected.carried += [f"{stage}/{file}::{name}" for name in result.carried]
        collected.stubs += [f"{stage}/{file}::{name}" for name in result.stubs]
        collected.added += [f"{stage}/{file}::{name}" for name in result.added]
        collected.conflicts += result.conflicts
        if result.content != target[file]:
            collected.files[f"{stage}/{file}"] = result.content
    for file in submitted.new_files(skeleton):
        content, old = submitted.read(file), target.get(file)
        if content is None:
            continue
        if old is not None and old != content:
            collected.conflicts.append(Conflict(f"{stage}/{file}", "", "is there, and differs"))
        else:
            collected.added.append(f"{stage}/{file}")
            collected.files[f"{stage}/{file}"] = content
    for file in submitted.changed(skeleton):
        reason = "was changed, but the assignment lists nothing in it"
        collected.conflicts.append(Conflict(f"{stage}/{file}", "", reason))


def _files_of(files: Mapping[str, bytes], stage: str) -> dict[str, bytes]:
    prefix = f"{stage}/"
    return {
        name.removeprefix(prefix): data for name, data in files.items() if name.startswith(prefix)
    }


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _replace_files(files: Mapping[str, bytes], out: Path) -> None:
    """Write files into a workspace that is there: first beside it, then each to its place."""
    made = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.resolve().parent))
    try:
        for i, data in enumerate(files.values()):
            (made / str(i)).write_bytes(data)
        for i, name in enumerate(files):
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            (made / str(i)).replace(path)
    finally:
        shutil.rmtree(made, ignore_errors=True)
