"""The command on a sound stage, and on one with every fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake import SOUND, SOUND_QUESTIONS, STAGE, UNSOUND, UNSOUND_QUESTIONS, make

from needle_shared.grading.assignment import read_assignment
from needle_shared.grading.commands.lint import command
from needle_shared.grading.lint import lint
from needle_shared.grading.lint.faults import mutated
from needle_shared.grading.sandbox.find import diagnose
from needle_shared.grading.skeleton.files import reference_files

WORKS = any(finding.works for finding in diagnose())
needs_sandbox = pytest.mark.skipif(not WORKS, reason="no sandbox works on this machine")


def run(root: Path, *options: str) -> Result:
    return CliRunner().invoke(command, [STAGE, "--root", str(root), "--jobs", "1", *options])


def findings(result: Result) -> dict[str, tuple[bool, str, list[str]]]:
    """Return of each rule whether it holds, the figure and the details."""
    found: dict[str, tuple[bool, str, list[str]]] = {}
    for line in result.output.splitlines():
        if line.startswith(("ok   ", "FAIL ")):
            rule, _, figure = line[5:].partition(": ")
            found[rule] = line.startswith("ok"), figure, []
        elif line.startswith("        "):
            found[list(found)[-1]][2].append(line.strip())
    return found


@needs_sandbox
def test_a_sound_stage(tmp_path: Path) -> None:
    result = run(make(tmp_path, SOUND, SOUND_QUESTIONS), "-v")
    found = findings(result)
    assert result.exit_code == 0, result.output
    assert all(holds for holds, _, _ in found.values())
    assert found["the points sum to 100"][1] == "100.0"
    assert found["every question has checks, some hidden"][1] == "2 questions, 55 points hidden"
    assert found["at most 10 points for answers that do not depend on the seed"][1:] == (
        "5 points",
        ["hidden/test_shift.py::test_error"],
    )
    assert found["the reference earns all points with 3 seeds"][1] == "100, 100, 100 of 100"
    assert found["a symbol that is missing costs points of its own question"][1] == "3 of 3 symbols"
    mutants = [line for line in result.output.splitlines() if line.startswith("mutant ")]
    # It adds a 0 to the sum, and so it is equivalent.
    (missed,) = [line for line in mutants if "NOT NOTICED" in line]
    assert "n > 0 -> (n >= 0)" in missed
    # One that never ends is noticed by the clock, and the next ones by their values.
    endless = [i for i, line in enumerate(mutants) if ": timeout" in line]
    assert endless
    assert all("n -= 1 -> n += 1" in mutants[i] for i in endless)
    assert len([line for line in mutants if ", expected " in line]) >= 6


@needs_sandbox
def test_a_stage_with_every_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint, "SLOWEST", 0.0)
    monkeypatch.setattr(lint, "SEEDS", (1, 2))
    result = run(make(tmp_path, UNSOUND, UNSOUND_QUESTIONS))
    found = findings(result)
    assert result.exit_code == 1, result.output
    assert found["the points sum to 100"][:2] == (False, "99.0")
    assert not found["every check takes less than 0 s"][0]
    assert found["at most 10 points for answers that do not depend on the seed"] == (
        False,
        "20 points",
        ["test_mean.py::test_constant"],
    )
    assert found["the reference earns all points with 2 seeds"][:2] == (
        True,
        "99, 99 of 99",
    )
    assert found["the skeleton earns nothing"] == (
        False,
        "9 points",
        ["hidden/test_mean.py::test_given"],
    )
    holds, figure, details = found["trivial submissions earn at most 5 points"]
    assert (holds, figure) == (False, "at most 39")
    (line,) = [line for line in details if "test_useless" in line]
    assert line.startswith("all symbols return its first argument: 39 hidden/")
    assert found["a symbol that is missing costs points of its own question"] == (
        False,
        "2 of 3 symbols",
        ["src/needle_hw9/sums.py::steps"],
    )
    holds, _, missed = found["at least 90% of the mutants are noticed"]
    assert not holds
    assert not any("::mean" in line for line in missed)
    assert any(line.endswith("x + 2 * by -> (x - 2 * by)") for line in missed)
    assert any("::steps" in line for line in missed)


def test_fewer_mutants_are_drawn_from_all_symbols_in_turn(tmp_path: Path) -> None:
    assignment = read_assignment(make(tmp_path, SOUND, SOUND_QUESTIONS) / STAGE)
    few = mutated(assignment.questions, reference_files(assignment), 3, 10)
    symbols = [variant.name.partition(",")[0].rpartition("::")[2] for variant in few]
    assert symbols == ["mean", "shifted", "steps"]
    assert [v.question for v in few] == ["mean", "shift", "shift"]
    again = mutated(assignment.questions, reference_files(assignment), 3, 10)
    assert [v.name for v in few] == [v.name for v in again]


@needs_sandbox
def test_a_reference_that_fails_its_own_check_is_no_finding(tmp_path: Path) -> None:
    broken = {**SOUND, "checks/test_mean.py": SOUND["checks/test_mean.py"] + "    assert x is None"}
    result = run(make(tmp_path, broken, SOUND_QUESTIONS))
    assert result.exit_code == 4
    assert "the reference fails its own check test_mean.py::test_mean[vector]" in result.output


def test_an_unknown_stage_is_wrong_usage(tmp_path: Path) -> None:
    make(tmp_path, SOUND, SOUND_QUESTIONS)
    result = CliRunner().invoke(command, ["hw8", "--root", str(tmp_path)])
    assert result.exit_code == 2
