"""The checks of a stage: what they are worth, as their markers declare it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from needle_shared.grading.assignment import Assignment

TOTAL = Fraction(100)
_KEYS = {"check", "function", "points", "part", "hidden", "needs", "each", "timeout"}


class CatalogueError(ValueError):
    """The checks of a stage declare what they must not."""


@dataclass(frozen=True)
class Check:
    """A check with its points; a parametrised function is one check for each parameter."""

    id: str
    question: str
    points: Fraction
    hidden: bool = False
    needs: str | None = None
    timeout: float | None = None  # seconds


def catalogue(assignment: Assignment, listed: Iterable[dict[str, Any]]) -> tuple[Check, ...]:
    """Return the checks from what the driver listed beside the reference, in order of questions.

    The points of a parametrised function are shared by its parameters, unless it says
    ``each=True``.
    """
    entries = list(listed)
    sizes = Counter((e["function"], e["hidden"]) for e in entries)
    order = {question.id: i for i, question in enumerate(assignment.questions)}
    checks = []
    for entry in entries:
        name = entry["check"]
        if unknown := sorted(set(entry) - _KEYS):
            raise CatalogueError(f"{name}: points() has no setting {unknown[0]!r}")
        if entry.get("part") not in order:
            raise CatalogueError(
                f"{name}: part {entry.get('part')!r} is no question of {assignment.stage}: "
                f"{', '.join(order)}"
            )
        points = Fraction(entry["points"])
        if points <= 0:
            raise CatalogueError(f"{name}: {points} points; there must be more than 0")
        if not entry.get("each"):
            points /= sizes[entry["function"], entry["hidden"]]
        checks.append(
            Check(
                id=name,
                question=entry["part"],
                points=points,
                hidden=entry["hidden"],
                needs=entry.get("needs"),
                timeout=entry.get("timeout"),
            )
        )
    if repeated := [name for name, n in Counter(check.id for check in checks).items() if n > 1]:
        raise CatalogueError(f"the check {repeated[0]!r} is there twice")
    return tuple(sorted(checks, key=lambda check: (order[check.question], check.hidden)))
