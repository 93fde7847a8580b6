"""The judge on a student's own machine: it compares with the oracle that is beside the check.

`hwN/checks/conftest.py` imports the fixtures. When a submission is graded, the recorder of
`needle_shared.grading.inside` takes the judge's place, and the oracle is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from needle_shared.grading.assignment import read_assignment
from needle_shared.grading.compare import difference
from needle_shared.grading.inside.beside import module_beside
from needle_shared.grading.inside.records import Record, arrays_of, exception_of, plain
from needle_shared.grading.inside.stage import Stage

ORACLES = "oracles.py"


def oracles_of(check: str) -> ModuleType:
    """Return the module `hwN/checks/oracles.py` for the file of a check, hidden or not.

    It is for `want=` alone: no sandbox has it. Raises FileNotFoundError if the stage has none.
    """
    return module_beside(check, ORACLES)


class LocalJudge:
    """Compares each value with its oracle at once, and fails the check where they differ."""

    def close(
        self,
        name: str,
        value: Any,
        want: Callable[[], Any],
        rtol: float | None = None,
        atol: float | None = None,
    ) -> None:
        """Compare a tensor, array or number, or a list or tuple of them, within a tolerance.

        Shapes and kinds of dtype must be equal. Without tolerances, those of the dtype are used.
        """
        got = list(arrays_of(name, value))
        expected = list(arrays_of(name, want()))
        if len(got) != len(expected):
            pytest.fail(f"{name}: {len(got)} arrays, expected {len(expected)}", pytrace=False)
        for (name_, g), (_, e) in zip(got, expected, strict=True):
            _compare(Record(name_, "close", e, rtol, atol), Record(name_, "close", g))

    def value(self, name: str, value: Any, want: Callable[[], Any]) -> None:
        """Compare numbers, texts, truth values, None or lists of them: equal, and of equal type."""
        _compare(
            Record(name, "value", plain(name, want())), Record(name, "value", plain(name, value))
        )

    def shape(self, name: str, value: Any, want: Callable[[], Any]) -> None:
        """Compare the shape of a tensor or array."""
        self.value(name, tuple(value.shape), want)

    def raises(self, name: str, exception: type[Exception], call: Callable[[], Any]) -> None:
        """Check that `call()` raises `exception` or one derived from it."""
        raised = exception_of(exception, call)
        _compare(Record(name, "raises", exception.__name__), Record(name, "raises", raised))

    def same_memory(self, name: str, a: Any, b: Any, want: Callable[[], bool]) -> None:
        """Compare whether two NumPy arrays share memory."""
        self.value(name, bool(np.shares_memory(a, b)), want)

    def speed(
        self,
        name: str,
        call: Callable[..., Any],
        inputs: Callable[[], tuple[Any, ...]],
        want: Callable[..., Any],
        ratio: dict[float, float],
    ) -> None:
        """Check the result of `call(*inputs())`; its time decides when a submission is graded.

        There, `ratio` says which share of the points is earned up to which multiple of the
        reference's time: ``{1.5: 1.0, 3: 0.5}``. Each repetition has new inputs.
        """
        del ratio
        arguments = inputs()
        self.close(name, call(*arguments), want=lambda: want(*arguments))


def _compare(expected: Record, got: Record) -> None:
    problem = difference(expected, got)
    if problem:
        pytest.fail(problem, pytrace=False)


def assignment_folder(path: Path) -> Path:
    """Return the folder of the stage that a check belongs to."""
    for folder in path.resolve().parents:
        if (folder / "assignment.toml").is_file():
            return folder
    raise FileNotFoundError(f"no assignment.toml in a folder above {path}")


@pytest.fixture
def judge() -> LocalJudge:
    """Return the judge of the check."""
    return LocalJudge()


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Any:
    """Return the package of the stage; `stage.module("apps.simple_ml")` is one of its modules.

    A check that needs a GPU is skipped where the package has no device for one.
    """
    assignment = read_assignment(assignment_folder(request.path))
    package = Stage(assignment.package)
    points = request.node.get_closest_marker("points")
    if points is not None and points.kwargs.get("needs") == "cuda":
        device = package.cuda()
        if not device.enabled():
            pytest.skip(f"{device!r} is not available: {device.why_disabled}")
    return package
