"""Command line: `python -m needle_hw2 train --data mnist --checkpoint results`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np

from needle_hw0.cli import locate, run
from needle_hw1 import Tensor
from needle_hw2 import data, nn
from needle_hw2.apps.mlp_resnet import MLPResNet, answer, count_errors, mnist
from needle_hw2.training import Outcome, Trainer, options, train
from needle_hw2.training.command import Command

NORMS = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm1d}
KEPT = (*options.KEPT, "hidden", "blocks", "norm", "dropout")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    It is 1 if training diverged, 2 for a mistake, 130 for Ctrl-C and 143 for SIGTERM.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = _parser().parse_args(words)
    options.choose_rate(arguments)
    return run("needle_hw2", lambda: _train(arguments, words))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m needle_hw2", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser(
        "train",
        help="train an MLP ResNet on images, with checkpoints to go on from",
        formatter_class=options.DefaultsHelp,
    )
    group = command.add_argument_group("data")
    options.add_data(group, ["digits", "mnist", "synthetic"], batch_size=100)
    group.add_argument("--workers", type=int, default=0, metavar="N", help="loading threads")
    _add_model(command.add_argument_group("model"))
    options.add_optimizer(command.add_argument_group("optimiser"))
    options.add_results(command.add_argument_group("results"))
    return parser


def _add_model(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--hidden", type=int, default=100, metavar="N", help="width of a block")
    group.add_argument("--blocks", type=int, default=3, metavar="N")
    group.add_argument("--norm", choices=[*NORMS], default="batch")
    group.add_argument("--dropout", type=float, default=0.1, metavar="P")


def _train(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    """Train as `arguments`, made of `words`, say; return the exit code."""
    options.check(arguments, hidden=2, blocks=0)
    training, test = mnist(locate(arguments.data, arguments.data_dir, package="needle-hw2"))
    trainer = _make_trainer(arguments, training, test)
    command = Command.begin(
        "needle_hw2", words, arguments, trainer, criterion="test_error", unit="images"
    )
    command.introduce(
        f"MLP ResNet: hidden {arguments.hidden}, blocks {arguments.blocks}, "
        f"{arguments.norm} norm, dropout {arguments.dropout:g}",
        f"{len(training):,} training and {len(test):,} test images, "
        f"in batches of {arguments.batch_size}",
    )
    return command.run(train)


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
    settings = {name: getattr(arguments, name) for name in KEPT}
    return options.make_trainer(arguments, model, classify, loader, test_loader, settings=settings)


def classify(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Outcome:
    """Return the cross-entropy of `model` for images and labels, and how many answers are wrong."""
    logits, y = answer(model, batch)
    return Outcome(nn.SoftmaxLoss()(logits, y), len(y), {"error": count_errors(logits, y)})
