"""The comparison itself: start the cells, check, train, time and describe them."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Protocol

from needle_shared.evolution.agreement import WINDOW
from needle_shared.evolution.problem import Problem
from needle_shared.evolution.process import CellError, CellMissingError, CellProcess
from needle_shared.evolution.results import CellResult, Comparison, StageNames
from needle_shared.evolution.verdict import judge

CHECKED_STEPS = 300
STAGE_PREFIX = "needle_"  # what the names of their packages begin with


class Progress(Protocol):
    """Hears how far the comparison is. Work is counted in steps of gradient descent."""

    def begin(self, total: int) -> None:
        """Hear that the work starts."""

    def phase(self, title: str) -> None:
        """Hear that the next part begins."""

    def advance(self, work: int) -> None:
        """Hear that another `work` steps are done."""


class Silent:
    """Progress that nobody sees."""

    def begin(self, total: int) -> None:
        """Say nothing."""

    def phase(self, title: str) -> None:
        """Say nothing."""

    def advance(self, work: int) -> None:
        """Say nothing."""


class Team:
    """The cells that have not failed, and the results of all."""

    def __init__(self, cells: Mapping[str, CellProcess]) -> None:
        self._live = dict(cells)
        self.results = {name: CellResult(name) for name in cells}

    def ask(self, name: str, do: str, **arguments: object) -> dict[str, Any] | None:
        """Return the answer of a cell; None if it failed, and then it is not asked again."""
        try:
            return self._live[name].ask(do, **arguments)
        except CellError as error:
            del self._live[name]
            result = self.results[name]
            result.state = "missing" if isinstance(error, CellMissingError) else "failed"
            result.reason, result.log = str(error), error.log
            return None

    def ask_all(self, do: str, **arguments: object) -> list[tuple[CellResult, dict[str, Any]]]:
        """Return the cells' answers. They are asked in turn: no two ever work at once."""
        answers = [(self.results[name], self.ask(name, do, **arguments)) for name in [*self._live]]
        return [(result, answer) for result, answer in answers if answer is not None]

    def align(self) -> None:
        """Give every cell the weights of the first."""
        while self._live:
            first, *others = self._live
            if self.ask(first, "share") is not None:
                for name in others:
                    self.ask(name, "join")
                return


def compare(
    problem: Problem,
    cells: Mapping[str, str],
    *,
    epochs: int,
    repeats: int,
    timeout: float = 300.0,
    progress: Progress | None = None,
) -> Comparison:
    """Return how the cells, names to "module:Class", do on a problem.

    Every cell runs in a process of its own; all have ended when this returns or raises. A cell
    that raises, dies or is silent for `timeout` seconds is marked as failed, the others go on.
    """
    progress = progress or Silent()
    checked_epochs = min(epochs, -(-CHECKED_STEPS // problem.steps))
    steps = checked_epochs * problem.steps
    progress.begin(len(cells) * (steps + (epochs + repeats) * problem.steps))
    with tempfile.TemporaryDirectory(prefix="needle-") as name, ExitStack() as stack:
        folder = Path(name)
        problem.save(folder / "problem.npz")
        team = Team(
            {
                cell: stack.enter_context(closing(CellProcess(reference, folder, timeout)))
                for cell, reference in cells.items()
            }
        )
        progress.phase("Starting one process per cell")
        for result, answer in team.ask_all("ready"):
            result.package = answer["package"]
        check(team, steps, progress)
        train(team, epochs, problem.steps, progress)
        measure(team, repeats, problem.steps, progress)
        stages = list_names(team)
    comparison = judge(list(team.results.values()), problem, steps)
    comparison.stages = stages
    return comparison


def check(team: Team, steps: int, progress: Progress) -> None:
    """Record the loss of every step, from common weights every few steps."""
    progress.phase(f"Checking the losses of {steps} steps")
    team.ask_all("start")
    for first in range(0, steps, WINDOW):
        count = min(WINDOW, steps - first)
        for result, answer in team.ask_all("trace", first=first, count=count):
            result.losses += answer["losses"]
            progress.advance(count)
        team.align()
    for result, answer in team.ask_all("check_epoch"):
        result.epoch_gap = answer["gap"]


def train(team: Team, epochs: int, steps: int, progress: Progress) -> None:
    """Train every cell from the initial weights to the end, and measure what it learnt."""
    progress.phase(f"Training {epochs} epochs")
    team.ask_all("start")
    for _ in range(epochs):
        for _ in team.ask_all("epoch"):
            progress.advance(steps)
    for result, answer in team.ask_all("evaluate"):
        result.training_loss = answer["training_loss"]
        result.test_error = answer["test_error"]


def measure(team: Team, repeats: int, steps: int, progress: Progress) -> None:
    """Time epochs from the initial weights, the cells in turn, and describe the cells."""
    progress.phase(f"Timing {repeats} epochs in turn")
    for _ in range(repeats):
        team.ask_all("start")
        for result, answer in team.ask_all("epoch"):
            result.seconds.append(answer["seconds"])
            progress.advance(steps)
    for result, answer in team.ask_all("describe"):
        result.peak_memory_mib = answer["peak_memory"]
        result.user_lines = answer["lines"]["user"]
        result.library_lines = answer["lines"]["library"]


def list_names(team: Team) -> list[StageNames]:
    """Return what each stage adds to the public names of the stages before it.

    A cell of somebody's own may stand on any package; only the names of stages are listed.
    """
    stages: dict[str, StageNames] = {}
    for name, result in team.results.items():
        package = result.package
        if result.state != "finished" or package in stages or not package.startswith(STAGE_PREFIX):
            continue
        answer = team.ask(name, "interface", earlier=[*stages])
        if answer is not None:
            stages[package] = StageNames(package, answer["names"])
    return [*stages.values()]
