"""Command line: `python -m needle_hw0 train --model mlp --engine cpp --data mnist`."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from needle_hw0.mnist import parse_mnist
from needle_hw0.training import train_nn, train_softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 2 for a mistake, 130 for Ctrl-C."""
    arguments = _parser().parse_args(argv)
    return run("needle_hw0", lambda: _train(arguments))


def run(program: str, command: Callable[[], int | None]) -> int:
    """Return the exit code of `command`: its own, 2 for a mistake, 130 for Ctrl-C.

    Mistakes, errors that a user can do something about, are told in a line that `program` begins.
    """
    screen = Console(stderr=True)
    try:
        return command() or 0
    except KeyboardInterrupt:
        screen.print("interrupted")
        return INTERRUPTED
    except (ImportError, MemoryError, OSError, ValueError) as error:
        screen.print(f"{program}: {error}", markup=False, highlight=False, soft_wrap=True)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m needle_hw0", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    train = commands.add_parser(
        "train",
        help="train a model and show its loss and error after each epoch",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    train.add_argument("--model", choices=["softmax", "mlp"], default="softmax")
    train.add_argument("--engine", choices=["numpy", "cpp"], default="numpy")
    train.add_argument("--data", choices=["mnist", "digits", "synthetic"], default="digits")
    train.add_argument("--data-dir", type=Path, metavar="DIR", help="where the data set lies")
    train.add_argument("--epochs", type=int, default=10, metavar="N")
    train.add_argument("--lr", type=float, default=0.2, metavar="RATE")
    train.add_argument("--batch", type=int, default=100, metavar="N")
    train.add_argument("--hidden", type=int, default=400, metavar="N", help="width of mlp")
    return parser


def _train(arguments: argparse.Namespace) -> None:
    folder = locate(arguments.data, arguments.data_dir, package="needle-hw0")
    training, test = (
        parse_mnist(
            folder / f"{part}-images-idx3-ubyte.gz", folder / f"{part}-labels-idx1-ubyte.gz"
        )
        for part in ("train", "t10k")
    )
    settings = {
        "epochs": arguments.epochs,
        "lr": arguments.lr,
        "batch": arguments.batch,
        "cpp": arguments.engine == "cpp",
    }
    if arguments.model == "softmax":
        train_softmax(*training, *test, **settings)
    else:
        train_nn(*training, *test, hidden_dim=arguments.hidden, **settings)


def locate(name: str, folder: Path | None, *, package: str) -> Path:
    """Return the directory with the files of data set `name`, in `folder` if one is given.

    Raises `ImportError` that says how to install what finds it, an extra of `package`.
    """
    try:
        data = import_module("needle_shared.data")
    except ImportError as error:
        raise ImportError(
            f"data sets are found by needle-shared: pip install {package}[train] ({error})"
        ) from error
    return Path(data.locate(name, folder, download=folder is None))
