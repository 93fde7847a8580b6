"""The same work for hw3, NumPy and PyTorch, and the table that compares their times.

A workload is an expression, as a user writes it. It runs on one thread, by processor time, in a
process for each library, after the results have agreed. Two threads over one are measured by wall
time, which means something on a quiet machine only.

hw3 keeps memory that it has touched. The others would give each result back to the system and meet
the page faults of the next one, which would be all that is measured: they are told to keep it, too.
"""

from __future__ import annotations

import argparse
import time
import timeit
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import timing

timing.use_one_thread()  # before NumPy is imported

import numpy as np  # noqa: E402

Shape = tuple[int, ...]

SECONDS = 0.02  # at least, of one measurement
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "THP_MEM_ALLOC_ENABLE": "1",  # huge pages, of which PyTorch asks the system
}
ENVIRONMENTS = {"PyTorch": KEEP_MEMORY, "NumPy": KEEP_MEMORY}


class Workload(NamedTuple):
    """An expression of the library `xp` and the random float32 arrays `a` and `b`."""

    name: str
    a: Shape
    expression: str
    must: float | None = None  # the goal: time over PyTorch's
    b: Shape = ()
    others: Mapping[str, str] = {}  # the expressions of libraries that have another one

    def arrays(self) -> list[np.ndarray[Any, Any]]:
        """Return a and b."""
        rng = np.random.default_rng(0)
        return [rng.standard_normal(shape, dtype=np.float32) for shape in (self.a, self.b)]


def names_in_numpy(workload: Workload, threads: int = 1) -> dict[str, Any]:  # noqa: ARG001
    """Return what `xp`, `a` and `b` are in NumPy; `threads` is for libraries that can be told."""
    return dict(zip("ab", workload.arrays(), strict=True), xp=np)


def names_in_torch(workload: Workload, threads: int = 1) -> dict[str, Any]:
    """Return the same for PyTorch."""
    import torch

    torch.set_num_threads(threads)
    a, b = (torch.tensor(array) for array in workload.arrays())
    return {"xp": torch, "a": a, "b": b}


def names_in_hw3(workload: Workload, threads: int = 1) -> dict[str, Any]:
    """Return the same for hw3's C++ device."""
    import needle_hw3

    needle_hw3.set_num_threads(threads)
    a, b = (needle_hw3.cpu().array(array) for array in workload.arrays())
    return {"xp": needle_hw3, "a": a, "b": b}


LIBRARIES: dict[str, Callable[..., dict[str, Any]]] = {
    "PyTorch": names_in_torch,
    "NumPy": names_in_numpy,
    "hw3": names_in_hw3,
}


def expression(library: str, workload: Workload) -> str:
    """Return what `library` evaluates."""
    return workload.others.get(library, workload.expression)


def prepare(library: str, workload: Workload, count: int, threads: int = 1) -> Callable[[], object]:
    """Return a function that evaluates the expression `count` times."""
    names = LIBRARIES[library](workload, threads)
    return partial(timeit.Timer(expression(library, workload), globals=names).timeit, count)


def check(workload: Workload) -> int:
    """Raise ArithmeticError unless all agree; return how often to evaluate in a measurement."""
    results = {}
    for library, names_in in LIBRARIES.items():
        names = names_in(workload)
        results[library] = np.asarray(eval(expression(library, workload), names))
    expected = results["PyTorch"]
    bound = 1e-4 * np.abs(expected).max()
    for library, result in results.items():
        if result.shape != expected.shape or not np.abs(result - expected).max() <= bound:
            raise ArithmeticError(f"{library} and PyTorch do not agree on {workload.name}")
    return timed_count(prepare("PyTorch", workload, 1))


def timed_count(function: Callable[[], object]) -> int:
    """Return how often `function` runs in SECONDS."""
    function()
    start = time.perf_counter()
    function()
    return 1 + int(SECONDS / max(time.perf_counter() - start, 1e-6))


def one_thread(workload: Workload, count: int, rounds: int) -> dict[str, float]:
    """Return the seconds of processor time of each library."""
    setups = {name: partial(prepare, name, workload, count) for name in LIBRARIES}
    times = timing.interleave(setups, rounds=rounds, environments=ENVIRONMENTS)
    return {name: timed.median / count for name, timed in times.items()}


def scaling(workload: Workload, count: int, rounds: int) -> dict[str, float]:
    """Return the wall time with two threads over that with one."""
    names = [name for name in LIBRARIES if name != "NumPy"]
    setups = {
        f"{name} {threads}": partial(prepare, name, workload, count, threads)
        for name in names
        for threads in (1, 2)
    }
    environments = {name: ENVIRONMENTS.get(name.split()[0], {}) for name in setups}
    times = timing.interleave(setups, rounds, environments=environments, clock=time.perf_counter)
    return {name: times[f"{name} 2"].median / times[f"{name} 1"].median for name in names}


def readable(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    for unit, scale in (("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.2f} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def row(workload: Workload, rounds: int, threads: bool) -> list[str]:
    """Return the cells of one workload."""
    count = check(workload)
    seconds = one_thread(workload, count, rounds)
    ratios = [seconds[name] / seconds["PyTorch"] for name in ("NumPy", "hw3")]
    must = workload.must
    missed = must is not None and round(ratios[1], 2) > must
    cells = [workload.name, readable(seconds["PyTorch"]), *(f"{ratio:.2f}" for ratio in ratios)]
    cells.append("" if must is None else f"{must:.2f}{' missed' if missed else ''}")
    if threads:
        cells += [f"{ratio:.2f}" for ratio in scaling(workload, count, rounds).values()]
    return cells


def main(workloads: Sequence[Workload], title: str, argv: Sequence[str] | None = None) -> int:
    """Print the table of the workloads that are named on the command line, by default all."""
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table

    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts of names of workloads")
    parser.add_argument("--rounds", type=int, default=9, help="how often each library runs")
    parser.add_argument("--threads", type=int, default=2, choices=(1, 2), help="1: no wall times")
    options = parser.parse_args(argv)
    table = Table(title=title, title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in ("PyTorch", "NumPy / PyTorch", "hw3 / PyTorch", "must"):
        table.add_column(heading, justify="right")
    if options.threads == 2:
        table.add_column("PyTorch, two threads / one", justify="right")
        table.add_column("hw3", justify="right")
    names = options.names or [""]
    chosen = [workload for workload in workloads if any(name in workload.name for name in names)]
    for workload in track(chosen, title, transient=True):
        table.add_row(*row(workload, options.rounds, options.threads == 2))
    Console().print(table)
    return 0
