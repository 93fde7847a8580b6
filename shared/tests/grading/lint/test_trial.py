"""Variants that break, and those that come after them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from fake import INIT, SOUND, SOUND_QUESTIONS, STAGE, SUMS, make

from needle_shared.grading.lint.trial import Trials
from needle_shared.grading.reference import run_reference
from needle_shared.grading.repository import Repository
from needle_shared.grading.sandbox.find import diagnose, find_sandbox
from needle_shared.grading.setup import Setup
from needle_shared.grading.skeleton.files import reference_files
from needle_shared.grading.skeletons import Skeletons

WORKS = any(finding.works for finding in diagnose())
pytestmark = pytest.mark.skipif(not WORKS, reason="no sandbox works on this machine")
TIERS = [finding.tier for finding in diagnose() if finding.works]
FILE = "src/needle_hw9/sums.py"


@pytest.fixture(scope="module", params=TIERS)
def trials(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trials]:
    root = make(tmp_path_factory.mktemp("stage"), SOUND, SOUND_QUESTIONS)
    with Setup(Repository(root), STAGE, find_sandbox(request.param)) as setup:
        reference = run_reference(setup, 7)
        skeletons = Skeletons(setup.sandbox, root / "cache")
        with Trials(setup, skeletons, reference, 7) as found:
            yield found


@pytest.fixture
def files(trials: Trials) -> Iterator[dict[str, bytes]]:
    """The reference's files, of which a test changes some; afterwards they still earn all."""
    found = reference_files(trials.assignment)
    yield dict(found)
    assert trials.score(found)[0] == 100


@pytest.mark.parametrize(
    ("old", "new", "lost", "why"),
    [
        ("x.size", "x.size + 1", 65, "; largest error"),
        ("x.sum()", "__import__('os')._exit(0) or x.sum()", 65, "protocol"),
        ("x.sum()", "__import__('ctypes').string_at(0)", 65, "protocol"),
        ("total = 0", "while True: pass", 15, "timeout"),
        ("def given", "raise SystemExit\ndef given", 100, "SystemExit"),
        ("def given", "__import__('os')._exit(0)\ndef given", 100, "channel"),
    ],
    ids=["wrong", "exit", "crash", "endless", "import raises", "import exits"],
)
def test_a_fault_costs_its_points(
    trials: Trials, files: dict[str, bytes], old: str, new: str, lost: int, why: str
) -> None:
    files[FILE] = SUMS.replace(old, new).encode()
    assert trials.score(files)[0] == 100 - lost
    reason = trials.loses(files, trials.checks())
    assert reason is not None
    assert why in reason


def test_what_a_variant_does_to_other_packages_is_gone(
    trials: Trials, files: dict[str, bytes]
) -> None:
    patched = f"import numpy as np\nnp.mean = np.hstack = None\n{INIT}"
    files["src/needle_hw9/__init__.py"] = patched.encode()
    assert trials.score(files)[0] == 85  # hidden steps need np.hstack


def test_checks_of_a_question_come_first_or_alone(trials: Trials) -> None:
    everything = trials.checks()
    first = trials.checks("shift")
    own = trials.checks("shift", only=True)
    assert [check.question for check in own] == ["shift"] * 3
    assert first[:3] == own
    assert sorted(c.id for c in first) == sorted(c.id for c in everything)
    assert sum((check.points for check in everything), Fraction(0)) == 100


def test_only_the_checks_asked_for_are_run(trials: Trials, files: dict[str, bytes]) -> None:
    files[FILE] = SUMS.replace("x.size", "x.size + 1").encode()
    assert trials.loses(files, trials.checks("shift", only=True)) is None
