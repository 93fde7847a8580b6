"""The list of a class."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from needle_shared.grading.results.text import one_line


class RosterError(ValueError):
    """A file is no list of a class."""


@dataclass(frozen=True)
class Student:
    """A row of the roster; `id` is the name of the submission."""

    id: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True)
class Roster:
    """A class, in the order of its list."""

    students: tuple[Student, ...]
    has_email: bool


def read_roster(path: Path) -> Roster:
    """Return the class in a CSV file with the columns student, and if it has them name and email.

    Other columns do not matter. Raise RosterError where two rows are of one student, or a row of
    none.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
            header = rows[0] if rows else {}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RosterError(f"{path} cannot be read: {error}") from None
    if rows and "student" not in header:
        raise RosterError(f'{path} has no column "student": {[str(name) for name in header]}')
    students: dict[str, Student] = {}
    for line, row in enumerate(rows, start=2):
        id_ = one_line(row["student"] or "")
        if not id_:
            raise RosterError(f"{path}, row {line}: no student")
        if id_ in students:
            raise RosterError(f"{path}, row {line}: {id_!r} stands there twice")
        name, email = one_line(row.get("name") or ""), one_line(row.get("email") or "")
        students[id_] = Student(id_, name, email)
    return Roster(tuple(students.values()), has_email="email" in header)
