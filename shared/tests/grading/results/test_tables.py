"""What is made of one result for programs: Gradescope, JUnit, terminals."""

import io
import json
from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest

from needle_shared.grading.results.gradescope import gradescope_document, write_gradescope
from needle_shared.grading.results.junit import write_junit
from needle_shared.grading.results.terminal import make_console, show


def terminal(result, *, teacher=False, encoding="utf-8", **settings):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = make_console(file, **settings)
    show(result, console, teacher=teacher)
    file.flush()
    return file.buffer.getvalue().decode(encoding)


def test_gradescope_has_a_score_and_a_test_for_each_check(result, tmp_path):
    write_gradescope(result, tmp_path / "results.json")
    document = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert document["score"] == float(result.earned)
    assert document["stdout_visibility"] == "hidden"
    assert len(document["tests"]) == len(result.checks)
    assert sum(test["max_score"] for test in document["tests"]) == 100
    assert sum(test["score"] for test in document["tests"]) == pytest.approx(document["score"])
    statuses = {test["status"] for test in document["tests"]}
    assert statuses == {"passed", "failed"}
    assert all(test["output_format"] == "text" for test in document["tests"])
    hidden = [test for test in document["tests"] if "hidden check" in test["name"]]
    assert hidden
    assert not any(test["output"] for test in hidden)
    numbers = [test["number"] for test in document["tests"]]
    assert numbers[0] == "1.1"
    assert len(set(numbers)) == len(numbers)


def test_a_pending_check_has_no_score_in_gradescope(factory, result):
    document = gradescope_document(factory.with_pending(result))
    pending = [test for test in document["tests"] if test["tags"] == ["network"]]
    assert len(pending) == 4
    assert not any({"score", "max_score", "status"} & set(test) for test in pending)
    assert all(test["output"] for test in pending if "hidden" not in test["name"])
    assert "16 points are pending" in document["output"]
    assert document["score"] == float(factory.with_pending(result).earned)


def test_a_failure_of_the_machine_is_no_score(result):
    document = gradescope_document(replace(result, status="infra_error", message="/etc is full"))
    assert "score" not in document
    assert document["tests"] == []
    assert "no fault of your submission" in document["output"]
    assert "/etc" not in document["output"]


def test_an_invalid_submission_has_no_points_and_says_why(result):
    broken = replace(result, status="invalid", checks=(), questions=(), message="damaged archive")
    document = gradescope_document(broken)
    assert document["score"] == 0
    assert "damaged archive" in document["output"]


def test_junit_has_a_case_for_each_check(factory, result, tmp_path):
    result = factory.with_pending(result)
    write_junit(result, tmp_path / "junit.xml")
    suite = ET.parse(tmp_path / "junit.xml").getroot()[0]
    assert int(suite.get("tests")) == len(result.checks) == len(suite)
    failing = [c for c in result.checks if c.status not in ("passed", "pending")]
    assert int(suite.get("failures")) == len(failing) == len(suite.findall(".//failure"))
    assert int(suite.get("skipped")) == 4
    assert int(suite.get("errors")) == 0
    by_name = {(case.get("classname"), case.get("name")): case for case in suite}
    visible = next(check for check in failing if not check.hidden)
    case = by_name[f"hw1.{visible.question}", visible.id.rpartition("::")[2]]
    assert case.find("failure").text == visible.message


def test_junit_of_a_submission_that_was_not_graded_is_an_error(result, tmp_path):
    write_junit(replace(result, status="invalid", checks=(), message="cut"), tmp_path / "j.xml")
    suite = ET.parse(tmp_path / "j.xml").getroot()[0]
    assert (suite.get("errors"), suite.find(".//error").text) == ("1", "cut")


def test_the_terminal_shows_points_and_what_is_wrong(result):
    text = terminal(result)
    for question in result.questions:
        assert question.title in text
    assert "of 100" in text
    joined = " ".join(text.split())
    for check in result.checks:
        if not check.hidden and check.status != "passed":
            assert " ".join(check.message.split()) in joined
    assert "python3 noxfile.py -s hw1 -- -k test_" in text


def test_a_pipe_gets_no_codes_and_a_terminal_does(result, monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b" not in terminal(result)
    assert "\x1b" not in terminal(result, color=False)
    assert "\x1b[" in terminal(result, color=True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in terminal(result, color=False)


def test_a_terminal_without_unicode_is_enough(result):
    checks = (
        replace(result.checks[0], status="failed", earned=Fraction(0), message="数 🙂 naïve"),
    )
    text = terminal(replace(result, checks=checks, student="Bjørn"), encoding="ascii")
    assert "\\u6570" in text
    assert "Bj\\xf8rn" in text


def test_teachers_see_hidden_checks(result):
    text = terminal(result, teacher=True)
    failing = next(c for c in result.checks if c.hidden and c.status != "passed")
    assert failing.id.rpartition("::")[0] in text
    assert "SECRET" in text
    assert "SECRET" not in terminal(result)


@pytest.mark.parametrize("status", ["invalid", "infra_error"])
def test_the_terminal_says_why_there_is_no_mark(result, status):
    text = terminal(replace(result, status=status, checks=(), questions=(), message="why not"))
    assert "why not" in text
    assert "points" not in text
