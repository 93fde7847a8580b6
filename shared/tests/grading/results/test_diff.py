import io
import json
from dataclasses import replace
from fractions import Fraction

import pytest

from needle_shared.grading.results.diff import (
    diff_document,
    diff_folders,
    diff_results,
    show_diff,
)
from needle_shared.grading.results.reading import ResultError
from needle_shared.grading.results.serialize import write_result
from needle_shared.grading.results.terminal import make_console


def with_check(result, index, **changes):
    checks = list(result.checks)
    checks[index] = replace(checks[index], **changes)
    return replace(result, checks=tuple(checks))


@pytest.fixture
def full(factory):
    result = factory.make_result("ada")
    checks = tuple(replace(c, status="passed", earned=c.points) for c in result.checks)
    return replace(result, checks=checks)


def test_equal_results_do_not_differ(full):
    again = with_check(full, 0, seconds=99.0, message="another text")
    assert not diff_results(full, replace(again, timing={"run": 1.0}))


def test_the_checks_that_changed_are_told(full):
    new = with_check(full, 1, status="timeout", earned=Fraction(0))
    new = with_check(new, 3, earned=Fraction(1, 3), status="failed")
    change = diff_results(full, new)
    assert [(c.check, c.old, c.new) for c in change.checks] == [
        (full.checks[1].id, "passed", "timeout"),
        (full.checks[3].id, "passed", "failed"),
    ]
    assert change.difference == new.earned - full.earned == -full.checks[1].points - Fraction(2, 3)
    back = diff_results(new, full)
    assert back.difference == -change.difference


def test_points_may_change_though_the_status_does_not(full):
    old = with_check(full, 0, status="failed", earned=Fraction(1, 2))
    new = with_check(full, 0, status="failed", earned=Fraction(1, 4))
    (change,) = diff_results(old, new).checks
    assert (change.old, change.new, change.difference) == ("failed", "failed", Fraction(-1, 4))


def test_checks_and_results_that_one_side_has_not(full):
    new = replace(full, checks=full.checks[1:])
    (change,) = diff_results(full, new).checks
    assert (change.old, change.new) == ("passed", "none")
    assert change.difference == -full.checks[0].points
    gone = diff_results(full, None)
    assert (gone.student, gone.old, gone.new) == ("ada", "graded", "none")
    assert gone.difference == -100
    assert diff_results(None, full).difference == 100


def test_folders_of_a_class_are_compared_by_student(full, tmp_path):
    worse = with_check(full, 2, status="crash", earned=Fraction(0))
    for folder, results in {
        "old": {"ada": full, "bob": full, "cy": full, "dan": worse},
        "new": {"ada": full, "bob": worse, "dan": full, "eve": full},
    }.items():
        for name, result in results.items():
            path = tmp_path / folder / name / "result.json"
            write_result(replace(result, student=name), path)
    (tmp_path / "new" / "fay").mkdir()
    (tmp_path / "new" / "fay" / "result.json").write_text("{}")
    changes = diff_folders(tmp_path / "old", tmp_path / "new")
    points = full.checks[2].points
    assert [(c.student, c.difference) for c in changes] == [
        ("bob", -points),
        ("cy", -100),
        ("dan", points),
        ("eve", 100),
        ("fay", 0),
    ]
    assert "schema_version None" in changes[-1].problem
    document = json.loads(json.dumps(diff_document(changes)))
    assert document[0]["checks"] == [
        {"id": full.checks[2].id, "old": "passed", "new": "crash", "difference": str(-points)}
    ]
    console = make_console(io.StringIO(), color=False)
    console.width = 160
    show_diff(changes, console)
    text = console.file.getvalue()
    names = [line.split()[0] for line in text.splitlines() if line[1:2].isalpha()]
    assert names == ["student", "cy", "bob", "fay", "dan", "eve"]
    assert text.count(full.checks[2].id) == text.count("::") == 2
    assert full.checks[2].id in text
    assert "+100" in text


def test_two_folders_of_one_student_are_compared(full, tmp_path):
    write_result(full, tmp_path / "a" / "result.json")
    write_result(
        with_check(full, 0, status="crash", earned=Fraction(0)), tmp_path / "b/result.json"
    )
    (change,) = diff_folders(tmp_path / "a", tmp_path / "b")
    assert [c.new for c in change.checks] == ["crash"]
    assert diff_folders(tmp_path / "a", tmp_path / "a") == []


def test_no_change_is_told(tmp_path):
    console = make_console(io.StringIO(), color=False)
    show_diff([], console)
    assert console.file.getvalue() == "No check changed.\n"


def test_a_folder_without_results_is_an_error(full, tmp_path):
    write_result(full, tmp_path / "a" / "result.json")
    with pytest.raises(ResultError, match=r"holds no result\.json"):
        diff_folders(tmp_path / "a", tmp_path / "no")
