"""Reads the list of a class, as spreadsheets and learning platforms export it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from needle_shared.grading.submission.entries import printable
from needle_shared.grading.submission.limits import MIB

_LARGEST = 8 * MIB
_COLUMNS = {"student": "id", "id": "id", "name": "name", "email": "email", "file": "file"}


class RosterError(ValueError):
    """A roster cannot be used; the message names the line."""


@dataclass(frozen=True)
class Student:
    """A line of the roster; `file` is the name of the student's submission, if that is known."""

    id: str
    name: str = ""
    email: str = ""
    file: str = ""


def read_roster(path: Path) -> tuple[Student, ...]:
    """Return the students of a CSV file, in its order.

    The first line names the columns: `student` or `id`, and if wanted `name`, `email`, `file`;
    others are passed over. Cells are separated by commas, semicolons or tabs.
    """
    lines = _lines(path)
    number, header = next(lines, (1, []))
    columns = _columns(path, header)
    students: list[Student] = []
    known: dict[tuple[str, str], int] = {}
    for number, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header):
            raise RosterError(
                f"{path}, line {number}: {len(cells)} cells under {len(header)} names"
            )
        student = Student(**{k: cells[i].strip() for k, i in columns.items() if i < len(cells)})
        if not student.id:
            raise RosterError(f"{path}, line {number}: the student's id is empty")
        if "/" in student.file or "\\" in student.file or student.file in {".", ".."}:
            raise RosterError(f"{path}, line {number}: {student.file!r} is not a file's name")
        for key in [("id", student.id.casefold()), ("file", student.file)]:
            if key[1] and (first := known.setdefault(key, number)) != number:
                raise RosterError(
                    f"{path}, line {number}: the {key[0]} {printable(key[1])!r} is in line "
                    f"{first}, too"
                )
        students.append(student)
    return tuple(students)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each line with the number of its last one."""
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise RosterError(f"{path} is no roster: it is larger than {_LARGEST // MIB} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise RosterError(
            f"{path}, line {number}: it is not UTF-8: save it as CSV in UTF-8"
        ) from None
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise RosterError(f"{path}, line {reader.line_num}: {error}") from None


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    """Return the index of each column that is used, by the field of Student."""
    columns: dict[str, int] = {}
    for i, cell in enumerate(header):
        name = _COLUMNS.get(cell.strip().casefold())
        if name is None:
            continue
        if name in columns:
            raise RosterError(f"{path}, line 1: there are two columns of the {name}")
        columns[name] = i
    if "id" not in columns:
        names = printable(", ".join(header))
        raise RosterError(f'{path}, line 1: no column is named "student" or "id", got {names!r}')
    return columns
