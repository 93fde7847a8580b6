from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from needle_shared.grading.assignment import Assignment, Question
from needle_shared.grading.catalogue import CatalogueError, catalogue

ASSIGNMENT = Assignment(
    "hw9", "needle_hw9", "Nine", Path(), (Question("a", "A", ()), Question("b", "B", ()))
)


def entry(check: str, points: object = 1, part: str = "a", **more: Any) -> dict[str, Any]:
    function = check.partition("[")[0]
    return {"check": check, "function": function, "points": str(points), "part": part,
            "hidden": False, **more}  # fmt: skip


def test_parameters_share_the_points_of_their_function() -> None:
    checks = catalogue(ASSIGNMENT, [entry(f"t.py::f[{i}]", 2) for i in range(3)])
    assert [check.points for check in checks] == [Fraction(2, 3)] * 3


def test_each_gives_every_parameter_all_points() -> None:
    checks = catalogue(ASSIGNMENT, [entry(f"t.py::f[{i}]", 2.5, each=True) for i in range(3)])
    assert sum(check.points for check in checks) == Fraction(15, 2)


def test_checks_come_in_the_order_of_the_questions() -> None:
    entries = [entry("z", part="b"), entry("h", hidden=True), entry("v")]
    assert [check.id for check in catalogue(ASSIGNMENT, entries)] == ["v", "h", "z"]


@pytest.mark.parametrize(
    ("entries", "word"),
    [
        ([entry("x", part="c")], "part 'c' is no question of hw9: a, b"),
        ([entry("x", points=0)], "0 points"),
        ([entry("x", points=-1)], "-1 points"),
        ([entry("x", colour="red")], "no setting 'colour'"),
        ([entry("x"), entry("x")], "'x' is there twice"),
    ],
)
def test_what_is_wrong_is_named(entries: list[dict[str, Any]], word: str) -> None:
    with pytest.raises(CatalogueError, match=word.replace("(", r"\(")):
        catalogue(ASSIGNMENT, entries)
