"""Rules of the lint that need no sandbox: on recordings and trials that are made up."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake import SOUND, STAGE, make

from needle_shared.grading.assignment import read_assignment
from needle_shared.grading.catalogue import Check
from needle_shared.grading.inside.records import Record
from needle_shared.grading.lint import lint
from needle_shared.grading.lint.faults import Variant, idle
from needle_shared.grading.outcome import Outcome
from needle_shared.grading.reference import Reference

QUESTIONS = {"mean": ["mean"], "shift": ["shifted"], "gpu": ["steps", "given"]}
CHECKS = (
    Check("a", "mean", Fraction(60)),
    Check("b", "shift", Fraction(20), hidden=True),
    Check("c", "gpu", Fraction(20), needs="cuda"),
)


def recorded(a: float, b: float, seconds: float = 0.1) -> Reference:
    values = {"a": a, "b": b}
    outcomes = {
        name: Outcome("ok", (Record("x", "close", np.array(value)),), "", "", seconds)
        for name, value in values.items()
    }
    return Reference(CHECKS, outcomes)


@pytest.mark.parametrize(
    ("values", "points", "holds"),
    [([0.1, 0.2, 0.3], 0, True), ([0.1, 0.1, 0.3], 0, True), ([0.1, 0.1, 0.1], 60, False)],
    ids=["all differ", "one differs", "constant"],
)
def test_constant_answers(values: list[float], points: int, holds: bool) -> None:
    finding = lint._constant([recorded(value, i) for i, value in enumerate(values)])
    assert (finding.holds, finding.figure) == (holds, f"{points} points")
    assert finding.details == (["a"] if points else [])


def test_the_slowest_check_of_all_seeds() -> None:
    finding = lint._times([recorded(1, 2), recorded(1, 2, 12.0), recorded(1, 2)])
    assert not finding.holds
    assert finding.figure.startswith("slowest 12.00 s")
    assert lint._times([recorded(1, 2)]).holds


def test_symbols_that_cannot_be_tried(tmp_path: Path) -> None:
    assignment = read_assignment(make(tmp_path, SOUND, QUESTIONS) / STAGE)
    finding = lint._not_tried(recorded(1, 2), assignment, list(assignment.questions[:2]))
    assert finding is not None
    assert finding.holds
    assert finding.figure == "2 symbols need cuda"
    assert [name.rpartition("::")[2] for name in finding.details] == ["steps", "given"]
    assert lint._not_tried(recorded(1, 2), assignment, list(assignment.questions)) is None


class FakeTrials:
    """What the name of a variant says happens to it."""

    def checks(self, question: str, *, only: bool = False) -> list[str]:
        return [question, str(only)]

    def compile_error(self, files: dict[str, bytes]) -> str:
        return "a.cpp:1: error" if files == {"broken": b""} else ""

    def loses(self, files: dict[str, bytes], checks: list[str]) -> str | None:
        assert checks == ["q", "False"]
        return None if files == {"missed": b""} else "why"


def test_mutants_that_do_not_compile_are_not_counted() -> None:
    variants = [Variant(name, "q", {name: b""}) for name in ("broken", "missed", "x", "y", "z")]
    trials: Any = FakeTrials()
    said: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        finding = lint._mutants(trials, variants, pool, said.append)
    assert finding.figure.startswith("3 of 4 (75.0%)")
    assert not finding.holds
    assert finding.details == ["missed"]
    assert said[:2] == [
        "mutant broken: not counted, it does not compile: a.cpp:1: error",
        "mutant missed: NOT NOTICED",
    ]


def test_only_questions_in_cpp_alone_are_tried_without_effect(tmp_path: Path) -> None:
    root = make(tmp_path, SOUND, QUESTIONS)
    toml = root / STAGE / "assignment.toml"
    cpp = 'id = "cpp"\ntitle = "C++"\nsymbols = ["csrc/a.cpp::f"]'
    toml.write_text(f"{toml.read_text()}\n[[questions]]\n{cpp}\n")
    files = {"csrc/a.cpp": b"void f(int* x) { *x = 1; }\n", "src/needle_hw9/sums.py": b""}
    (found,) = idle(read_assignment(root / STAGE).questions, files)
    assert found.question == "cpp"
    assert found.files == {**files, "csrc/a.cpp": b"void f(int* x) {}\n"}


class Busy:
    """Trials on a machine that is too busy for the second seed."""

    def __init__(self, why: str) -> None:
        self.why = why
        self.one = Check("test_a.py::test_a", "a", Fraction(60))
        self.other = Check("test_a.py::test_b", "a", Fraction(40))

    def checks(self) -> list[Check]:
        return [self.one, self.other]

    def losses(self, files: dict[str, bytes]) -> Iterator[tuple[Check, Fraction, str]]:
        del files
        yield self.one, Fraction(0), ""
        yield self.other, Fraction(40) if self.why else Fraction(0), self.why

    def close(self) -> None:
        pass


def test_why_the_reference_loses_points_is_told() -> None:
    trials: Any = [Busy(""), Busy("timeout no answer in 3 s")]
    finding = lint._reference(trials, {})
    assert (finding.holds, finding.figure) == (False, "100, 60 of 100")
    assert finding.details == ["seed 2: test_a.py::test_b: timeout no answer in 3 s"]
    trials = [Busy(""), Busy("")]
    assert lint._reference(trials, {}).holds
