"""What the grading of one submission decides, without a sandbox."""

from __future__ import annotations

from fractions import Fraction

import pytest

from needle_shared.grading.grade import PARTS, _loaded, _unrun
from needle_shared.grading.results.model import CheckResult
from needle_shared.grading.run_checks import Clock, Ran
from needle_shared.grading.session import UnusableError


@pytest.mark.parametrize(
    ("hidden", "said"),
    [([], []), ([True, True], ["some hidden checks were"]), ([False], ["1 check was"]),
     ([False, True], ["1 check and some hidden ones were"]), ([False] * 2, ["2 checks were"])],
)  # fmt: skip
def test_hidden_checks_that_were_not_run_are_not_counted(
    hidden: list[bool], said: list[str]
) -> None:
    points = {"points": Fraction(1), "earned": Fraction(0)}
    done = CheckResult("a", "q", True, status="failed", **points)
    checks = [done, *(CheckResult("b", "q", h, status="not_run", **points) for h in hidden)]
    assert [note.partition(" not run: ")[0] for note in _unrun(checks)] == said


def test_parts_have_shares_of_a_clock() -> None:
    """None has less than its share of what was there at first, and all have what there is."""
    clock = Clock(120.0)
    with clock.share(0.5) as half:
        assert half.seconds == 60
        half.seconds -= 20
    assert clock.left == 100
    with clock.share(1) as rest:
        rest.seconds -= 130  # an import may overdraw it
    assert clock.left == -30
    with clock.share(1) as none:
        assert none.left == 0
    assert clock.left == -30


@pytest.mark.parametrize(
    ("failed", "loaded"),
    [([], True), (["hidden"], True), (["visible"], False), (["visible", "hidden"], False)],
)
def test_code_that_has_seen_hidden_checks_lets_nothing_run_again(
    failed: list[str], loaded: bool
) -> None:
    """What cannot be loaded beside the visible checks is tried again with the skeleton's C++."""
    error = UnusableError("crash", "the process ended")
    for native in (False, True):
        bad = {(kind, native) for kind in failed}
        ran = {part: Ran(unusable=error if part in bad else None) for part in PARTS}
        assert _loaded(ran) == loaded
