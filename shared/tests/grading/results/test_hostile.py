"""Texts that attack what reads them, at every place where a submission can put one."""

import csv
import io
import json
import re
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from needle_shared.grading.results.explain import explain
from needle_shared.grading.results.gradebook import gradebook_csv
from needle_shared.grading.results.gradescope import gradescope_document
from needle_shared.grading.results.html import feedback_html, summary_html
from needle_shared.grading.results.junit import junit_xml
from needle_shared.grading.results.model import Compared
from needle_shared.grading.results.roster import Roster, Student
from needle_shared.grading.results.serialize import from_json, schema, to_json
from needle_shared.grading.results.terminal import make_console, show

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "closing tags": "</pre></style></title></textarea><img src=x onerror=alert(1)>",
    "comment": "<!-- --><![CDATA[ ]]>&lt;&#60;&amp;",
    "template": "{{7*7}}{% raw %}${7*7}<%= 7*7 %>",
    "colours": "\x1b[31mred\x1b[0m\x9b2J\x1b]0;title\x07\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\",
    "formula": '=HYPERLINK("http://evil","x")',
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "tabs": "\t=1+1\t@x",
    "newlines": "\n=1\r\n-2\r+3\n\n",
    "nul": "a\x00b\x01\x08\x7f",
    "direction": "\u202egnp.exe\u202c \u2066x\u2069 \u200f",
    "surrogates": "\ud800 \udfff \udc80",
    "not in XML": "\ufffe\uffff\x0b\x0c\x1f ]]> <?xml ?>",
    "rich": "[red]x[/red] [/] [link=http://evil]y[/link] [bold",
    "megabyte": "<b>A" * 250_000,
    "path": "../../../etc/passwd",
    "address": "javascript:alert(1)//",
    "word": "A" * 5_000,
}
MARK = "QQQ"  # begins each text, so that no empty name or equal to another comes of it


@pytest.fixture(params=HOSTILE, ids=HOSTILE)
def text(request):
    return HOSTILE[request.param]


@pytest.fixture
def hostile(factory, text):
    """Return a result with the text wherever a submission can put one, and a few where not."""
    result = factory.make_result("ada", skill=0.5)
    result = replace(result, checks=result.checks[:17], questions=result.questions[:2])
    checks = tuple(
        replace(check, message="" if check.hidden else text, detail=text)
        if check.status != "passed"
        else check
        for check in result.checks
    )
    return replace(
        result,
        student=text + MARK,
        message=text,
        checks=checks,
        notes=(text, text),
        taken=(text,),
        ignored=(text,),
        log=text,
        compared=Compared(text, Fraction(1), (text,)),
        record={"seed": 1, text: text, "list": [text]},
        status="graded",
    )


