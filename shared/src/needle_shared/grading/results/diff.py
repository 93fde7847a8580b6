"""What changed between two results, or between the results of a class graded twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from needle_shared.grading.results.model import CheckResult, Result
from needle_shared.grading.results.reading import ResultError
from needle_shared.grading.results.sanitise import sanitised
from needle_shared.grading.results.serialize import FILE, read_result
from needle_shared.grading.results.shown import points_text
from needle_shared.grading.results.text import one_line

_NONE = "none"  # the status of what one side does not have


@dataclass(frozen=True)
class Change:
    """A check that went otherwise; "none" is the status where there is no such check."""

    check: str
    old: str
    new: str
    difference: Fraction


@dataclass(frozen=True)
class StudentChange:
    """What changed for a student; "none" is the status where there is no result."""

    student: str
    old: str
    new: str
    earned: tuple[Fraction, Fraction]
    checks: tuple[Change, ...] = ()
    problem: str = ""

    @property
    def difference(self) -> Fraction:
        """The new mark less the old one."""
        return self.earned[1] - self.earned[0]

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return self.old != self.new or bool(self.difference or self.checks or self.problem)


def diff_results(old: Result | None, new: Result | None) -> StudentChange:
    """Return what changed from `old` to `new`; one of them may not be there."""
    before, after = ({} if r is None else _checks(r) for r in (old, new))
    changes = []
    for id_ in dict.fromkeys([*before, *after]):
        a, b = before.get(id_), after.get(id_)
        change = Change(id_, _status(a), _status(b), _earned(b) - _earned(a))
        if change.old != change.new or change.difference:
            changes.append(change)
    named = new if new is not None else old
    return StudentChange(
        student=sanitised(named).student if named is not None else "",
        old=_NONE if old is None else old.status,
        new=_NONE if new is None else new.status,
        earned=(
            Fraction(0) if old is None else old.earned,
            Fraction(0) if new is None else new.earned,
        ),
        checks=tuple(changes),
    )


def diff_folders(old: Path, new: Path) -> list[StudentChange]:
    """Return what changed for each student, by name; those without a change are left out.

    Each folder holds a `result.json`, or folders of students that do. One that cannot be read is
    told as a problem. Raise ResultError for a folder without any.
    """
    before, after = _results(old), _results(new)
    changes = []
    for name in sorted({*before, *after}):
        a, b = before.get(name), after.get(name)
        problems = [str(side) for side in (a, b) if isinstance(side, ResultError)]
        if problems:
            zero = Fraction(0)
            changes.append(
                StudentChange(one_line(name), "?", "?", (zero, zero), (), "; ".join(problems))
            )
        else:
            changes.append(
                diff_results(
                    a if isinstance(a, Result) else None, b if isinstance(b, Result) else None
                )
            )
    return [change for change in changes if change]


def diff_document(changes: Iterable[StudentChange]) -> list[dict[str, Any]]:
    """Return the changes as JSON can hold them; points are texts, as in `result.json`."""
    return [
        {
            "student": change.student,
            "status": {"old": change.old, "new": change.new},
            "earned": {"old": str(change.earned[0]), "new": str(change.earned[1])},
            "difference": str(change.difference),
            "problem": change.problem,
            "checks": [
                {"id": c.check, "old": c.old, "new": c.new, "difference": str(c.difference)}
                for c in change.checks
            ],
        }
        for change in changes
    ]


def show_diff(changes: Iterable[StudentChange], console: Console) -> None:
    """Write a table of the changes, those that lost points first."""
    ordered = sorted(changes, key=lambda change: change.difference)
    if not ordered:
        console.print("No check changed.")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("student", "check", "before", "after"):
        table.add_column(title)
    table.add_column("points", justify="right")
    for change in ordered:
        marks = [points_text(mark) for mark in change.earned]
        sides = [f"{change.old} {marks[0]}", f"{change.new} {marks[1]}"]
        texts = [Text(change.student), Text(change.problem), *map(Text, sides)]
        table.add_row(*texts, _signed(change.difference), style="bold")
        # What one side does not have at all is not told check by check.
        for item in change.checks if _NONE not in (change.old, change.new) else ():
            row = [Text(), Text(item.check), Text(item.old), Text(item.new)]
            table.add_row(*row, _signed(item.difference))
    console.print(table)


def _signed(difference: Fraction) -> Text:
    sign = "+" if difference > 0 else ""
    style = "green" if difference > 0 else "red" if difference else ""
    return Text(sign + points_text(difference), style=style)


def _checks(result: Result) -> dict[str, CheckResult]:
    return {check.id: check for check in sanitised(result).checks}


def _status(check: CheckResult | None) -> str:
    return _NONE if check is None else check.status


def _earned(check: CheckResult | None) -> Fraction:
    return Fraction(0) if check is None else check.earned


def _results(folder: Path) -> dict[str, Result | ResultError]:
    """Return the results in a folder by the names of their folders; that of itself by ""."""
    if (folder / FILE).is_file():
        files = {"": folder / FILE}
    else:
        files = {path.parent.name: path for path in sorted(folder.glob(f"*/{FILE}"))}
    if not files:
        raise ResultError(f"{folder} holds no {FILE}, and neither do the folders in it")
    return {name: _result_or_error(path) for name, path in files.items()}


def _result_or_error(path: Path) -> Result | ResultError:
    try:
        return read_result(path)
    except ResultError as error:
        return error
