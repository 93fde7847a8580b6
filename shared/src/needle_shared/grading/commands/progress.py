"""What `needle-grade run` tells of a class while it grades, and at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from needle_shared.grading.batch import Graded
from needle_shared.grading.results.classroom import ClassCount
from needle_shared.grading.results.shown import points_text

_NO_MARK = {"invalid": "cannot be graded", "infra_error": "grading failed"}


@contextmanager
def progress(total: int) -> Iterator[Callable[[Graded], None]]:
    """Show a bar, or without a terminal a line for each; nothing if there is one submission."""
    console = Console(stderr=True)
    if total > 1 and not console.is_terminal:
        yield lambda graded: click.echo(_line(graded), err=True)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=total <= 1) as bar:
        task = bar.add_task("grading", total=total)
        yield lambda graded: bar.update(task, advance=1, description=graded.result.student[:30])


def _line(graded: Graded) -> str:
    result = graded.result
    mark = f"{points_text(result.earned)} of {points_text(result.points)}"
    mark = _NO_MARK.get(result.status, mark)
    return f"{result.student}: {mark}{', as before' if graded.kept else ''}"


def counted(done: Collection[Graded], numbers: ClassCount) -> str:
    """Return how many were graded in a run, and the mean of the class."""
    new = Counter(graded.result.status for graded in done if not graded.kept)
    missing = numbers.statuses["missing"]
    counts = {
        "graded": new["graded"],
        "as before": sum(graded.kept for graded in done),
        "missing": missing,
        "invalid": new["invalid"],
        "failed": new["infra_error"],
        "not in this run": numbers.statuses.total() - missing - len(done),
    }
    words = [f"{number} {word}" for word, number in counts.items() if number]
    if numbers.mean is not None:
        words.append(f"mean {points_text(numbers.mean, 1)} of {points_text(numbers.points)}")
    return ", ".join(words)
