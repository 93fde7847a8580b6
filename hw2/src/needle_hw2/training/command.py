"""A training as a command: what it says at its beginning and its end, and its exit code."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from signal import Signals
from typing import TypeAlias

from rich.console import Console

from needle_hw2.training.curves import can_draw
from needle_hw2.training.folder import Folder
from needle_hw2.training.screen import Screen, make_screen
from needle_hw2.training.trainer import DivergedError, Trainer

DIVERGED = 1

# `needle_hw2.training.train`, or what stands for it.
Loop: TypeAlias = "Callable[[Trainer, int, Screen, Folder | None, float], Signals | None]"


@dataclass
class Command:
    """A training that was asked for by `words` on the command line of the package `program`.

    `arguments` are made of the words, with the options of `needle_hw2.training.options`.
    """

    program: str
    words: Sequence[str]
    arguments: argparse.Namespace
    trainer: Trainer
    folder: Folder | None
    screen: Screen

    @classmethod
    def begin(
        cls,
        program: str,
        words: Sequence[str],
        arguments: argparse.Namespace,
        trainer: Trainer,
        *,
        criterion: str,
        unit: str,
    ) -> Command:
        """Return a training that is ready to run, with its folder made or, to resume, read.

        `criterion` is what is least in the best epoch, `unit` what examples are called. Errors are
        those of `Folder.begin` and `Folder.resume`.
        """
        folder = arguments.checkpoint and Folder(arguments.checkpoint, criterion)
        if arguments.resume:
            folder.resume(trainer)
        elif folder:
            folder.begin()
        screen = make_screen(Console(), arguments.epochs, unit)
        return cls(program, words, arguments, trainer, folder, screen)

    def introduce(self, model: str, data: str) -> None:
        """Say which model, data and optimiser these are, and where they begin."""
        arguments, say = self.arguments, self.screen.say
        size = sum(parameter.size for parameter in self.trainer.model.parameters())
        say(f"{model}; {size:,} parameters")
        say(f"{arguments.data}: {data}")
        say(
            f"{arguments.optimizer}: learning rate {arguments.lr:g}, {arguments.schedule} "
            f"schedule, weight decay {arguments.weight_decay:g}; seed {arguments.seed}"
        )
        if arguments.resume:
            say(f"resumed {self._position()}")
        if arguments.checkpoint and not can_draw():
            package = self.program.replace("_", "-")
            say(f"no curves.png: it needs matplotlib, pip install {package}[plot]")

    def run(self, loop: Loop) -> int:
        """Train by `loop`, say how it ended, and return the exit code.

        That is 0, 1 if training diverged, or 128 and the number of a signal.
        """
        epochs, screen, folder = self.arguments.epochs, self.screen, self.folder
        done = self.trainer.progress.epoch - 1
        if done >= epochs:
            screen.say(f"{done} epochs are done: there is nothing to do for --epochs {epochs}")
            return 0
        try:
            stopped = loop(self.trainer, epochs, screen, folder, self.arguments.save_seconds)
        except DivergedError as error:
            screen.say(f"stopped: {error}")
            return DIVERGED
        if stopped:
            screen.say(self._how_to_go_on(stopped.name))
            return 128 + stopped
        if folder:
            screen.say(f"checkpoints and results are in {folder.path}")
        return 0

    def _how_to_go_on(self, signal: str) -> str:
        where = f"stopped by {signal} {self._position()}"
        if self.folder is None:
            return f"{where}; nothing is kept without --checkpoint DIR"
        words = [*self.words, *([] if "--resume" in self.words else ["--resume"])]
        return f"{where}; go on with\npython -m {self.program} {shlex.join(words)}"

    def _position(self) -> str:
        progress, batches = self.trainer.progress, len(self.trainer.training)
        return f"in epoch {progress.epoch}, after {progress.batch} of {batches} batches"
