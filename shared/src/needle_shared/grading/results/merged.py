"""Puts checks together that say the same, for readers: an unwritten function fails many checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import groupby

from needle_shared.grading.results.shown import ShownCheck

_MOST = 6  # parameters that are listed


def merged(checks: Iterable[ShownCheck]) -> tuple[ShownCheck, ...]:
    """Return fewer checks that say the same; points are added up.

    Parameters of a function are put together if they follow each other and their messages are
    equal, hidden checks of a question if they went alike.
    """
    checks = tuple(checks)
    visible = [check for check in checks if not check.hidden]
    rows = [_visible(list(same)) for _, same in groupby(visible, key=_what_it_says)]
    hidden: dict[tuple[str, str, str], list[ShownCheck]] = {}
    for check in checks:
        if check.hidden:
            hidden.setdefault((check.question, check.word, check.tone), []).append(check)
    return (*rows, *map(_hidden, hidden.values()))


def _what_it_says(check: ShownCheck) -> tuple[str, ...]:
    function = check.name.partition("[")[0]
    return function, check.question, check.tone, check.word, check.message


def _visible(same: list[ShownCheck]) -> ShownCheck:
    if len(same) == 1:
        return same[0]
    parameters = [check.name.partition("[")[2].removesuffix("]") for check in same]
    listed = ", ".join(parameters[:_MOST])
    if len(parameters) > _MOST:
        listed += f" and {len(parameters) - _MOST} more"
    return _sum(same, f"{same[0].name.partition('[')[0]}[{listed}]")


def _hidden(same: list[ShownCheck]) -> ShownCheck:
    if len(same) == 1:
        return same[0]
    *first, last = _ranges([check.number for check in same])
    numbers = f"{', '.join(first)} and {last}" if first else last
    return _sum(same, f"hidden checks {numbers} of {same[0].question}")


def _ranges(numbers: list[int]) -> Iterator[str]:
    """Yield "3" and "5-8" for the numbers 3, 5, 6, 7, 8."""
    # Within a range, numbers and their places grow together.
    for _, group in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in group]
        yield str(members[0]) if len(members) == 1 else f"{members[0]}-{members[-1]}"


def _sum(same: list[ShownCheck], name: str) -> ShownCheck:
    return replace(
        same[0],
        name=name,
        points=sum((check.points for check in same), Fraction(0)),
        earned=sum((check.earned for check in same), Fraction(0)),
    )
