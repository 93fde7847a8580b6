"""Command line: `python -m needle_hw4 train resnet9`, `train lm`, `generate`, `predict`.

Data that need no download are the default, so each command runs as it stands.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

import needle_hw3
from needle_hw0.cli import run
from needle_hw1 import Device
from needle_hw2.training import options
from needle_hw4.commands import generate, lm, predict, resnet9

DEVICES: dict[str, Callable[[], needle_hw3.device.BackendDevice]] = {
    "cpu": needle_hw3.cpu,
    "cpu_numpy": needle_hw3.cpu_numpy,
    "cuda": needle_hw3.cuda,
}
TRAINED: dict[str, tuple[ModuleType, str]] = {
    "resnet9": (resnet9, "a residual network on images"),
    "lm": (lm, "a language model on text"),
}
USED: dict[str, tuple[ModuleType, str]] = {
    "generate": (generate, "let a language model make up a text"),
    "predict": (predict, "say what is in images"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    It is 1 if training diverged, 2 for a mistake, 130 for Ctrl-C and 143 for SIGTERM.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = _parser().parse_args(words)
    options.choose_rate(arguments)
    return run("needle_hw4", lambda: _run(arguments, words))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m needle_hw4", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    train = commands.add_parser("train", help="train a model, with checkpoints to go on from")
    models = train.add_subparsers(required=True, metavar="model", dest="trained")
    for name, (command, about) in TRAINED.items():
        _add(models, name, command, about)
    for name, (command, about) in USED.items():
        _add(commands, name, command, about)
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    command: ModuleType,
    about: str,
) -> None:
    parser = commands.add_parser(name, help=about, formatter_class=options.DefaultsHelp)
    parser.set_defaults(command=command)
    default = repr(needle_hw3.default_device()).removesuffix("()")
    parser.add_argument("--device", choices=[*DEVICES], default=default,
                        help="where to compute")  # fmt: skip
    parser.add_argument("--threads", type=int, metavar="N", default=None,
                        help="of the device cpu; by default, one for each core")  # fmt: skip
    command.add_options(parser)


def _run(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    device = _device(arguments.device)
    if arguments.threads is not None:
        needle_hw3.set_num_threads(arguments.threads)
    code: int = arguments.command.run(arguments, words, device)
    return code


def _device(name: str) -> Device:
    """Return a device; `ValueError` with the reason if it is not available."""
    device = DEVICES[name]()
    if not device.enabled():
        raise ValueError(f"--device {name} is not available: {device.why_disabled}")
    return device
