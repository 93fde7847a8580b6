"""The results of a class: joined with its roster, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from statistics import mean, median

from needle_shared.grading.results.model import CheckResult, CheckStatus, Result
from needle_shared.grading.results.roster import Roster, Student
from needle_shared.grading.results.sanitise import NAME, sanitised
from needle_shared.grading.results.text import one_line

BINS = 10


@dataclass(frozen=True)
class Entry:
    """A student with the result, which is None if nothing was handed in."""

    student: Student
    result: Result | None
    on_roster: bool = True

    @property
    def status(self) -> str:
        """The status of the submission, or "missing"."""
        return "missing" if self.result is None else self.result.status

    @property
    def message(self) -> str:
        """What there is to say about the submission as a whole."""
        message = "" if self.result is None else self.result.message
        return message if self.on_roster else f"not on the roster. {message}".rstrip()


def join(results: Iterable[Result], roster: Roster | None) -> list[Entry]:
    """Return an entry per student: the roster in its order, then the others by name.

    Results are sanitised. Raise ValueError if two are of one student.
    """
    found: dict[str, Result] = {}
    for result in map(sanitised, results):
        if result.student in found:
            raise ValueError(f"two results are of {result.student!r}")
        found[result.student] = result
    listed = map(_clean_student, roster.students if roster is not None else ())
    entries = [Entry(student, found.pop(student.id, None)) for student in listed]
    others = [(Student(id_), found[id_]) for id_ in sorted(found)]
    return [*entries, *(Entry(student, result, roster is None) for student, result in others)]


def _clean_student(student: Student) -> Student:
    return Student(*(one_line(text, NAME) for text in (student.id, student.name, student.email)))


@dataclass(frozen=True)
class CheckCount:
    """How one check went in a class."""

    check: CheckResult
    statuses: Counter[CheckStatus]
    share: float  # of the points, over all who were graded and for whom it is not pending

    @property
    def graded(self) -> int:
        """The submissions for which it is not pending."""
        return self.statuses.total() - self.statuses["pending"]

    @property
    def passed(self) -> int:
        """The submissions that passed it."""
        return self.statuses["passed"]


@dataclass(frozen=True)
class QuestionCount:
    """How one question went in a class: the mean share of points, and who got all of them."""

    id: str
    title: str
    points: Fraction
    share: float
    full: int


@dataclass(frozen=True)
class ClassCount:
    """A class in numbers; `bins` has the number of marks in each tenth, all points in the last.

    `checks` are those that cost most first.
    """

    statuses: Counter[str]
    points: Fraction
    totals: tuple[Fraction, ...]
    bins: tuple[int, ...]
    questions: tuple[QuestionCount, ...]
    checks: tuple[CheckCount, ...]

    @property
    def mean(self) -> Fraction | None:
        """The mean total, or None without a mark."""
        return mean(self.totals) if self.totals else None

    @property
    def median(self) -> Fraction | None:
        """The median total, or None without a mark."""
        return median(self.totals) if self.totals else None


def count(entries: Iterable[Entry]) -> ClassCount:
    """Return the numbers of a class; only submissions that were graded count for marks."""
    entries = list(entries)
    graded = [e.result for e in entries if e.result is not None and e.result.status == "graded"]
    points = max((result.points for result in graded), default=Fraction(0))
    totals = tuple(sorted(result.earned for result in graded))
    bins = [0] * BINS
    for total in totals:
        bins[min(int(BINS * total / points), BINS - 1) if points else 0] += 1
    return ClassCount(
        statuses=Counter(entry.status for entry in entries),
        points=points,
        totals=totals,
        bins=tuple(bins),
        questions=_questions(graded),
        checks=_checks(graded),
    )


def _questions(results: list[Result]) -> tuple[QuestionCount, ...]:
    counts = []
    for id_ in dict.fromkeys(question.id for result in results for question in result.questions):
        own = [q for result in results for q in result.questions if q.id == id_]
        reachable = sum(q.points - q.pending for q in own)
        share = float(sum(q.earned for q in own) / reachable) if reachable else 0.0
        full = sum(q.earned == q.points for q in own)
        counts.append(QuestionCount(id_, own[0].title, own[0].points, share, full))
    return tuple(counts)


def _checks(results: list[Result]) -> tuple[CheckCount, ...]:
    own: dict[str, list[CheckResult]] = {}
    for result in results:
        for check in result.checks:
            own.setdefault(check.id, []).append(check)
    counts = []
    for checks in own.values():
        run = [check for check in checks if check.status != "pending"]
        points = sum(check.points for check in run)
        share = float(sum(check.earned for check in run) / points) if points else 0.0
        counts.append(CheckCount(checks[0], Counter(c.status for c in checks), share))
    # Those that nobody could run are at the end: nothing is known of them.
    return tuple(sorted(counts, key=lambda count: (not count.graded, count.share)))
