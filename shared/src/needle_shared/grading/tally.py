"""Says at the end of a test run how many points its checks gave."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest


class Tally:
    """A pytest plugin that adds up the points of the checks that passed, by their questions."""

    def __init__(self) -> None:
        self._worth: dict[str, tuple[str, Fraction]] = {}
        self._passed: dict[str, bool] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Read the points of each check; the parameters of one share them."""
        marked = [
            (item, mark)
            for item in items
            if (mark := item.get_closest_marker("points")) is not None
        ]
        sizes = Counter(item.nodeid.partition("[")[0] for item, _ in marked)
        for item, mark in marked:
            points = Fraction(str(mark.args[0]))
            if not mark.kwargs.get("each"):
                points /= sizes[item.nodeid.partition("[")[0]]
            stage = item.path.parents[1 + ("hidden" in item.path.parts)].name
            self._worth[item.nodeid] = (f"{stage} {mark.kwargs['part']}", points)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note whether a check passed; one that was skipped is neither earned nor lost."""
        if report.nodeid in self._worth:
            if report.skipped:
                self._passed.pop(report.nodeid, None)
            elif report.when == "call" or report.failed:
                before = self._passed.get(report.nodeid, True)
                self._passed[report.nodeid] = before and report.passed

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Write a line for each question that was checked, and the sum, below pytest's own last."""
        earned: Counter[str] = Counter()
        worth: Counter[str] = Counter()
        for name, passed in self._passed.items():
            question, points = self._worth[name]
            worth[question] += points  # type: ignore[assignment]
            earned[question] += points * passed  # type: ignore[assignment]
        terminalreporter: Any = config.pluginmanager.get_plugin("terminalreporter")
        if not worth or terminalreporter is None:
            return
        terminalreporter.section("points of these checks")
        for question in worth:
            terminalreporter.line(_line(question, earned[question], worth[question]))
        total = sum(earned.values()), sum(worth.values())
        terminalreporter.line(_line("all", *total))


def _line(name: str, earned: float, worth: float) -> str:
    return f"{name:<32} {float(earned):7.2f} of {float(worth):6.2f}"
