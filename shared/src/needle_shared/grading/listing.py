"""Lists the checks of a stage without running them."""

from __future__ import annotations

import contextlib
import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from needle_shared.grading.assignment import Assignment
from needle_shared.grading.catalogue import CatalogueError, Check, catalogue


class _Collector:
    """A pytest plugin that keeps what was collected."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: list[dict[str, Any]] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Read the markers."""
        for item in session.items:
            mark = item.get_closest_marker("points")
            name = f"{item.path.relative_to(self.folder).as_posix()}::{item.name}"
            if mark is None or len(mark.args) != 1:
                raise CatalogueError(f"{name} needs the marker points(n, part=...)")
            settings: dict[str, Any] = {
                "check": name,
                "function": name.partition("[")[0],
                "points": str(mark.args[0]),
                **mark.kwargs,
            }
            self.found.append({**settings, "hidden": name.startswith("hidden/")})


def list_checks(assignment: Assignment) -> tuple[Check, ...]:
    """Return the checks of a stage; raise CatalogueError if they cannot be collected."""
    folder = (assignment.folder / "checks").resolve()
    collector = _Collector(folder)
    said = io.StringIO()
    arguments = ["-q", "--collect-only", "-pno:cacheprovider", "-c/dev/null", str(folder)]
    arguments += ["--import-mode=importlib", f"--rootdir={folder}"]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main(arguments, plugins=[collector])
    if code != 0:
        raise CatalogueError(f"the checks in {folder} cannot be collected:\n{said.getvalue()}")
    return catalogue(assignment, collector.found)


def points_of_questions(assignment: Assignment) -> dict[str, tuple[Fraction, Fraction]]:
    """Return what the visible and the hidden checks of each question are worth."""
    points = {question.id: [Fraction(0), Fraction(0)] for question in assignment.questions}
    for check in list_checks(assignment):
        points[check.question][check.hidden] += check.points
    return {question: (visible, hidden) for question, (visible, hidden) in points.items()}
