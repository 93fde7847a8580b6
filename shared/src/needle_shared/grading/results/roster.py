"""The list of a class, as results are joined with it."""

from __future__ import annotations

from dataclasses import dataclass


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