class Page(HTMLParser):
    """What a page is made of: how often each element is there, its attributes, its text."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.shape, self.hrefs, self.open = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        names = tuple(name for name, _ in attributes)
        self.shape.append((tag, names))
        self.hrefs += [value for name, value in attributes if name == "href"]
        if tag not in {"meta", "rect", "wbr", "line"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.shape.append((tag, tuple(name for name, _ in attributes)))

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_pi = unknown_decl = handle_comment


def harmless(result):
    """Return the result with a plain text at the places where `hostile` has others."""
    plain = {"message": "plain", "detail": "plain"}
    checks = tuple(
        replace(check, **{name: value for name, value in plain.items() if getattr(check, name)})
        for check in result.checks
    )
    return replace(
        result, student="plain", message="plain", checks=checks, notes=("plain", "plain"),
        taken=("plain",), ignored=("plain",), compared=Compared("plain", Fraction(1), ("plain",)),
    )  # fmt: skip


def test_the_feedback_has_no_element_or_attribute_of_data(hostile):
    page = feedback_html(hostile)
    assert Page(page).shape == Page(feedback_html(harmless(hostile))).shape
    assert not Page(page).open
    assert "49" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    page.encode()


@pytest.mark.parametrize("status", ["invalid", "infra_error", "graded"])
def test_the_summary_has_no_element_or_attribute_of_data(hostile, status, factory, text):
    def summary(result, name):
        roster = Roster((Student(result.student, name, name),), has_email=True)
        return summary_html([replace(result, status=status)], roster)

    page = Page(summary(hostile, "n" + text))
    assert page.shape == Page(summary(harmless(hostile), "plain")).shape
    assert not page.open
    assert len(page.hrefs) == 1
    for href in page.hrefs:
        assert re.fullmatch(r"\./([A-Za-z0-9_.~-]|%[0-9A-F]{2})+/feedback\.html", href)
        assert not href.startswith("./../")


def test_the_text_is_there_to_be_read(factory):
    message = "expected <class 'int'> & \"x\" {{ y }}"
    result = factory.make_result("ada", skill=0.0, message=message)
    assert message in "".join(re.findall(r">([^<]*)<", feedback_html(result))).replace(
        "&lt;", "<"
    ).replace("&gt;", ">").replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&")


def test_the_json_is_valid_and_bounded(hostile):
    written = to_json(hostile)
    assert len(written.encode()) < 2_000_000
    written.encode()
    document = json.loads(written, parse_constant=pytest.fail)
    jsonschema.Draft202012Validator(schema()).validate(document)
    assert to_json(from_json(written)) == written
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]", written)


def test_gradescope_gets_plain_text(hostile):
    document = gradescope_document(hostile)
    written = json.dumps(document, ensure_ascii=False, allow_nan=False)
    written.encode()
    assert len(written) < 400_000
    assert "\\u00" not in written
    assert {test["output_format"] for test in document["tests"]} == {"text"}


def test_the_xml_is_well_formed(hostile):
    suite = ET.fromstring(junit_xml(hostile))[0]
    assert len(suite) == len(hostile.checks) == 17
    assert {element.tag for element in suite.iter()} == {"testsuite", "testcase", "failure"}


def test_the_table_has_no_formula_and_no_other_rows(hostile, text):
    roster = Roster((Student("s" + text, text, text),), has_email=True)
    written = gradebook_csv([hostile], roster)
    written.encode()
    rows = list(csv.reader(io.StringIO(written)))
    assert len(rows) == 3
    assert len({len(row) for row in rows}) == 1
    assert written.count("\n") == 3
    # Also where a spreadsheet is set to other separators.
    for cell in [cell for row in [*rows, re.split(r"[;\t\n]", written)] for cell in row]:
        assert not re.match(r"\s*[\"']?[=+\-@\t\r\n]", cell) or re.match(r"\s*'[=+\-@]", cell)
        assert len(cell) <= max(1_001, len(written))


@pytest.mark.parametrize("teacher", [False, True])
def test_the_terminal_gets_no_codes(hostile, teacher):
    console = make_console(io.StringIO(), color=False)
    with console.capture() as captured:
        show(hostile, console, teacher=teacher)
    written = captured.get()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", written)


def test_marks_of_rich_are_text(factory):
    result = factory.make_result("[red]ada[/]", skill=0.5, message=HOSTILE["rich"])
    console = make_console(io.StringIO(), color=True)
    console.width = 200
    show(result, console)
    written = console.file.getvalue()
    assert "[red]ada[/]" in written
    assert HOSTILE["rich"] in written
    assert "\x1b]8" not in written


def test_what_a_teacher_is_told_has_no_codes(hostile):
    for check in hostile.checks[:3]:
        written = explain(hostile, check.id, submission="a b; rm -rf")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", written)
        assert "'a b; rm -rf'" in written


def test_no_check_earns_by_its_message(hostile):
    assert gradescope_document(hostile)["score"] == float(sum(c.earned for c in hostile.checks))
    assert from_json(to_json(hostile)).earned == hostile.earned
    assert hostile.earned < Fraction(100)
