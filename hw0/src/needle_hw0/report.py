"""How training looks on the screen: a bar while it runs, and a table that grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Epoch:
    """The results after one pass over the training set; errors are shares of wrong answers."""

    number: int
    train_loss: float
    train_error: float
    test_loss: float
    test_error: float
    seconds: float  # of training alone


def show_training(title: str, epochs: Iterable[Epoch], total: int) -> None:
    """Show each of `total` epochs as it ends; where output is no terminal, all at the end."""
    table = Table(title=title)
    for heading in ("epoch", "train loss", "train error", "test loss", "test error", "seconds"):
        table.add_column(heading, justify="right")
    bar = Progress(TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    task = bar.add_task("training", total=total)
    screen = Console()
    try:
        with Live(Group(table, bar), console=screen, transient=True):
            for epoch in epochs:
                table.add_row(*_row(epoch))
                bar.advance(task)
    finally:  # what an interrupted run has reached is worth seeing
        if table.row_count:
            screen.print(table)


def _row(epoch: Epoch) -> tuple[str, ...]:
    return (
        str(epoch.number),
        f"{epoch.train_loss:.5f}",
        f"{epoch.train_error:.2%}",
        f"{epoch.test_loss:.5f}",
        f"{epoch.test_error:.2%}",
        f"{epoch.seconds:.3f}",
    )
