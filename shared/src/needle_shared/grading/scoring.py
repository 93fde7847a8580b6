"""Points: what a check earned, from what was recorded in the sandbox and by the reference."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from needle_shared.grading.assignment import Assignment
from needle_shared.grading.catalogue import Check
from needle_shared.grading.compare import difference
from needle_shared.grading.inside.records import Record
from needle_shared.grading.outcome import Lap, Outcome
from needle_shared.grading.results.model import CheckResult, CheckStatus, QuestionResult


def judged(check: Check, outcome: Outcome, expected: Outcome) -> CheckResult:
    """Return the points of a check.

    That the sandbox says "ok" is necessary and never sufficient: every value must be there, in
    order, and near the reference's.
    """
    share = Fraction(0)
    status: CheckStatus = "failed"
    message = outcome.message
    if outcome.status != "ok":
        status = outcome.status
    else:
        problem = problem_of(outcome, expected)
        if problem is None:
            share, message = _speed(outcome.lap, outcome.rival)
            status = "passed" if share == 1 else "failed"
        else:
            message = problem
    return CheckResult(
        id=check.id,
        question=check.question,
        hidden=check.hidden,
        points=check.points,
        earned=check.points * share,
        status=status,
        message="" if check.hidden else message,
        detail=outcome.detail if not check.hidden else f"{message}\n{outcome.detail}".strip(),
        seconds=outcome.seconds,
    )


def problem_of(outcome: Outcome, expected: Outcome) -> str | None:
    """Return how the recorded values differ from the expected ones, or None."""
    wanted, recorded = expected.records, outcome.records
    for want, got in zip(wanted, recorded, strict=False):
        if problem := difference(want, got):
            numbers = (_number_of_arrays(record, recorded, wanted) for record in (want, got))
            return next(filter(None, numbers), problem)
    if len(recorded) < len(wanted):
        missing = wanted[len(recorded)]
        return _number_of_arrays(missing, recorded, wanted) or f"{missing.name}: no value"
    if len(recorded) > len(wanted):
        more = recorded[len(wanted)]
        return _number_of_arrays(more, recorded, wanted) or f"{more.name}: a value too many"
    return None


def _number_of_arrays(
    record: Record, recorded: Sequence[Record], wanted: Sequence[Record]
) -> str | None:
    """Return that a list of arrays has too few or too many, if `record` is of such a list.

    Its arrays are recorded one by one, so that the value after it would be said to be wrong.
    """
    name, bracket, _ = record.name.partition("[")
    if not bracket:
        return None
    found, expected = (
        sum(other.name.startswith(f"{name}[") for other in records)
        for records in (recorded, wanted)
    )
    return None if found == expected else f"{name}: {found} arrays, expected {expected}"


def _speed(lap: Lap | None, expected: Lap | None) -> tuple[Fraction, str]:
    """Return the share of the points that the time of a call earns, 1 where none is measured.

    The steps are the reference's; of the repetitions the best counts. What the reference needs
    beside the call, for inputs and for sending the result, is taken from both times.
    """
    if expected is None or not expected.seconds:
        return Fraction(1), ""
    if lap is None or lap.records != expected.records:
        return Fraction(0), "the timed calls are not complete"
    alone = min(expected.alone)
    beside = min(expected.seconds) - alone
    # A call that is quick beside all else cannot be measured well: noise would decide.
    times = max(min(lap.seconds) - beside, 0.0) / max(alone, 0.1 * min(expected.seconds))
    for most, share in expected.ratio:
        if times <= most:
            earned = Fraction(share).limit_denominator(1000)
            slower = f"{times:.1f} times the reference's time, full points up to "
            return earned, "" if earned == 1 else f"{slower}{expected.ratio[0][0]:g}"
    limit = expected.ratio[-1][0]
    return Fraction(0), f"{times:.1f} times the reference's time; {limit:g} is the limit"


def questions_of(
    assignment: Assignment, checks: tuple[CheckResult, ...]
) -> tuple[QuestionResult, ...]:
    """Return the sums of each question."""
    return tuple(
        QuestionResult.of(question.id, question.title, checks, question.symbols)
        for question in assignment.questions
    )
