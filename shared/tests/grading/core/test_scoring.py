"""Points for time, with times that are made up: what a clock shows decides no test."""

from fractions import Fraction

import numpy as np
import pytest

from needle_shared.grading.catalogue import Check
from needle_shared.grading.inside.records import Record
from needle_shared.grading.outcome import Lap, Outcome
from needle_shared.grading.results.model import CheckResult
from needle_shared.grading.scoring import judged

CHECK = Check("test_x.py::test_speed", "x", Fraction(6))
RATIO = [(2.0, 1.0), (5.0, 0.5)]
BESIDE = 0.5  # seconds for inputs and results
VALUES = tuple(Record(f"sum, call {i}", "close", np.array(float(i))) for i in range(3))
REFERENCE = Lap([1.0 + BESIDE, 1.2 + BESIDE, 9.0], [1.0, 1.2, 8.5], [1, 2, 3], RATIO)


def grade(seconds: list[float], records: list[int] | None = None) -> CheckResult:
    lap = Lap(seconds, [0.0] * len(seconds), records or [1, 2, 3], [(1e9, 1.0)])
    outcome = Outcome("ok", VALUES, lap=lap, rival=REFERENCE)
    return judged(CHECK, outcome, Outcome("ok", VALUES, lap=REFERENCE))


@pytest.mark.parametrize(
    ("calls", "points", "status"),
    [
        ([1.0, 1.0, 1.0], 6, "passed"),
        ([9.0, 9.0, 1.9], 6, "passed"),  # the best one counts
        ([2.1, 4.0, 4.9], 3, "failed"),
        ([5.1, 6.0, 7.0], 0, "failed"),
        ([0.0, 1.0, 1.0], 6, "passed"),
    ],
)
def test_the_best_of_the_calls_earns_what_the_reference_s_steps_say(
    calls: list[float], points: int, status: str
) -> None:
    result = grade([call + BESIDE for call in calls])
    assert (result.earned, result.status) == (points, status)
    assert (result.message == "") == (points == 6)


def test_too_few_calls_earn_nothing() -> None:
    result = grade([1.0 + BESIDE], [1])
    assert (result.earned, result.message) == (0, "the timed calls are not complete")


def test_a_quick_call_with_a_wrong_value_earns_nothing() -> None:
    wrong = (*VALUES[:2], Record("sum, call 2", "close", np.array(3.0)))
    lap = Lap([BESIDE] * 3, [0.0] * 3, [1, 2, 3])
    outcome = Outcome("ok", wrong, lap=lap, rival=REFERENCE)
    result = judged(CHECK, outcome, Outcome("ok", VALUES, lap=REFERENCE))
    assert result.earned == 0
    assert "sum, call 2: 3.0, expected 2.0" in result.message


def test_a_check_without_timed_calls_is_not_measured() -> None:
    result = judged(CHECK, Outcome("ok", VALUES), Outcome("ok", VALUES))
    assert (result.earned, result.status) == (6, "passed")


@pytest.mark.parametrize("status", ["error", "timeout", "crash", "protocol"])
def test_values_of_a_check_that_did_not_end_well_earn_nothing(status: str) -> None:
    result = judged(CHECK, Outcome(status, VALUES, "why"), Outcome("ok", VALUES))  # type: ignore[arg-type]
    assert (result.earned, result.status, result.message) == (0, status, "why")


def values(*names: str) -> tuple[Record, ...]:
    return tuple(Record(name, "close", np.array(1.0)) for name in names)


@pytest.mark.parametrize(
    ("got", "message"),
    [
        (["a[0]", "b[0]", "b[1]", "c"], "a: 1 arrays, expected 2"),
        (["a[0]", "a[1]", "a[2]", "b[0]", "b[1]", "c"], "a: 3 arrays, expected 2"),
        (["a[0]", "a[1]", "b[0]"], "b: 1 arrays, expected 2"),
        (["a[0]", "a[1]", "b[0]", "b[1]"], "c: no value"),
        (["a[0]", "a[1]", "b[0]", "b[1]", "c", "d"], "d: a value too many"),
        (["a[0]", "a[1]", "b[1]", "b[0]", "c"], "expected the value 'b[0]', got 'b[1]'"),
        (["a[0]", "a[1]", "b[0]", "b[1]", "ca"], "expected the value 'c', got 'ca'"),
    ],
)
def test_what_is_missing_is_named(got: list[str], message: str) -> None:
    expected = Outcome("ok", values("a[0]", "a[1]", "b[0]", "b[1]", "c"))
    result = judged(CHECK, Outcome("ok", values(*got)), expected)
    assert (result.earned, result.status, result.message) == (0, "failed", message)
