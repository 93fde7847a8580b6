"""`train resnet9`: a residual network learns to tell images apart."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from needle_hw0.cli import locate
from needle_hw1 import Device
from needle_hw2.training import options, train
from needle_hw2.training.command import Command
from needle_hw4 import data
from needle_hw4.apps import images
from needle_hw4.models import ResNet9

KEPT = (*options.KEPT, "trained", "augment")
RATES = {"adam": 0.003, "adamw": 0.003, "sgd": 0.1}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    group = parser.add_argument_group("data")
    options.add_data(group, [*images.CLASSES], batch_size=128)
    group.add_argument("--workers", type=int, default=0, metavar="N", help="loading threads")
    group.add_argument("--augment", action=argparse.BooleanOptionalAction, default=True,
                       help="move images at random, and mirror those of cifar10")  # fmt: skip
    options.add_optimizer(
        parser.add_argument_group("optimiser"), RATES, epochs=20, weight_decay=0.0001
    )
    options.add_results(parser.add_argument_group("results"))


def run(arguments: argparse.Namespace, words: Sequence[str], device: Device) -> int:
    """Train as `arguments`, made of `words`, say; return the exit code."""
    options.check(arguments)
    folder = locate(arguments.data, arguments.data_dir, package="needle-hw4")
    training, test = images.load(arguments.data, folder, augment=arguments.augment)
    size, workers = arguments.batch_size, arguments.workers
    loader = data.DataLoader(training, size, shuffle=True, num_workers=workers, device=device)
    test_loader = data.DataLoader(test, size, num_workers=workers, device=device)
    np.random.seed(arguments.seed)  # noqa: NPY002 -- the weights draw from it
    settings = {name: getattr(arguments, name) for name in KEPT}
    trainer = options.make_trainer(
        arguments, ResNet9(device), images.classify, loader, test_loader, settings=settings
    )
    command = Command.begin(
        "needle_hw4", words, arguments, trainer, criterion="test_error", unit="images"
    )
    command.introduce(
        f"ResNet9 on {device}",
        f"{len(training):,} training and {len(test):,} test images, in batches of {size}",
    )
    return command.run(train)
