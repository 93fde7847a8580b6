import csv
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from needle_shared.grading.artefacts import stored_results, write_class, write_student
from needle_shared.grading.results.model import CheckResult, Result
from needle_shared.grading.results.roster import Roster, Student

CHECK = CheckResult("test_x.py::test_x", "x", False, Fraction(10), Fraction(7), "failed", "far off")
GRADED = Result("ann", "hw9", "Nine", "graded", "B", checks=(CHECK,))
FAILED = Result("ann", "hw9", "Nine", "infra_error", "B", message="no sandbox")


@pytest.mark.parametrize("earlier", [True, False])
def test_a_failure_of_the_machine_takes_no_mark_away(tmp_path: Path, earlier: bool) -> None:
    for result in [GRADED, FAILED] if earlier else [FAILED]:
        write_student(result, tmp_path)
    write_class([FAILED], None, [], tmp_path, stage="hw9")
    with (tmp_path / "gradebook.csv").open(encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    status, total = ("graded", "7") if earlier else ("infra_error", "")
    assert (row["student"], row["status"], row["total"]) == ("ann", status, total)
    assert "no sandbox" in row["message"]
    assert ("earlier result" in row["message"]) == earlier


def test_the_others_of_a_class_keep_their_marks(tmp_path: Path) -> None:
    others = [
        replace(GRADED, student="bob"),
        replace(GRADED, student="old", stage="hw8"),
        replace(GRADED, student="part", record={"only": "x"}),
        replace(GRADED, student="bad", status="invalid", checks=(), message="no archive"),
    ]
    for result in others:
        write_student(result, tmp_path)
    (tmp_path / "a copy").mkdir()
    (tmp_path / "a copy" / "result.json").write_bytes((tmp_path / "bob/result.json").read_bytes())
    roster = Roster(tuple(map(Student, ["ann", "bob", "eve"])), has_email=False)
    numbers = write_class([GRADED], roster, [], tmp_path, stage="hw9")
    with (tmp_path / "gradebook.csv").open(encoding="utf-8-sig") as file:
        found = [(row["student"], row["status"], row["message"]) for row in csv.DictReader(file)]
    earlier = "not in this run: an earlier result"
    assert found == [
        ("ann", "graded", ""),
        ("bob", "graded", earlier),
        ("eve", "missing", ""),
        ("bad", "invalid", f"not on the roster. {earlier}: no archive"),
    ]
    assert "bob/feedback.html" in (tmp_path / "summary.html").read_text()
    assert (numbers.statuses["graded"], numbers.mean) == (2, 7)
    write_class([], None, [], tmp_path, stage="hw9", only="x")
    with (tmp_path / "gradebook.csv").open(encoding="utf-8-sig") as file:
        assert [row["student"] for row in csv.DictReader(file)] == ["part"]


def test_a_result_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    write_student(GRADED, tmp_path)
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / "result.json").write_text("{}")
    (found,), (why,) = stored_results(tmp_path)
    assert found.student == "ann"
    assert "bob/result.json cannot be read" in why


def test_the_log_says_nothing_to_a_terminal(tmp_path: Path) -> None:
    printed = "\x1b]0;title\x07\x1b[2Jred \u202e\x1b[31mwords\n"
    write_student(replace(GRADED, log=printed), tmp_path)
    assert (tmp_path / "ann/log.txt").read_text(encoding="utf-8") == "red \ufffdwords\n"
