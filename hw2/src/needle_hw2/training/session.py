"""A training from its start, or from where it was left, to its end or to a signal."""

from __future__ import annotations

import time
from signal import Signals

from needle_hw2.training.folder import Folder
from needle_hw2.training.interruption import Interruption
from needle_hw2.training.screen import Screen
from needle_hw2.training.trainer import Step, Trainer


def train(
    trainer: Trainer,
    epochs: int,
    screen: Screen,
    folder: Folder | None = None,
    save_seconds: float | None = None,
) -> Signals | None:
    """Train until `epochs` epochs are done; return the signal that ended it earlier, or None.

    `screen` shows it. `folder`, if any, keeps a checkpoint after every epoch, whenever
    `save_seconds` have passed, and when SIGINT or SIGTERM comes: the batch that runs is ended
    before. A second signal raises `KeyboardInterrupt` at once. Errors are those of `Trainer.run`
    and `Trainer.save`.
    """
    with Interruption() as interruption, screen:
        _train(trainer, epochs, screen, folder, save_seconds, interruption)
        if folder is not None:
            folder.draw(trainer)
    return interruption.signal if trainer.progress.epoch <= epochs else None


def _train(
    trainer: Trainer,
    epochs: int,
    screen: Screen,
    folder: Folder | None,
    save_seconds: float | None,
    interruption: Interruption,
) -> None:
    for row in trainer.progress.history:  # of a training that is resumed
        screen.show(row)
    saved = time.monotonic()
    for event in trainer.run(epochs):
        screen.show(event)
        is_due = save_seconds is not None and time.monotonic() - saved >= save_seconds
        if folder is not None:
            if not isinstance(event, Step):
                folder.end_epoch(trainer)
            elif interruption.signal or is_due:
                trainer.save(folder.last)
                saved = time.monotonic()
        if interruption.signal:
            return
