"""`predict`: a network says what is in images."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from needle_hw1 import Device
from needle_hw4.apps.images import probabilities, read_image
from needle_hw4.apps.saved import load_resnet9

SHOWN = 3


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE",
                        help="a file that Pillow reads")  # fmt: skip
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="DIR",
                        help="where train resnet9 keeps its checkpoints")  # fmt: skip


def run(arguments: argparse.Namespace, words: Sequence[str], device: Device) -> int:  # noqa: ARG001
    """Show the most probable classes of each image; return the exit code."""
    model, classes = load_resnet9(arguments.checkpoint, device)
    images = [read_image(path) for path in arguments.images]
    screen = Console()
    for path, row in zip(arguments.images, probabilities(model, images), strict=True):
        best = (-row).argsort(kind="stable")[:SHOWN]
        found = ", ".join(f"{classes[label]} {row[label]:.1%}" for label in best)
        screen.print(f"{path}: {found}", markup=False, highlight=False, soft_wrap=True)
    return 0
