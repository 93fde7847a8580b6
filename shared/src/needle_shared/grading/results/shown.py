"""What a student may see of a result. Everything for students is made of this, not of the result.

A hidden check becomes its number in the question and whether it passed: its name, message and
detail are not even here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Literal

from needle_shared.grading.results.model import CheckResult, CheckStatus, QuestionResult, Result
from needle_shared.grading.results.sanitise import sanitised

Tone = Literal["good", "part", "bad", "wait"]

WORDS: dict[CheckStatus, str] = {
    "passed": "passed",
    "failed": "failed",
    "error": "error",
    "timeout": "too slow",
    "crash": "crashed",
    "protocol": "broke off",
    "not_found": "not found",
    "not_run": "not run",
    "pending": "pending",
}
# The file without folders and suffix, if there is one, and the function.
_ID = re.compile(r"(?:[^\[]*?(?:^|/)(\w+)\.py::)?(\w+)(?=\[|$)")
_MEANING: dict[CheckStatus, str] = {
    "passed": "",
    "failed": "A value is not the expected one.",
    "error": "Your code raised an exception.",
    "timeout": "The check did not end in time.",
    "crash": "The process died while this check ran.",
    "protocol": "The process ended without an answer to this check.",
    "not_found": "Your submission has no file with this code, or the file does not compile.",
    "not_run": "This check was not run, because of what happened in an earlier one.",
    "pending": "This check needs a device that the grading machine has not. It will be graded "
    "later.",
}
_HIDDEN_FAILED = (
    "Hidden checks test the same rules with other inputs: other shapes and dtypes, the smallest "
    "and uneven sizes, other options. Read the docstrings again, and try what they allow."
)


@dataclass(frozen=True)
class ShownCheck:
    """A check as the student sees it; `command` runs it on their own machine."""

    name: str
    question: str
    hidden: bool
    tone: Tone
    word: str
    points: Fraction
    earned: Fraction
    message: str = ""
    command: str = ""
    number: int = 0  # of a hidden check in its question

    @property
    def lost(self) -> Fraction:
        """The points that this check cost; a pending one costs nothing."""
        return Fraction(0) if self.tone == "wait" else self.points - self.earned


@dataclass(frozen=True)
class ShownQuestion:
    """A question with its checks; `advice` says what to do about hidden checks that failed."""

    id: str
    title: str
    points: Fraction
    earned: Fraction
    pending: Fraction
    symbols: tuple[str, ...]
    checks: tuple[ShownCheck, ...]
    advice: str

    @property
    def passed(self) -> int:
        """How many checks passed."""
        return sum(check.tone == "good" for check in self.checks)

    @property
    def tone(self) -> Tone:
        """How the whole question went."""
        if any(check.lost for check in self.checks):
            return "part" if self.earned else "bad"
        return "wait" if self.pending else "good"


@dataclass(frozen=True)
class Step:
    """Something to do next: a function of checks that failed, and what it cost."""

    name: str
    question: str  # its title
    command: str
    failing: int
    lost: Fraction


@dataclass(frozen=True)
class Shown:
    """A result as the student sees it. `first` are the steps to begin with."""

    student: str
    stage: str
    title: str
    status: str
    message: str
    points: Fraction
    earned: Fraction
    pending: Fraction
    questions: tuple[ShownQuestion, ...]
    first: tuple[Step, ...]
    compared: str
    notes: tuple[str, ...]
    taken: tuple[str, ...]
    ignored: tuple[str, ...]

    @property
    def checks(self) -> tuple[ShownCheck, ...]:
        """The checks of all questions."""
        return tuple(check for question in self.questions for check in question.checks)


def shown(result: Result) -> Shown:
    """Return what the student may see of a result, sanitised."""
    result = sanitised(result)
    names = public_names(result)
    numbers = hidden_numbers(result)
    checks = [_check(result, c, names[c.id], numbers.get(c.id, 0)) for c in result.checks]
    questions = tuple(_question(question, checks) for question in _questions(result))
    return Shown(
        student=result.student,
        stage=result.stage,
        title=result.title,
        status=result.status,
        message=result.message,
        points=result.points,
        earned=result.earned,
        pending=result.pending,
        questions=questions,
        first=_first_steps(questions),
        compared=_compared(result),
        notes=result.notes,
        taken=result.taken,
        ignored=result.ignored,
    )


def public_names(result: Result) -> dict[str, str]:
    """Return for the id of each check the name that a student sees.

    A hidden one is called by its number among the hidden checks of its question.
    """
    numbers = hidden_numbers(result)
    return {
        check.id: f"hidden check {numbers[check.id]} of {check.question}"
        if check.hidden
        else short_name(check.id)
        for check in result.checks
    }


def hidden_numbers(result: Result) -> dict[str, int]:
    """Return for the id of each hidden check its number in the question, from 1."""
    numbers: dict[str, int] = {}
    seen: Counter[str] = Counter()
    for check in result.checks:
        if check.hidden:
            seen[check.question] += 1
            numbers[check.id] = seen[check.question]
    return numbers


def short_name(id_: str) -> str:
    """Return the id of a check without the file that it is in."""
    function, bracket, parameters = id_.partition("[")
    return function.rpartition("::")[2] + bracket + parameters


def command_of(result: Result, check: CheckResult) -> str:
    """Return the command that runs a visible check on a student's machine, or "".

    The file is named, too, where another one has a function of the same name.
    """
    match = _ID.match(check.id)
    if match is None or check.hidden:
        return ""
    file, function = match.groups()
    visible = [_ID.match(other.id) for other in result.checks if not other.hidden]
    files = {other[1] for other in visible if other is not None and other[2] == function}
    wanted = f'"{file} and {function}"' if len(files) > 1 and file else function
    return f"python3 noxfile.py -s {result.stage} -- -k {wanted}"


def points_text(points: Fraction, decimals: int = 2) -> str:
    """Return points with at most two decimals, or `decimals`: "5", "2.5", "1.67"."""
    exact = Decimal(points.numerator) / Decimal(points.denominator)
    text = f"{exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def _check(result: Result, check: CheckResult, name: str, number: int) -> ShownCheck:
    part = check.status == "failed" and check.earned > 0
    tone: Tone = "part" if part else "bad"
    if check.status in ("passed", "pending"):
        tone = "good" if check.status == "passed" else "wait"
    if check.hidden:
        # How it failed would say something about its inputs.
        word = WORDS[check.status] if tone in ("good", "wait") else "failed"
        return ShownCheck(
            name, check.question, True, tone, word, check.points, check.earned, number=number
        )
    return ShownCheck(
        name=name,
        question=check.question,
        hidden=False,
        tone=tone,
        word="partly" if part else WORDS[check.status],
        points=check.points,
        earned=check.earned,
        message=check.message or _MEANING[check.status],
        command=command_of(result, check) if tone in ("bad", "part") else "",
    )


def _compared(result: Result) -> str:
    """Return a sentence about the mark with other earlier stages, or ""."""
    compared = result.compared
    if compared is None:
        return ""
    own = {"own": "your own earlier stages", "reference": "the reference's earlier stages"}
    words = own.get(compared.earlier, f"earlier stages: {compared.earlier}")
    text = f"With {words}: {points_text(compared.earned)} of {points_text(result.points)} points."
    causes = ", ".join(cause.rpartition("::")[2] for cause in compared.causes)
    return f"{text} The difference comes from {causes}." if causes else text


def _first_steps(questions: Iterable[ShownQuestion]) -> tuple[Step, ...]:
    """Return the first three functions of checks that failed; their parameters count together.

    They are in the order of the questions, because later ones need the code of earlier ones.
    """
    steps = []
    for question in questions:
        functions: dict[str, list[ShownCheck]] = {}
        for check in question.checks:
            if check.command:
                functions.setdefault(check.command, []).append(check)
        for command, failing in functions.items():
            lost = sum((check.lost for check in failing), Fraction(0))
            name = failing[0].name.partition("[")[0]
            steps.append(Step(name, question.title, command, len(failing), lost))
    return tuple(steps[:3])


def _question(question: QuestionResult, checks: list[ShownCheck]) -> ShownQuestion:
    own = tuple(check for check in checks if check.question == question.id)
    return ShownQuestion(
        id=question.id,
        title=question.title,
        points=question.points,
        earned=question.earned,
        pending=question.pending,
        symbols=question.symbols,
        checks=own,
        advice=_HIDDEN_FAILED if any(check.hidden and check.lost for check in own) else "",
    )


def _questions(result: Result) -> tuple[QuestionResult, ...]:
    """Return the questions, and one for each that only checks name."""
    known = {question.id for question in result.questions}
    others = dict.fromkeys(check.question for check in result.checks)
    return (
        *result.questions,
        *(QuestionResult.of(id_, id_, result.checks) for id_ in others if id_ not in known),
    )
