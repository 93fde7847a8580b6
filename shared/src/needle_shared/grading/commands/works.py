"""The submissions that a command was given, and the students of a roster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from needle_shared.grading.assignment import Assignment
from needle_shared.grading.results.roster import Roster, Student
from needle_shared.grading.submission.names import unique_names
from needle_shared.grading.submission.roster import RosterError, read_roster
from needle_shared.grading.submission.roster import Student as Listed
from needle_shared.grading.submission.search import Found, Work, find_submissions


def find_works(assignment: Assignment, paths: tuple[Path, ...], roster: Path | None) -> list[Work]:
    """Return the submissions at all paths; a roster is for one folder of them."""
    students = _students(roster)
    if students is not None and len(paths) > 1:
        raise click.UsageError("--roster takes one folder of submissions")
    works: list[Work] = []
    for path in paths:
        try:
            found: Found = find_submissions(path, assignment, students)
        except OSError as error:
            raise click.UsageError(f"{path}: {error.strerror}") from None
        works += found.works
        for name in found.skipped:
            click.echo(f"not a submission: {name}", err=True)
    if not works:
        raise click.UsageError(f"no submissions in {paths[0]}")
    names = unique_names(work.name for work in works)
    return [replace(work, name=name) for work, name in zip(works, names, strict=True)]


def one_work(paths: tuple[Path, ...]) -> list[Work]:
    """Return what is at the one path as a submission, whatever is in it."""
    if len(paths) > 1:
        raise click.UsageError(f"--gradescope is for one submission, got {len(paths)}")
    (path,) = paths
    if not path.exists():
        raise click.UsageError(f"{path}: No such file or directory")
    (name,) = unique_names([path.resolve().name])
    return [Work(name, path)]


def _students(roster: Path | None) -> tuple[Listed, ...] | None:
    try:
        return None if roster is None else read_roster(roster)
    except RosterError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.UsageError(f"{roster}: {error.strerror}") from None


def listed(works: list[Work]) -> Roster:
    """Return the students of the roster, under the names of their submissions."""
    found = [(work.name, work.student) for work in works if work.student is not None]
    students = tuple(Student(name, student.name, student.email) for name, student in found)
    return Roster(students, has_email=any(student.email for student in students))
