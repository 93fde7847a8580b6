"""The command line: `python -m needle_shared.evolution --help`."""

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from needle_shared.evolution.cells import CELLS, resolve
from needle_shared.evolution.compare import compare
from needle_shared.evolution.problem import Problem, read_problem
from needle_shared.evolution.progress import ConsoleProgress
from needle_shared.evolution.report import report
from needle_shared.evolution.results import Comparison, save

# On MNIST the course's network; epochs until the test error hardly falls, and repeats for a
# steady median.
_HIDDEN = {"digits": 100, "mnist": 400, "synthetic": 100}
_EPOCHS = {"digits": 30, "mnist": 20, "synthetic": 5}
_REPEATS = {"digits": 15, "mnist": 5, "synthetic": 5}

FAILED, BAD_USAGE, INTERRUPTED = 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison; return 0 if all cells agree, 1 if not or if one failed."""
    options = _options(argv)
    output, errors = Console(), Console(stderr=True)
    try:
        with ConsoleProgress(errors) as progress:
            progress.phase(f"Reading {options.data}")
            try:
                cells = {name: resolve(name) for name in options.cells or CELLS}
                problem = _read(options)
            except (ImportError, OSError, ValueError) as error:
                errors.print(str(error), style="red", highlight=False, markup=False)
                return BAD_USAGE
            comparison = _compare(problem, cells, options, progress)
    except KeyboardInterrupt:
        errors.print("Interrupted", style="red")
        return INTERRUPTED
    report(output, comparison, _title(problem, options))
    complaints = _missing(comparison, options.cells) + _unsaved(comparison, options)
    if not complaints:
        output.print(f"Saved as {options.out}", style="dim", highlight=False)
    for complaint in complaints:
        errors.print(f"✗ {complaint}", style="bold red", highlight=False, markup=False)
    return FAILED if complaints or not comparison.good else 0


def _read(options: argparse.Namespace) -> Problem:
    sizes = {"hidden": options.hidden, "lr": options.lr, "batch": options.batch}
    return read_problem(options.data, options.data_dir, **sizes)


def _compare(
    problem: Problem,
    cells: Mapping[str, str],
    options: argparse.Namespace,
    progress: ConsoleProgress,
) -> Comparison:
    return compare(
        problem,
        cells,
        epochs=options.epochs,
        repeats=options.repeats,
        timeout=options.timeout,
        progress=progress,
    )


def _title(problem: Problem, options: argparse.Namespace) -> str:
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


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    options = _parser().parse_args(argv)
    options.hidden = options.hidden or _HIDDEN[options.data]
    options.epochs = options.epochs or _EPOCHS[options.data]
    options.repeats = options.repeats or _REPEATS[options.data]
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m needle_shared.evolution",
        description="Train the same network on every stage, side by side.",
    )
    count = _number(int, "a whole number of at least 1", lambda value: value >= 1)
    positive = _number(float, "a number above 0", lambda value: 0 < value < math.inf)
    add = parser.add_argument
    add("--data", choices=sorted(_EPOCHS), default="digits", help="data set (%(default)s)")
    add("--data-dir", type=Path, metavar="DIR", help="folder that holds the data set")
    add("--epochs", type=count, metavar="N", help=f"epochs of the training ({_each(_EPOCHS)})")
    add("--repeats", type=count, metavar="N", help=f"timed epochs per cell ({_each(_REPEATS)})")
    add("--hidden", type=count, metavar="N", help=f"hidden units ({_each(_HIDDEN)})")
    add("--lr", type=positive, metavar="LR", default=0.2, help="learning rate (%(default)s)")
    add("--batch", type=count, metavar="N", default=100, help="images per step (%(default)s)")
    known = ", ".join(CELLS)
    add("--cells", type=_names, metavar="NAME,...", help=f"some of {known}, or module:Class")
    add("--timeout", type=positive, metavar="S", default=300.0, help="seconds for one answer")
    default = Path("results", "compare.json")
    add("--out", type=Path, metavar="FILE", default=default, help="results (%(default)s)")
    return parser


def _each(defaults: Mapping[str, int]) -> str:
    return ", ".join(f"{data} {value}" for data, value in defaults.items())


def _number(
    convert: Callable[[str], float], rule: str, holds: Callable[[float], bool]
) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = convert(text)
        except ValueError:
            value = math.nan
        if not holds(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not {rule}")
        return value

    return parse


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
