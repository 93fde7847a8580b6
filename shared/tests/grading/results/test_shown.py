import re
from dataclasses import replace
from fractions import Fraction

import pytest

from needle_shared.grading.results.gradescope import gradescope_document
from needle_shared.grading.results.html import feedback_html
from needle_shared.grading.results.junit import junit_xml
from needle_shared.grading.results.model import CheckResult, Compared, QuestionResult
from needle_shared.grading.results.shown import (
    command_of,
    points_text,
    public_names,
    short_name,
    shown,
)
from needle_shared.grading.results.terminal import make_console, show

RUN = "python3 noxfile.py -s hw1 -- -k"

STATUSES = ["failed", "error", "timeout", "crash", "protocol", "not_found", "not_run"]


def for_students(result):
    """Return everything that students get to see, as one text."""
    console = make_console(color=False)
    with console.capture() as captured:
        show(result, console)
    return "\n".join(
        [
            repr(shown(result)),
            repr(gradescope_document(result)),
            feedback_html(result),
            junit_xml(result).decode(),
            captured.get(),
        ]
    )


def test_a_hidden_check_is_a_number_and_whether_it_passed(result):
    checks = tuple(
        replace(check, message="SECRET message", detail="SECRET detail") if check.hidden else check
        for check in result.checks
    )
    text = for_students(replace(result, checks=checks, log="SECRET log", record={"seed": "SECRET"}))
    hidden = [check.id for check in checks if check.hidden]
    assert "SECRET" not in text
    assert "checks/hidden" not in text
    for id_ in hidden:
        assert short_name(id_).partition("[")[0] + "[" not in text
    assert "hidden check 3 of backward" in text
    assert re.search(r"hidden checks? [\d, and-]+ of backward\b.* 0 of", text)


@pytest.mark.parametrize("status", STATUSES)
def test_how_a_hidden_check_failed_is_not_told(result, status):
    def with_status(value):
        return tuple(
            replace(check, status=value, earned=Fraction(0)) if check.hidden else check
            for check in result.checks
        )

    a, b = (replace(result, checks=with_status(value)) for value in ("failed", status))
    assert for_students(a) == for_students(b)


def test_names_of_hidden_checks_count_in_their_question(result):
    names = public_names(result)
    assert names["checks/hidden/test_backward.py::test_matmul_gradient_of_views[sliced]"] == (
        "hidden check 2 of backward"
    )
    assert names["checks/test_forward.py::test_matmul[batched]"] == "test_matmul[batched]"
    assert len(set(names.values())) == len(names)


@pytest.mark.parametrize("status", [*STATUSES, "pending"])
def test_every_status_says_something(result, status):
    check = CheckResult("t.py::test_a[x]", "q", False, Fraction(2), Fraction(0), status)
    (seen,) = shown(replace(result, checks=(check,), questions=())).checks
    assert len(seen.message) > 20
    assert seen.word not in ("passed", "")
    assert seen.lost == (0 if status == "pending" else 2)
    assert seen.command == ("" if status == "pending" else "python3 noxfile.py -s hw1 -- -k test_a")


def test_a_check_of_speed_may_earn_a_part(result):
    check = CheckResult("test_speed", "q", False, Fraction(6), Fraction(3), "failed", "2 times")
    (seen,) = shown(replace(result, checks=(check,), questions=())).checks
    assert (seen.word, seen.tone, seen.lost) == ("partly", "part", 3)


def test_the_first_steps_are_the_functions_that_failed_first(result):
    def check(id_, points, earned=0, status="failed", question="q", hidden=False):
        return CheckResult(id_, question, hidden, Fraction(points), Fraction(earned), status)

    checks = (
        check("t.py::test_z", 9, question="later"),
        check("t.py::test_c", 9, hidden=True),
        check("t.py::test_a[one]", 2),
        check("t.py::test_d", 9, status="pending"),
        check("t.py::test_b", 5, 4),
        check("t.py::test_a[two]", 2),
        check("t.py::test_e", 9, 9, "passed"),
        check("t.py::test_y", 7, question="later"),
    )
    questions = tuple(QuestionResult.of(id_, id_.title(), checks) for id_ in ("q", "later"))
    first = shown(replace(result, checks=checks, questions=questions)).first
    assert [(step.name, step.question, step.failing, step.lost) for step in first] == [
        ("test_a", "Q", 2, 4),
        ("test_b", "Q", 1, 1),
        ("test_z", "Later", 1, 9),
    ]


