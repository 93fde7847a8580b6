"""The options that trainings on the command line share, and what is made of them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from needle_hw2 import optim
from needle_hw2.nn import Module
from needle_hw2.training.task import Batches, Loader, Task
from needle_hw2.training.trainer import Trainer

LEARNING_RATES = {"adam": 0.001, "adamw": 0.001, "sgd": 0.1}
# What a training that is resumed must have as it was, besides what the trainer itself checks.
KEPT = ("data", "batch_size", "optimizer", "lr", "weight_decay", "momentum", "schedule")


class DefaultsHelp(argparse.ArgumentDefaultsHelpFormatter):
    """Names the default of each option that has one: None and False say nothing."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        has_default = action.default is not None and action.default is not False
        return super()._get_help_string(action) if has_default else action.help


def add_data(group: argparse._ArgumentGroup, names: Sequence[str], batch_size: int) -> None:
    """Add the options of data sets that are called `names`; the first is the default."""
    group.add_argument("--data", choices=names, default=names[0])
    group.add_argument("--data-dir", type=Path, metavar="DIR", help="where the data set lies")
    group.add_argument("--batch-size", type=int, default=batch_size, metavar="N")


def add_optimizer(
    group: argparse._ArgumentGroup,
    rates: Mapping[str, float] = LEARNING_RATES,
    *,
    epochs: int = 10,
    weight_decay: float = 0.0,
    clip_norm: float | None = None,
) -> None:
    """Add the options of optimiser and schedule.

    `rates` are the learning rates of optimisers that are not given one, the default of which is the
    first; see `choose_rate`.
    """
    default, *_ = rates
    group.set_defaults(rates=rates)
    group.add_argument("--epochs", type=int, default=epochs, metavar="N")
    group.add_argument("--optimizer", choices=[*rates], default=default)
    group.add_argument("--lr", type=float, metavar="RATE",
                       help=f"learning rate (by default {_listed(rates)})",
                       default=argparse.SUPPRESS)  # fmt: skip
    group.add_argument("--weight-decay", type=float, default=weight_decay, metavar="RATE")
    group.add_argument("--momentum", type=float, default=0.9, metavar="SHARE", help="of sgd")
    group.add_argument("--schedule", choices=["constant", "cosine"], default="cosine")
    group.add_argument("--clip-norm", type=float, metavar="NORM", help="bound of the gradients",
                       default=clip_norm)  # fmt: skip
    group.add_argument("--seed", type=int, default=0, metavar="N")


def _listed(rates: Mapping[str, float]) -> str:
    usual, *_ = rates.values()
    others = [f"{rate:g} for {name}" for name, rate in rates.items() if rate != usual]
    return ", and ".join([f"{usual:g}", *others])


def add_results(group: argparse._ArgumentGroup) -> None:
    """Add the options of checkpoints."""
    group.add_argument("--checkpoint", type=Path, metavar="DIR",
                       help="keep checkpoints, logs and curves there")  # fmt: skip
    group.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    group.add_argument("--save-seconds", type=float, default=60, metavar="N",
                       help="time between checkpoints within an epoch")  # fmt: skip


def choose_rate(arguments: argparse.Namespace) -> None:
    """Set `lr`, where it was not given, to the rate of the optimiser that was."""
    if "rates" in arguments:
        vars(arguments).setdefault("lr", arguments.rates[arguments.optimizer])


def check(arguments: argparse.Namespace, **least: int) -> None:
    """Raise `ValueError` for what nothing else would refuse, or not as clearly.

    `least` has the least values of further options by name.
    """
    for name, bound in {"epochs": 1, **least, "seed": 0}.items():
        if getattr(arguments, name) < bound:
            raise ValueError(f"{name} is {getattr(arguments, name)}; it must be at least {bound}")
    if not arguments.save_seconds >= 0:
        raise ValueError(f"save-seconds is {arguments.save_seconds}; it must be at least 0")
    if arguments.resume and not arguments.checkpoint:
        raise ValueError("--resume needs --checkpoint DIR, which says what to resume")


def make_trainer(
    arguments: argparse.Namespace,
    model: Module,
    task: Task,
    training: Loader,
    test: Batches,
    **more: Any,
) -> Trainer:
    """Return a trainer with the optimiser, schedule and seed of `arguments`.

    `more` are further arguments of `Trainer`.
    """
    optimizer = _make_optimizer(arguments, model)
    is_constant = arguments.schedule == "constant"
    return Trainer(
        model,
        task,
        optimizer,
        training,
        test,
        None if is_constant else optim.CosineLR(optimizer, arguments.epochs * len(training)),
        arguments.seed,
        arguments.clip_norm,
        **more,
    )


def _make_optimizer(arguments: argparse.Namespace, model: Module) -> optim.Optimizer:
    options: dict[str, Any] = {"lr": arguments.lr, "weight_decay": arguments.weight_decay}
    if arguments.optimizer == "sgd":
        return optim.SGD(model.parameters(), momentum=arguments.momentum, **options)
    kind = {"adam": optim.Adam, "adamw": optim.AdamW}[arguments.optimizer]
    return kind(model.parameters(), **options)
