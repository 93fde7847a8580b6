"""How training looks: a live bar and a table on a terminal, a line per epoch elsewhere."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from needle_hw0.report import EpochTable, format_value
from needle_hw2.training.progress import Row
from needle_hw2.training.trainer import Step

UNSHOWN = {"learning_rate"}  # in the logs; a table of 80 columns has no place for it


class Screen:
    """Shows what `Trainer.run` yields, as plain lines; a context manager.

    `epochs` is how many there will be; `unit` is what an example is called.
    """

    def __init__(self, console: Console, epochs: int, unit: str = "examples") -> None:
        self.console = console
        self.epochs = epochs
        self.unit = unit

    def say(self, text: str) -> None:
        """Show `text`, line by line as it is."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def show(self, event: Step | Row) -> None:
        """Show that a batch or an epoch is done."""
        if isinstance(event, Step):
            self.show_step(event)
        else:
            self.show_row({name: value for name, value in event.items() if name not in UNSHOWN})

    def show_step(self, step: Step) -> None:
        """Show nothing: this would be a line per batch."""

    def show_row(self, row: Row) -> None:
        """Show the results of an epoch."""
        values = [f"{name.replace('_', ' ')} {format_value(name, value)}"
                  for name, value in row.items() if name != "epoch"]  # fmt: skip
        self.say("  ".join([f"epoch {row['epoch']}/{self.epochs}", *values]))

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""


class LiveScreen(Screen):
    """A table that grows, above a bar for the batches of an epoch, on a terminal."""

    def __init__(self, console: Console, epochs: int, unit: str = "examples") -> None:
        super().__init__(console, epochs, unit)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=10),  # the line has place for a ^C within 80 columns
            MofNCompleteColumn(),
            TextColumn("{task.fields[about]}"),
        )
        self._task = self._bar.add_task("", total=None, about="")
        self._table = EpochTable("", self._bar, console)
        self._epoch = 1

    def __enter__(self) -> LiveScreen:
        self._table.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Print the table and give the terminal back."""
        self._table.__exit__(kind, error, trace)

    def show_step(self, step: Step) -> None:
        """Move the bar."""
        tally = step.tally
        seconds = max(tally.seconds, 1e-9)  # a coarse clock may say 0
        left = round(seconds / step.batch * (step.batches - step.batch))
        about = [
            f"loss {tally.means()['loss']:.4f}",
            f"{tally.examples / seconds:,.0f} {self.unit}/s",
            f"{left // 60}:{left % 60:02} left",
        ]
        self._bar.update(
            self._task,
            description=f"epoch {self._epoch}/{self.epochs} {step.phase}",
            completed=step.batch,
            total=step.batches,
            about="  ".join(about),
        )

    def show_row(self, row: Row) -> None:
        """Add the results of an epoch to the table."""
        self._table.add(row)
        self._epoch = int(row["epoch"]) + 1


def make_screen(console: Console, epochs: int, unit: str = "examples") -> Screen:
    """Return the screen that fits `console`."""
    return (LiveScreen if console.is_terminal else Screen)(console, epochs, unit)
