import base64
import hashlib
import re
from dataclasses import replace
from fractions import Fraction
from urllib.parse import unquote

import pytest

from needle_shared.grading.results.html import (
    feedback_html,
    summary_html,
    write_feedback,
    write_summary,
)
from needle_shared.grading.results.roster import Roster, Student


@pytest.fixture
def pages(factory, result):
    return [feedback_html(result), summary_html(*factory.make_class())]


def text_of(page):
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL).split())


def test_pages_need_nothing_else_and_allow_nothing_else(pages):
    for page in pages:
        assert not re.search(r"<(script|link|img|iframe|object|embed|form|base)\b", page)
        assert not re.search(r"\sstyle=|\son\w+=|url\(|@import|https?:", page)
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
        style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert policy == (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        )


def test_pages_are_accessible(pages):
    for page in pages:
        assert '<html lang="en">' in page
        assert re.search(r"<title>\S.*</title>", page)
        assert page.count("<h1>") == 1
        assert 'name="viewport" content="width=device-width, initial-scale=1"' in page
        for head in re.findall(r"<thead>(.*?)</thead>", page, re.DOTALL):
            assert all('scope="col"' in cell for cell in re.findall(r"<th\b[^>]*>", head))
        for row in re.findall(r"<tbody>.*?</tbody>", page, re.DOTALL):
            assert row.count("<tr>") == row.count('scope="row"')
        drawings = re.findall(r"<svg\b[^>]*>", page)
        assert drawings
        assert all("aria-label=" in tag or 'aria-hidden="true"' in tag for tag in drawings)


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    high, low = sorted([luminance(a), luminance(b)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_the_contrast_that_wcag_asks_for(pages, scheme):
    roots = re.findall(r":root \{(.*?)\}", pages[0], re.DOTALL)[:2]
    colors = dict(re.findall(r"--([\w-]+): (#\w{6})", "".join(roots[: scheme + 1])))
    pairs = [(ink, paper) for ink in ("ink", "soft", "accent") for paper in ("paper", "card")]
    pairs += [("ink", "code"), ("soft", "track")]
    pairs += [(tone, f"{tone}-wash") for tone in ("good", "part", "bad", "wait")]
    pairs += [(tone, "card") for tone in ("good", "part", "bad", "wait")]
    for a, b in pairs:
        assert contrast(colors[a], colors[b]) >= 4.5, (a, b)


def test_the_feedback_says_what_is_wrong_and_what_to_do(result, tmp_path):
    write_feedback(result, tmp_path / "feedback.html")
    page = (tmp_path / "feedback.html").read_text(encoding="utf-8")
    for check in result.checks:
        if not check.hidden and check.status == "failed" and check.message:
            assert check.message.replace("'", "&#39;") in page
    text = text_of(page)
    assert "Where to begin" in text
    assert "python3 noxfile.py -s hw1 -- -k test_" in text
    assert re.search(r"hidden checks? [\d, and-]+ of backward", text)
    assert "MatMul.compute" in text
    assert "ops/reduce.py is missing" in text


def test_the_feedback_does_not_tell_the_seed_nor_the_log(result):
    page = feedback_html(replace(result, record={"seed": "12345678"}, log="LOGGED"))
    assert "12345678" not in page
    assert "LOGGED" not in page


@pytest.mark.parametrize("status", ["invalid", "infra_error"])
def test_the_feedback_without_a_mark_says_why(result, status):
    text = text_of(feedback_html(replace(result, status=status, checks=(), questions=(),
                                         message="cut off")))  # fmt: skip
    assert ("cut off" in text) == (status == "invalid")
    assert ("no fault of your submission" in text) == (status == "infra_error")
    assert "of 0 points" not in text


def test_the_feedback_of_full_marks_and_of_pending_ones(factory):
    full = factory.make_result("ada", skill=5)
    checks = tuple(replace(c, status="passed", earned=c.points) for c in full.checks)
    text = text_of(feedback_html(replace(full, checks=checks)))
    assert "Everything passed." in text
    assert "Where to begin" not in text
    text = text_of(feedback_html(factory.with_pending(full)))
    assert "16 points are pending." in text
    assert "Everything passed." not in text


def test_names_of_checks_are_text(result):
    checks = tuple(
        replace(c, id=f"test_{i}_<i>_&amp;[{{{{7*7}}}}]") for i, c in enumerate(result.checks)
    )
    named = replace(result, checks=checks)
    for page in (feedback_html(named), summary_html([named])):
        assert "<i>" not in page
        assert "_<wbr>&lt;i&gt;_<wbr>&amp;amp;[{{7*7}}" in page


def test_no_isolation_is_told(factory, result):
    bare = replace(result, isolation="none")
    assert "Isolation: none." in feedback_html(bare)
    assert "Isolation: none." in summary_html([bare])
    assert "Isolation: none." not in feedback_html(result)
    assert "Isolation: none." not in summary_html([result])


def test_the_summary_links_to_the_feedback_of_each_student(result, tmp_path):
    names = ["ada", "Bjørn Å", "a b%c#d?e", "..", "x&y"]
    results = [replace(result, student=name) for name in names]
    roster = Roster((Student("zoe", "Zoe"),), has_email=False)
    write_summary(results, tmp_path / "summary.html", roster, folder_of=lambda name: f"f {name}")
    page = (tmp_path / "summary.html").read_text(encoding="utf-8")
    links = [unquote(link) for link in re.findall(r'href="([^"]*)"', page)]
    assert sorted(links) == sorted(f"./f {name}/feedback.html" for name in names)
    assert "missing" in text_of(page)


def test_the_summary_counts(factory):
    results, roster = factory.make_class()
    page = summary_html(results, roster)
    text = text_of(page)
    graded = [result for result in results if result.status == "graded"]
    assert f"Graded {len(graded)} of {len(roster.students)}" in text
    assert "Missing 3 Invalid 2 Grading failed 1" in text
    names = re.findall(r'<th scope="row">(test_.*?)(?: <span|</th>)', page)
    assert len(names) == len(graded[0].checks)
    earned = {}
    for result in graded:
        for check in result.checks:
            name = check.id.rpartition("::")[2].replace("_", "_<wbr>")
            earned[name] = earned.get(name, 0) + check.earned / check.points
    assert [earned[name] for name in names] == sorted(earned.values())
    assert page.count(">hidden</span>") == sum(check.hidden for check in graded[0].checks)


def test_the_summary_of_an_empty_class(result):
    assert "Results of the class" in summary_html([])
    only_failed = replace(result, status="infra_error", checks=(), questions=())
    assert "Marks" not in text_of(summary_html([only_failed]))
    no_checks = replace(result, checks=(), questions=())
    assert "0 of 0 points" not in text_of(summary_html([no_checks])).replace("of 0 points", "", 1)


def test_pending_marks_are_told_in_the_summary(factory, result):
    text = text_of(summary_html([factory.with_pending(result)]))
    assert "+16 pending" in text
    assert Fraction(16) == factory.with_pending(result).pending
