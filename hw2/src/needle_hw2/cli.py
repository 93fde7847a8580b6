"""Command line: `python -m needle_hw2 train --data mnist --checkpoint results`."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from needle_hw0.cli import locate, run
from needle_hw1 import Tensor
from needle_hw2 import data, nn, optim
from needle_hw2.apps.mlp_resnet import MLPResNet, count_errors, mnist
from needle_hw2.training import DivergedError, Folder, Outcome, Screen, Trainer, make_screen, train
from needle_hw2.training.curves import can_draw

DIVERGED = 1
NORMS = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm1d}
LEARNING_RATES = {"adam": 0.001, "adamw": 0.001, "sgd": 0.1}
# What a training that is resumed must have as it was, besides what the trainer itself checks.
KEPT = (
    "data", "batch_size", "optimizer", "lr", "weight_decay", "momentum", "hidden", "blocks", "norm",
    "dropout", "schedule",
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    It is 1 if training diverged, 2 for a mistake, 130 for Ctrl-C and 143 for SIGTERM.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = _parser().parse_args(words)
    vars(arguments).setdefault("lr", LEARNING_RATES[arguments.optimizer])
    return run("needle_hw2", lambda: _train(arguments, words))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m needle_hw2", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser(
        "train",
        help="train an MLP ResNet on images, with checkpoints to go on from",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    _add_data(command.add_argument_group("data"))
    _add_model(command.add_argument_group("model"))
    _add_optimizer(command.add_argument_group("optimiser"))
    _add_results(command.add_argument_group("results"))
    return parser


def _add_data(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--data", choices=["mnist", "digits", "synthetic"], default="digits")
    group.add_argument("--data-dir", type=Path, metavar="DIR", help="where the data set lies")
    group.add_argument("--batch-size", type=int, default=100, metavar="N")
    group.add_argument("--workers", type=int, default=0, metavar="N", help="loading threads")


def _add_model(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--hidden", type=int, default=100, metavar="N", help="width of a block")
    group.add_argument("--blocks", type=int, default=3, metavar="N")
    group.add_argument("--norm", choices=[*NORMS], default="batch")
    group.add_argument("--dropout", type=float, default=0.1, metavar="P")


def _add_optimizer(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--epochs", type=int, default=10, metavar="N")
    group.add_argument("--optimizer", choices=[*LEARNING_RATES], default="adam")
    group.add_argument("--lr", type=float, metavar="RATE",
                       help="learning rate (by default 0.001, and 0.1 for sgd)",
                       default=argparse.SUPPRESS)  # fmt: skip
    group.add_argument("--weight-decay", type=float, default=0.0, metavar="RATE")
    group.add_argument("--momentum", type=float, default=0.9, metavar="SHARE", help="of sgd")
    group.add_argument("--schedule", choices=["constant", "cosine"], default="cosine")
    group.add_argument("--clip-norm", type=float, metavar="NORM", help="bound of the gradients",
                       default=None)  # fmt: skip
    group.add_argument("--seed", type=int, default=0, metavar="N")


def _add_results(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--checkpoint", type=Path, metavar="DIR",
                       help="keep checkpoints, logs and curves there")  # fmt: skip
    group.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    group.add_argument("--save-seconds", type=float, default=60, metavar="N",
                       help="time between checkpoints within an epoch")  # fmt: skip


def _train(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    """Train as `arguments`, made of `words`, say; return the exit code."""
    _check(arguments)
    training, test = mnist(locate(arguments.data, arguments.data_dir, package="needle-hw2"))
    trainer = _make_trainer(arguments, training, test)
    folder = arguments.checkpoint and Folder(arguments.checkpoint, criterion="test_error")
    if arguments.resume:
        folder.resume(trainer)
    elif folder:
        folder.begin()
    screen = make_screen(Console(), arguments.epochs, unit="images")
    images = f"{len(training):,} training and {len(test):,} test images"
    _say_what_is_trained(screen, arguments, trainer, images)
    done = trainer.progress.epoch - 1
    if done >= arguments.epochs:
        screen.say(
            f"{done} epochs are done: there is nothing to do for --epochs {arguments.epochs}"
        )
        return 0
    try:
        stopped = train(trainer, arguments.epochs, screen, folder, arguments.save_seconds)
    except DivergedError as error:
        screen.say(f"stopped: {error}")
        return DIVERGED
    if stopped:
        screen.say(_how_to_go_on(stopped.name, trainer, folder, words))
        return 128 + stopped
    if folder:
        screen.say(f"checkpoints and results are in {folder.path}")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Raise `ValueError` for what nothing else would refuse, or not as clearly."""
    for name, least in (("epochs", 1), ("hidden", 2), ("blocks", 0), ("seed", 0)):
        if getattr(arguments, name) < least:
            raise ValueError(f"{name} is {getattr(arguments, name)}; it must be at least {least}")
    if not arguments.save_seconds >= 0:
        raise ValueError(f"save-seconds is {arguments.save_seconds}; it must be at least 0")
    if arguments.resume and not arguments.checkpoint:
        raise ValueError("--resume needs --checkpoint DIR, which says what to resume")


