"""Progress for people: a bar on a terminal, a line per phase elsewhere."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class ConsoleProgress:
    """Shows how far a comparison is; a context manager, and the bar is gone at its end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            BarColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("Reading the data", total=None)

    def __enter__(self) -> "ConsoleProgress":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def begin(self, total: int) -> None:
        """Set the length of the bar."""
        self._bar.update(self._task, total=total)

    def phase(self, title: str) -> None:
        """Show what is going on."""
        self._bar.update(self._task, description=title)
        if not self._console.is_terminal:
            self._console.print(f"{title} ...", highlight=False)

    def advance(self, work: int) -> None:
        """Move the bar."""
        self._bar.advance(self._task, work)
