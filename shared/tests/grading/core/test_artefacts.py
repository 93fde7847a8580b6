import csv
from fractions import Fraction
from pathlib import Path

import pytest

from needle_shared.grading.artefacts import write_class, write_student
from needle_shared.grading.results.model import CheckResult, Result

CHECK = CheckResult("test_x.py::test_x", "x", False, Fraction(10), Fraction(7), "failed", "far off")
GRADED = Result("ann", "hw9", "Nine", "graded", "B", checks=(CHECK,))
FAILED = Result("ann", "hw9", "Nine", "infra_error", "B", message="no sandbox")


@pytest.mark.parametrize("earlier", [True, False])
def test_a_failure_of_the_machine_takes_no_mark_away(tmp_path: Path, earlier: bool) -> None:
    for result in [GRADED, FAILED] if earlier else [FAILED]:
        write_student(result, tmp_path)
    write_class([FAILED], None, [], tmp_path)
    with (tmp_path / "gradebook.csv").open(encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    status, total = ("graded", "7") if earlier else ("infra_error", "")
    assert (row["student"], row["status"], row["total"]) == ("ann", status, total)
    assert "no sandbox" in row["message"]
    assert ("earlier result" in row["message"]) == earlier
