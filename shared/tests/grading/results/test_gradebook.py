import csv
import io
from dataclasses import replace
from fractions import Fraction

import pytest

from needle_shared.grading.results.classroom import count, join
from needle_shared.grading.results.gradebook import gradebook_csv, safe_cell, write_gradebook
from needle_shared.grading.results.roster import Roster, Student

HEAD = ["student", "name", "email", "status", "total", "forward", "backward", "topological",
        "autodiff", "softmax", "network", "pending", "earlier", "isolation", "message"]  # fmt: skip


def table(*arguments, **keywords):
    return list(csv.DictReader(io.StringIO(gradebook_csv(*arguments, **keywords))))


def test_a_row_for_each_student_of_the_roster_in_its_order(factory, tmp_path):
    results, roster = factory.make_class()
    write_gradebook(reversed(results), tmp_path / "gradebook.csv", roster)
    with (tmp_path / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == HEAD
    assert [row["student"] for row in rows] == [student.id for student in roster.students]
    by_student = {result.student: result for result in results}
    for row in rows:
        result = by_student.get(row["student"])
        if result is None:
            assert row["status"] == "missing"
            assert row["total"] == row["forward"] == ""
        elif result.status == "graded":
            assert Fraction(row["total"]) == result.earned
            earned = [Fraction(row[question.id]) for question in result.questions]
            assert earned == [question.earned for question in result.questions]
        else:
            assert row["status"] == result.status
            assert row["total"] == ("0" if result.status == "invalid" else "")
            assert row["message"] == result.message


def test_columns_do_not_depend_on_who_handed_in(factory, result):
    questions = [question.id for question in result.questions]
    roster = Roster((Student("nobody"),), has_email=False)
    (row,) = table([], roster, questions)
    assert list(row) == [name for name in HEAD if name != "email"]
    assert list(table([result], None, questions)[0]) == list(row)
    empty = replace(result, student="b", questions=(), checks=())
    assert list(table([empty, result], None, questions)[0]) == list(row)


def test_students_who_are_not_on_the_roster_come_last(result):
    roster = Roster((Student("ada"),), has_email=False)
    others = [replace(result, student=name, message="x") for name in ("zoe", "bob")]
    rows = table([*others, replace(result, notes=())], roster)
    assert [row["student"] for row in rows] == ["ada", "bob", "zoe"]
    assert [row["message"] for row in rows] == ["", *["not on the roster. x"] * 2]


def test_the_file_tells_excel_that_it_is_unicode(result, tmp_path):
    write_gradebook([replace(result, student="zoë")], tmp_path / "gradebook.csv")
    data = (tmp_path / "gradebook.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfstudent,")
    assert "zoë" in data.decode()


def test_the_first_note_is_the_message_where_there_is_no_other(result):
    notes = ("hw1: ops.py does not compile:\n  line 3", "another")
    (row,) = table([replace(result, message="", notes=notes)])
    assert row["message"] == "hw1: ops.py does not compile: line 3"
    (row,) = table([replace(result, message="why", notes=notes)])
    assert row["message"] == "why"
    (row,) = table([replace(result, message="", notes=("long " * 500,))])
    assert 50 < len(row["message"]) <= 120


def test_two_results_of_one_student_are_an_error(result):
    with pytest.raises(ValueError, match="two results are of 'ada'"):
        gradebook_csv([result, result])


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'=1"),
        ("  =1", "'=1"),
        ("\r\n=1", "'=1"),
        ("＝1", "'＝1"),
        ("a;=1", "a;'=1"),
        ('a; "=1', "a; \"'=1"),
        ("a\nb\tc", "a b c"),
        ("plain - text = 1", "plain - text = 1"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text, cell):
    assert safe_cell(text) == cell


def test_counts_of_a_class(factory):
    results, roster = factory.make_class()
    entries = join(results, roster)
    numbers = count(entries)
    graded = [result for result in results if result.status == "graded"]
    assert numbers.statuses["missing"] == len(roster.students) - len(results)
    assert numbers.totals == tuple(sorted(result.earned for result in graded))
    assert sum(numbers.bins) == len(graded)
    assert numbers.mean == sum(numbers.totals) / Fraction(len(graded))
    assert numbers.bins[9] == sum(result.earned >= 90 for result in graded)
    shares = [item.share for item in numbers.checks]
    assert shares == sorted(shares)
    item = numbers.checks[0]
    passed = [c for r in graded for c in r.checks if c.id == item.check.id and c.earned]
    assert item.passed == len(passed)
    assert item.graded == len(graded)
    question = numbers.questions[1]
    mean = sum(r.questions[1].earned for r in graded) / (
        len(graded) * graded[0].questions[1].points
    )
    assert question.share == pytest.approx(float(mean))


def test_pending_checks_do_not_count(factory, result):
    pending = factory.with_pending(factory.make_result("bob"))
    numbers = count(join([pending], None))
    assert numbers.questions[-1].share == 0
    assert {c.check.question for c in numbers.checks[-4:]} == {"network"}
    assert all(c.graded == 0 for c in numbers.checks[-4:])
    both = count(join([pending, result], None))
    alone = count(join([result], None))
    assert both.questions[-1].share == alone.questions[-1].share


def test_an_empty_class_has_no_numbers(result):
    numbers = count(join([], None))
    assert (numbers.mean, numbers.median, numbers.checks) == (None, None, ())
    nothing = count(join([replace(result, checks=(), questions=())], None))
    assert nothing.bins[0] == 1
