"""Makes a result harmless before anything is written of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from needle_shared.grading.results.model import CheckResult, Compared, QuestionResult, Result
from needle_shared.grading.results.text import clean, last_bytes, one_line, without_addresses

NAME = 200
MESSAGE = 2_000
DETAIL = 10_000
LOG = 64 * 1024  # bytes
FILES = 2_000


def sanitised(result: Result) -> Result:
    """Return the same result with bounded texts that hold no control characters.

    Only numbers and texts stay in `record`; a number there that is not finite becomes None.
    A sanitised result is returned as it is.
    """
    return replace(
        result,
        student=one_line(result.student, NAME),
        title=one_line(result.title, NAME),
        isolation=one_line(result.isolation, NAME),
        earlier=one_line(result.earlier, NAME),
        message=without_addresses(clean(result.message, MESSAGE)),
        checks=tuple(map(_check, result.checks)),
        questions=tuple(map(_question, result.questions)),
        notes=tuple(without_addresses(clean(note, MESSAGE)) for note in _few(result.notes)),
        taken=tuple(one_line(name, NAME) for name in _few(result.taken)),
        ignored=tuple(one_line(name, NAME) for name in _few(result.ignored)),
        compared=None if result.compared is None else _compared(result.compared),
        record=_plain(result.record),
        timing={one_line(k): v for k, v in result.timing.items() if _is_time(v)},
        log=last_bytes(result.log, LOG),
    )


def _check(check: CheckResult) -> CheckResult:
    return replace(
        check,
        id=one_line(check.id),
        question=one_line(check.question),
        message=without_addresses(clean(check.message, MESSAGE)),
        detail=without_addresses(clean(check.detail, DETAIL)),
        seconds=check.seconds if _is_time(check.seconds) else 0.0,
    )


def _compared(compared: Compared) -> Compared:
    causes = tuple(one_line(cause, NAME) for cause in _few(compared.causes))
    return replace(compared, earlier=one_line(compared.earlier, NAME), causes=causes)


def _question(question: QuestionResult) -> QuestionResult:
    return replace(
        question,
        id=one_line(question.id),
        title=one_line(question.title, NAME),
        symbols=tuple(map(one_line, question.symbols)),
    )


def _is_time(seconds: float) -> bool:
    return 0 <= seconds < 1e12


def _few(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return at most FILES texts; the last one then says how many more there are."""
    if len(texts) <= FILES:
        return texts
    return (*texts[: FILES - 1], f"and {len(texts) - FILES + 1} more")


def _plain(value: Any) -> Any:
    """Return what JSON can hold; raise TypeError for anything else."""
    if isinstance(value, str):
        return clean(value, DETAIL)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, Mapping):
        return {one_line(str(key), NAME): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    raise TypeError(f"a record holds numbers and texts, got {type(value).__name__}")