def _make_trainer(
    arguments: argparse.Namespace, training: data.MNISTDataset, test: data.MNISTDataset
) -> Trainer:
    size, workers = arguments.batch_size, arguments.workers
    loader = data.DataLoader(training, size, shuffle=True, num_workers=workers)
    test_loader = data.DataLoader(test, size, num_workers=workers)
    np.random.seed(arguments.seed)  # noqa: NPY002 -- the weights and dropout draw from it
    model = MLPResNet(
        training.images.shape[1],
        arguments.hidden,
        arguments.blocks,
        num_classes=1 + int(max(training.labels.max(), test.labels.max())),
        norm=NORMS[arguments.norm],
        drop_prob=arguments.dropout,
    )
    optimizer = _make_optimizer(arguments, model)
    is_constant = arguments.schedule == "constant"
    return Trainer(
        model,
        classify,
        optimizer,
        loader,
        test_loader,
        None if is_constant else optim.CosineLR(optimizer, arguments.epochs * len(loader)),
        arguments.seed,
        arguments.clip_norm,
        settings={name: getattr(arguments, name) for name in KEPT},
    )


def _make_optimizer(arguments: argparse.Namespace, model: nn.Module) -> optim.Optimizer:
    options: dict[str, Any] = {"lr": arguments.lr, "weight_decay": arguments.weight_decay}
    if arguments.optimizer == "sgd":
        return optim.SGD(model.parameters(), momentum=arguments.momentum, **options)
    kind = {"adam": optim.Adam, "adamw": optim.AdamW}[arguments.optimizer]
    return kind(model.parameters(), **options)


def classify(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Outcome:
    """Return the cross-entropy of `model` for images and labels, and how many answers are wrong."""
    X, y = batch
    logits = model(X.reshape((len(y), -1)))
    return Outcome(nn.SoftmaxLoss()(logits, y), len(y), {"error": count_errors(logits, y)})


def _say_what_is_trained(
    screen: Screen, arguments: argparse.Namespace, trainer: Trainer, images: str
) -> None:
    """Say which model, data and optimiser these are, and where they begin."""
    size = sum(parameter.size for parameter in trainer.model.parameters())
    screen.say(
        f"MLP ResNet: hidden {arguments.hidden}, blocks {arguments.blocks}, {arguments.norm} norm, "
        f"dropout {arguments.dropout:g}; {size:,} parameters"
    )
    screen.say(f"{arguments.data}: {images}, in batches of {arguments.batch_size}")
    screen.say(
        f"{arguments.optimizer}: learning rate {arguments.lr:g}, {arguments.schedule} schedule, "
        f"weight decay {arguments.weight_decay:g}; seed {arguments.seed}"
    )
    if arguments.resume:
        screen.say(f"resumed {_position(trainer)}")
    if arguments.checkpoint and not can_draw():
        screen.say("no curves.png: it needs matplotlib, pip install needle-hw2[plot]")


def _how_to_go_on(
    signal: str, trainer: Trainer, folder: Folder | None, words: Sequence[str]
) -> str:
    where = f"stopped by {signal} {_position(trainer)}"
    if folder is None:
        return f"{where}; nothing is kept without --checkpoint DIR"
    command = shlex.join([*words, *([] if "--resume" in words else ["--resume"])])
    return f"{where}; go on with\npython -m needle_hw2 {command}"


def _position(trainer: Trainer) -> str:
    progress = trainer.progress
    return f"in epoch {progress.epoch}, after {progress.batch} of {len(trainer.training)} batches"
