"""Results as `junit.xml`, for the tools that show those."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from needle_shared.atomic import write_atomically
from needle_shared.grading.results.model import Result
from needle_shared.grading.results.shown import ShownCheck, points_text, shown


def junit_xml(result: Result) -> bytes:
    """Return the XML of what the student may see: a test suite with a case for each check.

    A check that lost points is a failure, a pending one is skipped. A submission without checks is
    one erroneous case.
    """
    view = shown(result)
    suite = ET.Element("testsuite", name=f"{view.stage} {view.student}")
    for check in view.checks:
        _case(suite, f"{view.stage}.{check.question}", check)
    if view.status != "graded":
        case = ET.SubElement(suite, "testcase", classname=view.stage, name="submission")
        ET.SubElement(case, "error", message=view.status).text = view.message
    count = {"tests": "testcase", "failures": ".//failure", "errors": ".//error"}
    for name, path in {**count, "skipped": ".//skipped"}.items():
        suite.set(name, str(len(suite.findall(path))))
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites, " ")
    # sanitised() has left no character that XML has not.
    return bytes(ET.tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def write_junit(result: Result, path: Path) -> None:
    """Write `junit.xml`: whole, or not at all."""
    write_atomically(path, junit_xml(result))


def _case(suite: ET.Element, classname: str, check: ShownCheck) -> None:
    case = ET.SubElement(suite, "testcase", classname=classname, name=check.name)
    points = f"{points_text(check.earned)} of {points_text(check.points)} points"
    if check.tone == "wait":
        ET.SubElement(case, "skipped", message="pending").text = check.message
    elif check.lost:
        ET.SubElement(case, "failure", message=f"{check.word}: {points}").text = check.message
