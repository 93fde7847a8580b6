"""The cells that are compared, each in a process of its own, asked in turn."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from needle_shared.evolution.cell import CellError, CellMissingError
from needle_shared.evolution.process import CellProcess
from needle_shared.evolution.results import CellResult


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

    def describe(self) -> None:
        """Record the memory of every cell, and its lines of code."""
        for result, answer in self.ask_all("describe"):
            result.peak_memory_mib = answer["peak_memory"]
            result.user_lines = answer["lines"]["user"]
            result.library_lines = answer["lines"]["library"]


@contextmanager
def assemble(
    worker: str,
    cells: Mapping[str, str],
    save_problem: Callable[[Path], None],
    timeout: float,
    progress: Progress,
) -> Iterator[Team]:
    """Start a process of the module `worker` for each cell, name to "module:Class"; end them all.

    They find what `save_problem` writes in `problem.npz` of their folder. A cell that raises, dies
    or is silent for `timeout` seconds is marked as failed, the others go on.
    """
    with tempfile.TemporaryDirectory(prefix="needle-") as name, ExitStack() as stack:
        folder = Path(name)
        save_problem(folder / "problem.npz")
        team = Team(
            {
                cell: stack.enter_context(closing(CellProcess(worker, reference, folder, timeout)))
                for cell, reference in cells.items()
            }
        )
        progress.phase("Starting one process per cell")
        for result, answer in team.ask_all("ready"):
            result.package = answer["package"]
        yield team
