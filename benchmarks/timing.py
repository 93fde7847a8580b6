"""Timing of alternatives: in turn, each in a process of its own, on one thread."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from multiprocessing.connection import Connection
from typing import NamedTuple
from unittest import mock

Setup = Callable[[], Callable[[], object]]


def use_one_thread() -> None:
    """Limit NumPy and PyTorch to one thread; call this before they are imported."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


class Timing(NamedTuple):
    """Seconds of one call."""

    median: float
    minimum: float
    spread: float  # between the quartiles


def interleave(
    setups: Mapping[str, Setup],
    rounds: int = 9,
    warmup: int = 1,
    environments: Mapping[str, Mapping[str, str]] | None = None,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, Timing]:
    """Return the times of the functions that `setups` make, each called once a round.

    Each setup runs in a process of its own, so that no candidate meets the memory, the caches of an
    allocator or the threads of another; setups are top-level functions (or `partial`s of them).
    They take turns, so a machine that slows down for a while slows all of them. Processor time is
    taken, because another program may need the core meanwhile; where threads are compared, `clock`
    is another one. `environments` has variables that are set before a process starts.
    """
    context = multiprocessing.get_context("spawn")
    seconds: dict[str, list[float]] = {name: [] for name in setups}
    with ExitStack() as cleanup:
        pipes = {}
        for name, setup in setups.items():
            pipes[name], far_end = context.Pipe()
            process = context.Process(target=_serve, args=(setup, far_end, clock), daemon=True)
            with mock.patch.dict(os.environ, (environments or {}).get(name, {})):
                process.start()
            far_end.close()  # so that a candidate that dies ends the wait for it
            cleanup.callback(process.kill)
        for number in range(warmup + rounds):
            for name, pipe in pipes.items():
                pipe.send("run")
                elapsed = pipe.recv()
                if number >= warmup:
                    seconds[name].append(elapsed)
    return {name: _summary(values) for name, values in seconds.items()}


def _serve(setup: Setup, pipe: Connection, clock: Callable[[], float]) -> None:
    function = setup()
    while pipe.recv():
        start = clock()
        function()
        pipe.send(clock() - start)


def _summary(values: list[float]) -> Timing:
    quartiles = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    return Timing(statistics.median(values), min(values), quartiles[2] - quartiles[0])


def show(title: str, rows: Mapping[str, Timing], baseline: str) -> None:
    """Print a table of `rows`, with the ratio of each median to that of `baseline`."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("")
    for heading in ("median", "fastest", "quartiles apart", f"ratio to {baseline}"):
        table.add_column(heading, justify="right")
    for name, timing in rows.items():
        ratio = timing.median / rows[baseline].median
        table.add_row(name, *(f"{1e3 * t:.2f} ms" for t in timing), f"{ratio:.2f}")
    Console().print(table)
