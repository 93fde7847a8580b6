"""Pages: `feedback.html` for a student, `summary.html` for the teacher of a class.

A page needs no other file and runs no script. Everything that comes from a submission is text: the
templates escape it, and the policy in the page's head allows nothing but the page's own style.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from needle_shared.atomic import write_atomically
from needle_shared.grading.results.classroom import CheckCount, Entry, count, join
from needle_shared.grading.results.merged import merged
from needle_shared.grading.results.model import Result
from needle_shared.grading.results.roster import Roster
from needle_shared.grading.results.shown import WORDS, points_text, short_name, shown

_NO_MARK = {"missing": "missing", "infra_error": "grading failed", "invalid": "cannot be graded"}


def feedback_html(result: Result) -> str:
    """Return the page for a student: what failed, how far off it is and what to do next."""
    return _render("feedback.html", view=shown(result), isolation=result.isolation)


def summary_html(
    results: Iterable[Result],
    roster: Roster | None = None,
    folder_of: Callable[[str], str] = lambda student: student,
) -> str:
    """Return the page for a teacher: the marks, the questions, the hardest checks, the students.

    It links to `FOLDER/feedback.html` beside it, where FOLDER is `folder_of(student)`.
    """
    entries = join(results, roster)
    numbers = count(entries)
    named = next((entry.result for entry in entries if entry.result is not None), None)
    return _render(
        "summary.html",
        stage=named.stage if named else "",
        title=named.title if named else "",
        numbers=numbers,
        histogram=_histogram(numbers.bins, numbers.points),
        checks=[_check_row(item) for item in numbers.checks],
        entries=[_entry_row(entry, folder_of) for entry in entries],
        isolations=sorted({entry.result.isolation for entry in entries if entry.result}),
    )


def write_feedback(result: Result, path: Path) -> None:
    """Write `feedback.html`: whole, or not at all."""
    write_atomically(path, feedback_html(result))


def write_summary(
    results: Iterable[Result],
    path: Path,
    roster: Roster | None = None,
    folder_of: Callable[[str], str] = lambda student: student,
) -> None:
    """Write `summary.html`: whole, or not at all."""
    write_atomically(path, summary_html(results, roster, folder_of))


@dataclass(frozen=True)
class _Bar:
    """A column of the histogram, in units of the drawing."""

    x: float
    y: float
    height: float
    count: int
    label: str


def _histogram(bins: tuple[int, ...], points: Fraction) -> list[_Bar]:
    highest = max([*bins, 1])
    step = points / len(bins)
    return [
        _Bar(
            x=32 * i,
            y=104 - 88 * n / highest,
            height=88 * n / highest,
            count=n,
            label=points_text(step * i),
        )
        for i, n in enumerate(bins)
    ]


def _check_row(item: CheckCount) -> dict[str, Any]:
    counted = sorted(item.statuses.items(), key=lambda pair: (-pair[1], pair[0]))
    others = [(WORDS[status], n) for status, n in counted if status != "passed"]
    return {
        "name": short_name(item.check.id),
        "question": item.check.question,
        "hidden": item.check.hidden,
        "share": item.share,
        "passed": item.passed,
        "graded": item.graded,
        "others": ", ".join(f"{word} {n}".replace(" ", "\xa0") for word, n in others),
    }


def _entry_row(entry: Entry, folder_of: Callable[[str], str]) -> dict[str, Any]:
    result = entry.result
    has_mark = result is not None and result.status == "graded"
    link = ""
    if result is not None:
        folder = quote(folder_of(entry.student.id), safe="", errors="replace")
        link = f"./{folder}/feedback.html"
    return {
        "id": entry.student.id,
        "name": entry.student.name,
        "link": link,
        "has_mark": has_mark,
        "status": _NO_MARK.get(entry.status, ""),
        "earned": result.earned if result else Fraction(0),
        "points": result.points if result else Fraction(0),
        "pending": result.pending if result else Fraction(0),
        "questions": {q.id: q for q in result.questions} if result and has_mark else {},
        "message": entry.message,
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("needle_shared.grading.results", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = points_text
    environment.filters["breakable"] = _breakable
    environment.filters["merged"] = merged
    environment.filters["percent"] = lambda share: f"{100 * share:.0f} %"
    environment.filters["share"] = lambda part, whole: float(part / whole) if whole else 0.0
    return environment


def _breakable(name: str) -> Markup:
    """Return the escaped name of a check, which a narrow page may break after an underscore."""
    return Markup("_<wbr>").join(escape(part) for part in name.split("_"))


def _render(template: str, **values: Any) -> str:
    environment = _environment()
    source = environment.loader.get_source(environment, "page.css")[0]  # type: ignore[union-attr]
    style = "\n" + source.strip() + "\n"
    # A policy that names the style's hash allows no other style, also not in attributes.
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = environment.get_template(template)
    return page.render(style=Markup(style), style_hash=digest, **values) + "\n"  # noqa: S704
