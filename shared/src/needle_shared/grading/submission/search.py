"""Finds the submissions of a class in a folder, and whose they are."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from needle_shared.grading.assignment import Assignment
from needle_shared.grading.submission.entries import printable
from needle_shared.grading.submission.kinds import ignored_kind
from needle_shared.grading.submission.names import student_name, unique_names
from needle_shared.grading.submission.roster import Student

_ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar", ".rar", ".7z")
_SHORTEST = 4  # letters of an id or name that is looked for in longer names


@dataclass(frozen=True)
class Work:
    """What one student handed in, or did not.

    `name` is safe for files and differs from that of all others, capitals or not. `path` is None
    if nothing was handed in; `student` is None if there is no roster, or nobody in it fits.
    """

    name: str
    path: Path | None
    student: Student | None = None


@dataclass(frozen=True)
class Found:
    """The submissions below a path; `skipped` are names in the folder that are none."""

    works: tuple[Work, ...]
    skipped: tuple[str, ...] = ()


def find_submissions(
    path: Path, assignment: Assignment, roster: Sequence[Student] | None = None
) -> Found:
    """Return the submission at `path`, or if that is a folder of submissions, all in there.

    A folder is one submission if it holds the stage, at its top or in the folder of the stage's
    name, or nothing but one folder or archive; it is a student's by its own name. With a roster,
    there is one Work for each student, in its order, and then one for each submission that fits
    nobody. FileNotFoundError is raised if there is nothing at `path`.
    """
    path.stat()
    paths = [path if path.name not in {"", ".."} else path.resolve()]
    skipped: list[str] = []
    if path.is_dir() and not _is_submission(path, assignment):
        inner, others = _listing(path)
        if len(inner) != 1 or _is_class(paths[0].name, inner[0].name, roster or ()):
            paths, skipped = inner, others
    owners = {} if roster is None else _owners([p.name for p in paths], roster)
    rows: list[tuple[str, Path | None, Student | None]] = []
    for student in roster or ():
        own = [p for p in paths if owners.get(p.name) is student]
        rows.append((student.id, own[0] if own else None, student))
    rows += [(p.name, p, None) for p in paths if p.name not in owners]
    names = unique_names(name for name, _, _ in rows)
    works = (Work(name, p, student) for name, (_, p, student) in zip(names, rows, strict=True))
    return Found(tuple(works), tuple(printable(name) for name in skipped))


def _is_submission(path: Path, assignment: Assignment) -> bool:
    """Return whether a folder is one submission, and no class.

    In a class a student's folder may have the name of the stage or of its package: it has others
    beside it.
    """
    if _holds_stage(path, assignment):
        return True
    inside = path / assignment.stage
    if not _holds_stage(inside, assignment) and not _holds_package(path, assignment):
        return False
    beside = [p for p in _listing(path)[0] if p.name not in {inside.name, assignment.package}]
    stages = [q for p in beside for q in (p, p / assignment.stage)]
    archives = [p for p in beside if _is_archive(p.name)]
    others = [q for q in stages if _holds_stage(q, assignment) or _holds_package(q, assignment)]
    return len(archives) + len(others) < 2


def _holds_stage(path: Path, assignment: Assignment) -> bool:
    names = [f"src/{assignment.package}", *assignment.files]
    return any((path / name).exists() for name in names)


def _holds_package(path: Path, assignment: Assignment) -> bool:
    return any((path / name.removeprefix("src/")).is_file() for name in assignment.files)


def _is_class(name: str, inner: str, roster: Sequence[Student]) -> bool:
    """Return whether a folder with a single one in it is a class, of which one handed in."""
    return not _owners([name], roster) and bool(_owners([inner], roster))


def _is_archive(name: str) -> bool:
    return name.lower().endswith(_ARCHIVES)


def _listing(path: Path) -> tuple[list[Path], list[str]]:
    """Return folders and archives, and the names of all else; links are not followed."""
    paths, skipped = [], []
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            folder = entry.is_dir(follow_symlinks=False)
            archive = _is_archive(entry.name) and entry.is_file(follow_symlinks=False)
            hidden = ignored_kind((entry.name,), folder=True) is not None
            if archive or (folder and not hidden):
                paths.append(path / entry.name)
            else:
                skipped.append(entry.name)
    return paths, skipped


def _owners(names: Sequence[str], roster: Sequence[Student]) -> dict[str, Student]:
    """Return whose submission each name is, as far as that is certain.

    The roster may say it. Else the name is the id, the address or its first part, or the student's
    name; or one of these is in it, as learning platforms write `smith_123_hw1.zip`. If two students
    fit a name, or two names a student, neither is decided.
    """
    names_of = {name: _key(name) for name in names}
    ids = [_key(student.id) for student in roster]
    keys_of = [_keys(student) for student in roster]
    owners: dict[str, int] = {}
    long = [{key for key in keys if len(key) >= _SHORTEST} for keys in keys_of]
    rules: list[Callable[[str, int], bool]] = [
        lambda name, i: name == roster[i].file,
        lambda name, i: names_of[name] == ids[i],
        lambda name, i: names_of[name] in keys_of[i],
        # The student may choose the rest of a name, and name others there.
        lambda name, i: any(names_of[name].startswith(f"{key} ") for key in long[i]),
        lambda name, i: any(f" {key} " in f" {names_of[name]} " for key in long[i]),
    ]
    for fits in rules:
        free = sorted(set(range(len(roster))) - set(owners.values()))
        pairs = [(n, i) for n in names if n not in owners for i in free if fits(n, i)]
        by_name, by_student = Counter(n for n, _ in pairs), Counter(i for _, i in pairs)
        owners.update((n, i) for n, i in pairs if by_name[n] == by_student[i] == 1)
    return {name: roster[i] for name, i in owners.items()}


def _keys(student: Student) -> set[str]:
    local = student.email.partition("@")[0]
    words = (student.id, student.email, local, student.name)
    return {_key(word) for word in words if word}


def _key(text: str) -> str:
    """Return the letters and digits of a name, in small letters, with one blank between words."""
    return " ".join(re.findall(r"[^\W_]+", student_name(text).casefold()))