@pytest.mark.parametrize(
    ("id_", "short", "command"),
    [
        (
            "checks/test_a.py::test_b[x::y]",
            "test_b[x::y]",
            "python3 noxfile.py -s hw1 -- -k test_b",
        ),
        ("test_b", "test_b", f"{RUN} test_b"),
        ("test_a.py::test_b[1-[2]]", "test_b[1-[2]]", f"{RUN} test_b"),
        ("t.py::$(rm)", "$(rm)", ""),
        ("t.py::test_a;rm", "test_a;rm", ""),
        ("", "", ""),
    ],
)
def test_names_and_commands(result, id_, short, command):
    check = CheckResult(id_, "q", False, Fraction(1), Fraction(0), "failed")
    alone = replace(result, checks=(check,))
    assert short_name(id_) == short
    assert command_of(alone, check) == command
    assert command_of(alone, replace(check, hidden=True)) == ""


def test_commands_name_the_file_where_functions_have_the_same_name(result):
    def check(id_, hidden=False):
        return CheckResult(id_, "q", hidden, Fraction(1), Fraction(0), "failed")

    checks = (
        check("test_forward.py::test_sum[a]"),
        check("test_forward.py::test_sum[b]"),
        check("test_backward.py::test_sum"),
        check("test_backward.py::test_log"),
        check("hidden/test_other.py::test_log", hidden=True),
    )
    commands = [command_of(replace(result, checks=checks), check) for check in checks]
    assert commands == [
        'python3 noxfile.py -s hw1 -- -k "test_forward and test_sum"',
        'python3 noxfile.py -s hw1 -- -k "test_forward and test_sum"',
        'python3 noxfile.py -s hw1 -- -k "test_backward and test_sum"',
        "python3 noxfile.py -s hw1 -- -k test_log",
        "",
    ]


@pytest.mark.parametrize(
    ("points", "text"),
    [("5", "5"), ("5/2", "2.5"), ("5/3", "1.67"), ("100", "100"), ("0", "0"), ("1/8", "0.13"),
     ("1000", "1000"), ("-5/2", "-2.5")],
)  # fmt: skip
def test_points_have_at_most_two_decimals(points, text):
    assert points_text(Fraction(points)) == text


def test_points_are_rounded_to_the_decimals_that_are_asked_for():
    assert points_text(Fraction(100), 0) == "100"
    assert points_text(Fraction(151, 2), 0) == "76"
    assert points_text(Fraction(77), 1) == "77"


@pytest.mark.parametrize(
    ("compared", "text"),
    [
        (
            Compared("own", Fraction(99, 2), ("src/a.py::a.f",)),
            "With your own earlier stages: 49.5 of 100 points. The difference comes from a.f.",
        ),
        (Compared("reference", Fraction(100)), "With the reference's earlier stages: 100 of 100"),
    ],
)
def test_the_mark_with_other_earlier_stages_is_told(result, compared, text):
    with_both = for_students(replace(result, compared=compared)).replace("&#39;", "'")
    unwrapped = " ".join(with_both.split())
    assert unwrapped.count(text) == 4  # the view itself, Gradescope, the page, the terminal
    assert "earlier stages:" not in for_students(result)


def test_a_question_that_only_checks_name_is_shown(result):
    check = CheckResult("test_a", "lonely", False, Fraction(2), Fraction(1), "failed")
    view = shown(replace(result, checks=(*result.checks, check)))
    assert (view.questions[-1].id, view.questions[-1].earned) == ("lonely", 1)
    assert len(view.checks) == len(result.checks) + 1
