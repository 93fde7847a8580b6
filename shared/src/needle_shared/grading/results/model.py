"""What grading finds out about a submission."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

CheckStatus = Literal[
    "passed",  # all points
    "failed",  # a value differs; a check of speed may earn a part of its points
    "error",  # an exception
    "timeout",
    "crash",  # the process died
    "protocol",  # the process said what no check says
    "not_found",  # the file with the symbol is missing or does not compile
    "not_run",  # an earlier failure made it pointless, or the time of the submission was over
    "pending",  # needs what this machine has not, such as a GPU: neither 0 nor full
]
SubmissionStatus = Literal["graded", "invalid", "infra_error"]


@dataclass(frozen=True)
class CheckResult:
    """One check of one submission.

    `message` is for the student and empty for a hidden check; `detail` is for the teacher alone.
    Both may hold anything that the submission wrote.
    """

    id: str
    question: str
    hidden: bool
    points: Fraction
    earned: Fraction
    status: CheckStatus
    message: str = ""
    detail: str = ""
    seconds: float = 0.0  # timing: not reproducible

    def __post_init__(self) -> None:
        if not 0 <= self.earned <= self.points:
            raise ValueError(f"{self.id}: earned {self.earned} of {self.points} points")


@dataclass(frozen=True)
class QuestionResult:
    """The checks of a question, added up."""

    id: str
    title: str
    points: Fraction
    earned: Fraction
    pending: Fraction
    symbols: tuple[str, ...] = ()  # what the student writes: "src/...py::MatMul.compute"

    @classmethod
    def of(
        cls, id_: str, title: str, checks: Iterable[CheckResult], symbols: Iterable[object] = ()
    ) -> QuestionResult:
        """Return the sums over those of `checks` that are of the question."""
        own = [check for check in checks if check.question == id_]
        return cls(
            id=id_,
            title=title,
            points=sum((check.points for check in own), Fraction(0)),
            earned=sum((check.earned for check in own), Fraction(0)),
            pending=sum((c.points for c in own if c.status == "pending"), Fraction(0)),
            symbols=tuple(map(str, symbols)),
        )


@dataclass(frozen=True)
class Compared:
    """The mark with another choice of earlier stages, and the symbols that make the difference."""

    earlier: str
    earned: Fraction
    causes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """One submission, graded or not.

    `record` has what is needed to reproduce the result: seed, hashes, versions, limits. `timing`
    is all that two runs with one seed may differ in.
    """

    student: str
    stage: str
    title: str
    status: SubmissionStatus
    isolation: str  # "A", "B", "C" or "none"
    message: str = ""  # why it is invalid, or what failed
    checks: tuple[CheckResult, ...] = ()
    questions: tuple[QuestionResult, ...] = ()
    notes: tuple[str, ...] = ()  # for the student: missing files, what did not compile
    taken: tuple[str, ...] = ()  # files of the submission that were used
    ignored: tuple[str, ...] = ()  # and those that were not
    earlier: str = "reference"  # whose earlier stages were used
    compared: Compared | None = None  # with `--earlier both`: the other mark
    record: dict[str, Any] = field(default_factory=dict)
    timing: dict[str, float] = field(default_factory=dict)
    log: str = ""  # for the teacher: the end of what the submission printed

    @property
    def points(self) -> Fraction:
        """The maximum, whatever the submission does."""
        return sum((check.points for check in self.checks), Fraction(0))

    @property
    def earned(self) -> Fraction:
        """The points that were earned."""
        return sum((check.earned for check in self.checks), Fraction(0))

    @property
    def pending(self) -> Fraction:
        """The points of checks that could not be run on this machine."""
        waiting = (check.points for check in self.checks if check.status == "pending")
        return sum(waiting, Fraction(0))
