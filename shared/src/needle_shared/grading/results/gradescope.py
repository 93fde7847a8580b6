"""Results for Gradescope: the `results.json` of its autograders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from needle_shared.atomic import write_atomically
from needle_shared.grading.results.model import Result
from needle_shared.grading.results.shown import Shown, ShownCheck, points_text, shown

_LONGEST = 8_000


def gradescope_document(result: Result) -> dict[str, Any]:
    """Return the content of `results.json`.

    What failed by no fault of the submission has no score: Gradescope then says that grading
    failed, and counts no points. A pending check has no score either.
    """
    view = shown(result)
    document: dict[str, Any] = {
        "execution_time": round(sum(result.timing.values())),
        "output": _overview(view),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [],
        "leaderboard": [],
    }
    if view.status == "infra_error":
        return document
    document["score"] = _number(view.earned)
    for number, question in enumerate(view.questions, start=1):
        for position, check in enumerate(question.checks, start=1):
            document["tests"].append(_test(check, question.title, f"{number}.{position}"))
    return document


def write_gradescope(result: Result, path: Path) -> None:
    """Write `results.json`: whole, or not at all."""
    document = gradescope_document(result)
    write_atomically(path, json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1))


def _test(check: ShownCheck, title: str, number: str) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": f"{title}: {check.name}",
        "name_format": "text",
        "number": number,
        "output": check.message,
        "output_format": "text",
        "tags": [check.question],
        "visibility": "visible",
    }
    if check.command:
        test["output"] += f"\n\nOn your machine: {check.command}"
    if check.tone == "wait":
        test["output"] = test["output"] or "This check is pending."
        return test
    test["score"], test["max_score"] = _number(check.earned), _number(check.points)
    test["status"] = "passed" if check.tone == "good" else "failed"
    return test


def _overview(view: Shown) -> str:
    lines = [f"{view.stage}: {view.title}"]
    if view.status == "infra_error":
        lines.append(
            "Grading failed. That is no fault of your submission, and no mark: an earlier result "
            "stays. Please tell your teacher, or submit again."
        )
    elif view.status == "invalid":
        lines.append("This submission cannot be graded.")
    if view.message and view.status != "infra_error":
        lines.append(view.message)
    if view.pending:
        lines.append(f"{points_text(view.pending)} points are pending and will be graded later.")
    if view.compared:
        lines.append(view.compared)
    text = "\n".join([*lines, *view.notes])
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."


def _number(points: Any) -> float:
    return round(float(points), 4)
