"""How training looks on the screen: a bar while it runs, and a table that grows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

LINES_AROUND_ROWS = 7  # title, frame and heading, bar, and the line of the cursor
_FORMATS = {"epoch": "d", "loss": ".5f", "error": ".2%", "accuracy": ".2%", "seconds": ".3f"}


@dataclass(frozen=True)
class Epoch:
    """The results after one pass over the training set; errors are shares of wrong answers."""

    epoch: int  # the first is 1
    train_loss: float
    train_error: float
    test_loss: float
    test_error: float
    seconds: float  # of training alone


def show_training(title: str, epochs: Iterable[Epoch], total: int) -> None:
    """Show each of `total` epochs as it ends; where output is no terminal, all at the end."""
    bar = Progress(TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    task = bar.add_task("training", total=total)
    with EpochTable(title, bar, Console(), [field.name for field in fields(Epoch)]) as table:
        for epoch in epochs:
            table.add(asdict(epoch))
            bar.advance(task)


class EpochTable:
    """A table of epochs, above a bar that is gone at the end; a context manager.

    On a terminal the table is seen growing: as many of the latest epochs as fit. The whole table is
    printed at the end, on a terminal and elsewhere. Without `names`, the columns are those of the
    first row.
    """

    def __init__(
        self, title: str, bar: Progress, screen: Console, names: Iterable[str] = ()
    ) -> None:
        self._title = title
        self._bar = bar
        self._screen = screen
        self._names = list(names)
        self._rows: list[list[str]] = []
        self._live = Live(console=screen, transient=True, get_renderable=self._latest)

    def _table(self, rows: Iterable[list[str]]) -> Table:
        table = Table(title=self._title)
        for name in self._names:
            table.add_column(name.replace("_", " "), justify="right")
        for row in rows:
            table.add_row(*row)
        return table

    def _latest(self) -> Group:
        """Return what is shown meanwhile; rich would cut off the bar below a table too long."""
        visible = max(self._screen.height - LINES_AROUND_ROWS, 1)
        return Group(self._table(self._rows[-visible:]), self._bar)

    def __enter__(self) -> EpochTable:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()
        if self._rows:  # what an interrupted run has reached is worth seeing
            self._screen.print(self._table(self._rows))

    def add(self, row: Mapping[str, float]) -> None:
        """Add a row of values by the names of their columns."""
        self._names = self._names or list(row)
        self._rows.append([format_value(name, value) for name, value in row.items()])


def format_value(name: str, value: float) -> str:
    """Return `value` as a reader wants it, by the last word of its name: errors in per cent."""
    return format(value, _FORMATS.get(name.rpartition("_")[2], ".4g"))
