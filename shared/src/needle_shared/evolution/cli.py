"""The command line: `python -m needle_shared.evolution --help`."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from needle_shared.evolution.cells import resolve
from needle_shared.evolution.compare import compare
from needle_shared.evolution.options import CELLS_OF, DEFAULTS, NETWORK, read_options
from needle_shared.evolution.problem import Problem, read_problem
from needle_shared.evolution.progress import ConsoleProgress
from needle_shared.evolution.report import report
from needle_shared.evolution.results import Comparison, save
from needle_shared.evolution.workloads.compare import compare_steps
from needle_shared.evolution.workloads.problem import (
    ImageProblem,
    TextProblem,
    read_images,
    read_text,
)

AnyProblem = Problem | TextProblem | ImageProblem

FAILED, BAD_USAGE, INTERRUPTED = 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison; return 0 if all cells agree, 1 if not or if one failed."""
    options = read_options(argv)
    output, errors = Console(), Console(stderr=True)
    try:
        with ConsoleProgress(errors) as progress:
            progress.phase(f"Reading {options.data}")
            try:
                table = CELLS_OF[options.workload]
                cells = {name: resolve(name, table) for name in options.cells or table}
                problem = _read(options)
            except (ImportError, OSError, ValueError) as error:
                errors.print(str(error), style="red", highlight=False, markup=False)
                return BAD_USAGE
            comparison = _compare(problem, cells, options, progress)
    except KeyboardInterrupt:
        errors.print("Interrupted", style="red")
        return INTERRUPTED
    report(output, comparison, _title(problem, options), options.steps)
    complaints = _missing(comparison, options.cells) + _unsaved(comparison, options)
    if not complaints:
        output.print(f"Saved as {options.out}", style="dim", highlight=False)
    for complaint in complaints:
        errors.print(f"✗ {complaint}", style="bold red", highlight=False, markup=False)
    return FAILED if complaints or not comparison.good else 0


def _read(options: argparse.Namespace) -> AnyProblem:
    """Return the problem of the workload, with the settings that it has."""
    settings = vars(options)
    if options.workload == NETWORK:
        sizes = {name: settings[name] for name in ("hidden", "lr", "batch")}
        return read_problem(options.data, options.data_dir, **sizes)
    sizes = {name: settings[name] for name in DEFAULTS[options.workload][options.data]}
    read = read_text if options.workload == "text" else read_images
    return read(options.data, options.data_dir, **sizes)


def _compare(
    problem: AnyProblem,
    cells: Mapping[str, str],
    options: argparse.Namespace,
    progress: ConsoleProgress,
) -> Comparison:
    watched: dict[str, Any] = {"timeout": options.timeout, "progress": progress}
    if isinstance(problem, Problem):
        turns = {"epochs": options.epochs, "repeats": options.repeats}
        return compare(problem, cells, **turns, **watched)
    return compare_steps(problem, cells, **watched)


def _title(problem: AnyProblem, options: argparse.Namespace) -> str:
    if not isinstance(problem, Problem):
        return f"{problem.title}, {options.data}"
    inputs, hidden = problem.W1.shape
    return (
        f"{inputs}-{hidden}-{problem.W2.shape[1]} network, {options.data} "
        f"({len(problem.y):,} images), {options.epochs} epochs, "
        f"lr {problem.lr:g}, batch {problem.batch}"
    )


def _missing(comparison: Comparison, asked: Sequence[str] | None) -> list[str]:
    """Return what is wrong with the cells that somebody asked for by name."""
    missing = [cell for cell in comparison.cells if cell.state == "missing"]
    return [f"{cell.name}: {cell.reason}" for cell in missing if asked]


def _unsaved(comparison: Comparison, options: argparse.Namespace) -> list[str]:
    """Save the results; return why that was not possible."""
    paths = {"out", "data_dir"}  # where somebody keeps files is no part of the results
    settings = {name: value for name, value in vars(options).items() if name not in paths}
    try:
        save(comparison, options.out, settings)
    except OSError as error:
        return [f"{options.out} cannot be written: {error.strerror}"]
    return []
