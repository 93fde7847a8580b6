"""Results as JSON: `result.json`, which `result.schema.json` describes.

Points are fractions in texts ("5", "5/3"), because a share of points may be no decimal number;
`total` repeats the sums as numbers. Everything outside `timing` is equal in two runs with one seed,
as far as the submission itself says the same twice.
"""

from __future__ import annotations

import json
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

from needle_shared.atomic import write_atomically
from needle_shared.grading.results.model import CheckResult, Compared, QuestionResult, Result
from needle_shared.grading.results.reading import ResultError, result_of
from needle_shared.grading.results.sanitise import sanitised

SCHEMA_VERSION = 1
FILE = "result.json"


def document_of(result: Result) -> dict[str, Any]:
    """Return the JSON document of a result, sanitised."""
    result = sanitised(result)
    _no_repeated([check.id for check in result.checks], ValueError)
    return {
        "schema_version": SCHEMA_VERSION,
        "student": result.student,
        "stage": result.stage,
        "title": result.title,
        "status": result.status,
        "message": result.message,
        "total": _total(result),
        "isolation": result.isolation,
        "earlier": result.earlier,
        "compared": None if result.compared is None else _compared(result.compared),
        "questions": [_question(question) for question in result.questions],
        "checks": [_check(check) for check in result.checks],
        "notes": list(result.notes),
        "taken": list(result.taken),
        "ignored": list(result.ignored),
        "record": result.record,
        "log": result.log,
        "timing": {
            "phases": dict(result.timing),
            "checks": {check.id: check.seconds for check in result.checks},
        },
    }


def to_json(result: Result) -> str:
    """Return the text of `result.json`; equal results give equal texts."""
    document = document_of(result)
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def write_result(result: Result, path: Path) -> None:
    """Write `result.json`: whole, or not at all."""
    write_atomically(path, to_json(result))


def read_result(path: Path) -> Result:
    """Return the result in a file; raise ResultError if it is none, or of another version."""
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ResultError(f"{path} cannot be read: {error}") from None
    except ResultError as error:
        raise ResultError(f"{path}: {error}") from None


def from_json(text: str) -> Result:
    """Return the result that a text of JSON holds; raise ResultError if it does not."""
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ResultError(f"not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ResultError("not a result: the document is no object")
    version = document.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise ResultError(f"schema_version {version!r}, this grader reads {SCHEMA_VERSION}")
    result = result_of(document)
    _no_repeated([check.id for check in result.checks], ResultError)
    if document["total"] != _total(result):
        raise ResultError(f"total {document['total']}, the checks give {_total(result)}")
    return result


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of `result.json`."""
    path = files("needle_shared.grading.results") / "result.schema.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _no_repeated(ids: list[str], exception: type[ValueError]) -> None:
    if len(set(ids)) < len(ids):
        repeated = next(id_ for i, id_ in enumerate(ids) if id_ in ids[:i])
        raise exception(f"the check {repeated!r} stands there twice")


def _total(result: Result) -> dict[str, float]:
    return {
        "earned": _number(result.earned),
        "points": _number(result.points),
        "pending": _number(result.pending),
    }


def _number(points: Fraction) -> float:
    return round(float(points), 6)


def _check(check: CheckResult) -> dict[str, Any]:
    return {
        "id": check.id,
        "question": check.question,
        "hidden": check.hidden,
        "status": check.status,
        "points": str(check.points),
        "earned": str(check.earned),
        "message": check.message,
        "detail": check.detail,
    }


def _question(question: QuestionResult) -> dict[str, Any]:
    return {
        "id": question.id,
        "title": question.title,
        "points": str(question.points),
        "earned": str(question.earned),
        "pending": str(question.pending),
        "symbols": list(question.symbols),
    }


def _compared(compared: Compared) -> dict[str, Any]:
    return {
        "earlier": compared.earlier,
        "earned": str(compared.earned),
        "causes": list(compared.causes),
    }
