"""Timing of alternatives against each other: interleaved, in one process, on one thread."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def use_one_thread() -> None:
    """Limit NumPy and PyTorch to one thread; call this before they are imported."""
    for name in THREAD_VARIABLES:
        os.environ[name] = "1"


class Timing(NamedTuple):
    """Seconds of processor time of one call."""

    median: float
    minimum: float
    spread: float  # between the quartiles


def interleave(
    candidates: Mapping[str, Callable[[], object]], rounds: int = 9, warmup: int = 1
) -> dict[str, Timing]:
    """Call each candidate once a round, in turn; return the times of each.

    In turn, so that a machine that slows down for a while slows all of them down. Processor time,
    because another process may take the core away.
    """
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(warmup + rounds):
        for name, function in candidates.items():
            start = time.process_time()
            function()
            elapsed = time.process_time() - start
            if number >= warmup:
                seconds[name].append(elapsed)
    return {name: _summary(values) for name, values in seconds.items()}


def _summary(values: list[float]) -> Timing:
    quartiles = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    return Timing(statistics.median(values), min(values), quartiles[2] - quartiles[0])


def show(title: str, rows: Mapping[str, Timing], baseline: str, note: str = "") -> None:
    """Print a table of `rows`, with the ratio of each median to that of `baseline`."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", caption=note or None, caption_justify="left")
    table.add_column("")
    for heading in ("median", "fastest", "quartiles apart", f"ratio to {baseline}"):
        table.add_column(heading, justify="right")
    for name, timing in rows.items():
        ratio = timing.median / rows[baseline].median
        table.add_row(name, *(f"{1e3 * t:.2f} ms" for t in timing), f"{ratio:.2f}")
    Console().print(table)
