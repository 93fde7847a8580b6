"""A mistake in an earlier stage is not charged again, and is named."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from attacks.attack import Files, write
from classroom import ROOT, needs_isolation
from cli import Command

from needle_shared.grading.assignment import read_assignment
from needle_shared.grading.exchange import Exchanger
from needle_shared.grading.skeleton.files import reference_files

REDUCE = "src/needle_hw1/ops/reduce.py"
SUMMATION = "broadcast_to(restore_axes(out_grad, shape, self.axes), shape)"
CHECKS = ["--only", r"test_(optimisers|mlp_resnet)\.py"]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    return Command(monkeypatch, "--out", str(tmp_path / "out"), *CHECKS)


@pytest.fixture
def stages() -> dict[str, Files]:
    return {s: reference_files(read_assignment(ROOT / s)) for s in ("hw1", "hw2")}


def grade(command: Command, stages: dict[str, Files], folder: Path, earlier: str) -> Any:
    for stage, files in stages.items():
        write(files, folder / "alice" / stage)
    done = command(folder / "alice", "--earlier", earlier, stage="hw2")
    assert done.exit_code == 0, done.output
    return json.loads((folder / "out" / "alice" / "result.json").read_text())


def broken(stages: dict[str, Files]) -> dict[str, Files]:
    """Return stages with a wrong `Summation.gradient`, and other ways to write what is right."""
    text = stages["hw1"][REDUCE].decode()
    assert text.count(SUMMATION) == 1
    text = text.replace(SUMMATION, f"{SUMMATION} * 0.5")
    text = text.replace("return reshape(", "return  reshape(")
    return {**stages, "hw1": {**stages["hw1"], REDUCE: text.encode()}}


@needs_isolation
def test_the_symbol_that_makes_the_difference_is_named(
    command: Command, stages: dict[str, Files], tmp_path: Path
) -> None:
    result = grade(command, broken(stages), tmp_path, "both")
    assert result["total"]["earned"] == result["total"]["points"] > 0
    mark = float(Fraction(result["compared"]["earned"]))
    assert 0 < mark < result["total"]["earned"]
    assert result["compared"]["causes"] == [f"hw1: {REDUCE}::Summation.gradient"]
    own = grade(command, broken(stages), tmp_path, "own")
    assert own["total"]["earned"] == mark
    reference = grade(command, broken(stages), tmp_path, "reference")
    assert reference["total"] == result["total"]
    assert reference["compared"] is None


@needs_isolation
def test_a_file_that_is_missing_is_the_cause(
    command: Command, stages: dict[str, Files], tmp_path: Path
) -> None:
    del stages["hw1"][REDUCE]
    result = grade(command, stages, tmp_path, "both")
    assert result["total"]["earned"] == result["total"]["points"]
    assert result["compared"]["causes"] == [f"hw1: {REDUCE}"]


def test_a_source_that_breaks_the_parser_costs_only_itself() -> None:
    good = b"def f():\n    return 1\n"
    with Exchanger() as exchange:
        assert exchange(b"def f(:\n", good, "f", "x.py") is None
        assert exchange(b"\xff\xfe", good, "f", "x.py") is None
        deep = b"def f():\n    return " + b"-" * 200_000 + b"1\n"
        exchange(deep, good, "f", "x.py")
        again = exchange(b"def f():\n    return 2\n", good, "f", "x.py")
        assert again == good
