"""Makes a result of a JSON document, which anybody may have changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar, get_args

from needle_shared.grading.results.model import (
    CheckResult,
    CheckStatus,
    Compared,
    QuestionResult,
    Result,
    SubmissionStatus,
)

T = TypeVar("T")

_FRACTION = re.compile(r"[0-9]{1,12}(/[1-9][0-9]{0,11})?")


class ResultError(ValueError):
    """A file is no result that this grader can read."""


def result_of(document: dict[str, Any]) -> Result:
    """Return the result of a document of the right version; raise ResultError at its first fault.

    The total is not looked at.
    """
    reader = _Reader(document, "result")
    timing = reader.table("timing")
    seconds = timing.numbers("checks")
    reader.table("total")
    compared = document.get("compared")
    return Result(
        student=reader.text("student"),
        stage=reader.text("stage"),
        title=reader.text("title"),
        status=reader.one_of("status", get_args(SubmissionStatus)),
        message=reader.text("message"),
        isolation=reader.text("isolation"),
        earlier=reader.text("earlier"),
        compared=None if compared is None else _compared(reader.table("compared")),
        questions=reader.tables("questions", _question),
        checks=reader.tables("checks", lambda table: _check(table, seconds)),
        notes=reader.texts("notes"),
        taken=reader.texts("taken"),
        ignored=reader.texts("ignored"),
        record=reader.table("record").values,
        timing=timing.numbers("phases"),
        log=reader.text("log"),
    )


def _check(table: _Reader, seconds: dict[str, float]) -> CheckResult:
    id_ = table.text("id")
    points, earned = table.points("points"), table.points("earned")
    if earned > points:
        raise ResultError(f"{table.name}: earned {earned} of {points} points")
    return CheckResult(
        id=id_,
        question=table.text("question"),
        hidden=table.get("hidden", bool, "true or false"),
        points=points,
        earned=earned,
        status=table.one_of("status", get_args(CheckStatus)),
        message=table.text("message"),
        detail=table.text("detail"),
        seconds=seconds.get(id_, 0.0),
    )


def _question(table: _Reader) -> QuestionResult:
    return QuestionResult(
        id=table.text("id"),
        title=table.text("title"),
        points=table.points("points"),
        earned=table.points("earned"),
        pending=table.points("pending"),
        symbols=table.texts("symbols"),
    )


def _compared(table: _Reader) -> Compared:
    return Compared(table.text("earlier"), table.points("earned"), table.texts("causes"))


class _Reader:
    """The object of a document at `name`; every method raises ResultError for a wrong value."""

    def __init__(self, values: dict[str, Any], name: str) -> None:
        self.values = values
        self.name = name

    def get(self, key: str, kind: type[T], words: str) -> T:
        if key not in self.values:
            raise ResultError(f"{self.name} has no {key!r}")
        value = self.values[key]
        if not isinstance(value, kind):
            raise ResultError(f"{self.name}.{key} must be {words}, got {str(value)[:80]!r}")
        return value

    def text(self, key: str) -> str:
        return self.get(key, str, "a text")

    def texts(self, key: str) -> tuple[str, ...]:
        items = self.get(key, list, "a list of texts")
        if not all(isinstance(item, str) for item in items):
            raise ResultError(f"{self.name}.{key} must be a list of texts")
        return tuple(items)

    def points(self, key: str) -> Fraction:
        text = self.text(key)
        if _FRACTION.fullmatch(text) is None:
            raise ResultError(f'{self.name}.{key} must be points like "5/3", got {text[:80]!r}')
        return Fraction(text)

    def one_of(self, key: str, allowed: tuple[str, ...]) -> Any:
        value = self.text(key)
        if value not in allowed:
            raise ResultError(f"{self.name}.{key} must be one of {allowed}, got {value[:80]!r}")
        return value

    def table(self, key: str) -> _Reader:
        return _Reader(self.get(key, dict, "an object"), f"{self.name}.{key}")

    def tables(self, key: str, read: Callable[[_Reader], T]) -> tuple[T, ...]:
        items = self.get(key, list, "a list of objects")
        if not all(isinstance(item, dict) for item in items):
            raise ResultError(f"{self.name}.{key} must be a list of objects")
        return tuple(read(_Reader(item, f"{self.name}.{key}[{i}]")) for i, item in enumerate(items))

    def numbers(self, key: str) -> dict[str, float]:
        values = self.table(key).values
        for name, value in values.items():
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not is_number or not 0 <= value < 1e12:
                raise ResultError(f"{self.name}.{key}.{name[:80]} must be a number of seconds")
        return {name: float(value) for name, value in values.items()}
