"""The table, and what is said under it."""

from collections.abc import Callable, Sequence
from textwrap import shorten
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from needle_shared.evolution.results import CellResult, Comparison, StageNames

_DEFINITIONS = (
    "{timed}: median of repeats in turn, on one thread · memory: peak of the whole process · "
    "you write: lines of code of {written}, and what it needs that the library lacks · "
    "library: our code under that"
)
_STYLES = {"finished": "", "missing": "dim", "failed": "red"}
_SHOWN_LOG_LINES = 15
_SHOWN_CHARACTERS = 42  # of the names in a module: the table is to fit into 80 columns


class Column(NamedTuple):
    """One column: its heading, and the text of its cell in a row."""

    title: str
    show: Callable[[CellResult], str]


def columns(comparison: Comparison, steps: int | None = None) -> list[Column]:
    """Return the columns after the cell's name; a value that is not there is shown as a dash.

    With `steps`, it is so many of these that were timed, not epochs, and there is no test.
    """
    known = [cell.median_seconds for cell in comparison.cells if cell.median_seconds]
    first = known[0] if known else 1.0
    milliseconds = max(known, default=0) < 1
    unit, factor, digits = ("ms", 1e3, 1) if milliseconds else ("s", 1.0, 2)
    timed, loss = (f"epoch\n{unit}", "training\nloss")
    test = [Column("test\nerror", lambda c: _number(c.test_error, 100, ".2f", " %"))]
    if steps is not None:
        timed, loss, test = f"step\n{unit}", f"loss after\n{steps} steps", []
    return [
        Column(timed, lambda c: _number(c.median_seconds, factor, f".{digits}f")),
        Column("ratio\n", lambda c: _number(c.median_seconds, 1 / first, ".2f", "×")),
        Column(loss, lambda c: _number(c.training_loss, 1, ".4f")),
        *test,
        Column("memory\nMiB", lambda c: _number(c.peak_memory_mib, 1, ",.0f")),
        Column("you write\nlines", lambda c: _number(c.user_lines, 1, ",.0f")),
        Column("library\nlines", lambda c: _number(c.library_lines, 1, ",.0f")),
    ]


def _number(value: float | None, factor: float, form: str, suffix: str = "") -> str:
    return "–" if value is None else f"{value * factor:{form}}{suffix}"


def table(comparison: Comparison, steps: int | None = None) -> Table:
    """Return the rows of all cells."""
    result = _empty_table()
    result.add_column("\ncell", style="bold", overflow="fold")
    shown = columns(comparison, steps)
    for column in shown:
        result.add_column(column.title, justify="right", no_wrap=True)
    blamed = {found.cell for found in comparison.disagreements}
    for cell in comparison.cells:
        values = (column.show(cell) for column in shown)
        style = "red" if cell.name in blamed else _STYLES[cell.state]
        result.add_row(escape(cell.name), *values, style=style)
    return result


def names_table(stages: Sequence[StageNames]) -> Table:
    """Return how many public names each stage adds, and the first of them, module by module."""
    result = _empty_table()
    result.add_column("stage", style="bold", no_wrap=True)
    result.add_column("adds", justify="right")
    result.add_column("module", style="dim")
    result.add_column("", justify="right")
    result.add_column("public names")
    for stage in stages:
        total = [stage.package, f"{stage.count:,}"]
        for module, names in stage.new_names.items():
            inner = module.removeprefix(stage.package).removeprefix(".")
            first = shorten(", ".join(names), _SHOWN_CHARACTERS, placeholder=" …")
            result.add_row(*total, inner, f"{len(names):,}", first)
            total = ["", ""]
        if not stage.new_names:
            result.add_row(*total)
    return result


def _empty_table() -> Table:
    return Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1))


def report(console: Console, comparison: Comparison, title: str, steps: int | None = None) -> None:
    """Print the table, whether the cells agree, what each stage adds, and what columns mean.

    `steps` is as in `columns`.
    """
    console.print()
    console.print(title, style="bold", highlight=False)
    console.print(table(comparison, steps))
    for line in verdicts(comparison):
        console.print(line)
    for cell in comparison.cells:
        if cell.state == "failed" and cell.log:
            console.print(f"{cell.name} printed:", style="red", highlight=False, markup=False)
            tail = "\n".join(cell.log.splitlines()[-_SHOWN_LOG_LINES:])
            console.print(tail, style="dim", highlight=False, markup=False)
    if comparison.stages:
        console.print()
        console.print("Public names that each stage adds to those above it", style="bold")
        console.print(names_table(comparison.stages))
    timed, written = ("epoch", "a training epoch") if steps is None else ("step", "the training")
    text = _DEFINITIONS.format(timed=timed, written=written)
    console.print(text, style="dim", highlight=False)


def verdicts(comparison: Comparison) -> list[Text]:
    """Return a line for everything that is missing or wrong, or that says what agrees how well."""
    wrong = [f"{c.name} failed: {c.reason}" for c in comparison.cells if c.state == "failed"]
    wrong += [found.text for found in comparison.disagreements]
    missing = [c for c in comparison.cells if c.state == "missing"]
    lines = [Text(f"{c.name}: {c.reason}", style="dim") for c in missing]
    lines += [Text(f"✗ {text}", style="bold red") for text in wrong]
    finished = [cell.name for cell in comparison.finished]
    if len(finished) < 2:
        lines.append(Text("Fewer than two cells finished: nothing to compare.", style="yellow"))
    elif not comparison.disagreements:
        crossed = f"{comparison.kinks} kink{'s' if comparison.kinks > 1 else ''}"
        kinks = f", but where a ReLU crossed {crossed}" if comparison.kinks else ""
        tests = ", and test errors" if comparison.finished[0].test_error is not None else ""
        text = (
            f"✓ {', '.join(finished)} agree: {comparison.steps} losses within "
            f"{comparison.largest_difference:.1e} ({comparison.bound:.1e} allowed{kinks}){tests}"
        )
        lines.append(Text(text, style="green"))
    return lines
