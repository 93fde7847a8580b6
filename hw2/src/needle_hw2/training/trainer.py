"""The training loop: it can be left after any batch, saved, and taken up again there."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from needle_hw1 import no_grad
from needle_hw2 import checkpoint
from needle_hw2.checkpoint import CheckpointError
from needle_hw2.nn import Module
from needle_hw2.optim import Optimizer, Scheduler
from needle_hw2.training.progress import Progress, Row, Tally
from needle_hw2.training.randomness import checked_random_state, get_random_state, set_random_state
from needle_hw2.training.task import Batches, Loader, Outcome, Task


class DivergedError(ArithmeticError):
    """Training has gone to where there is nothing to learn: a loss or a parameter is not finite."""


class Step(NamedTuple):
    """A batch is done, the one with number `batch` of `batches`; `tally` is that of the pass."""

    phase: Literal["train", "test"]
    batch: int
    batches: int
    tally: Tally


@dataclass
class Trainer:
    """A model and all that trains it.

    Parameters
    ----------
    model, optimizer, schedule
        The schedule, if any, makes a step after every batch.
    task
        Called with the model and a batch, it returns an `Outcome`.
    training, test
        What the model learns from, and what it is measured on after each epoch. The order of
        `training` in an epoch follows from `seed` and the number of the epoch.
    clip_norm
        If given, the norm above which gradients are scaled down.
    derive
        If given, returns further means of a pass, such as a perplexity, from a dict of its means.
    settings
        What else must be the same for training to go on from a checkpoint, by name.

    `run` trains. After any of the events that it yields, `save` works. A new trainer that is made
    in the same way, `load`s that and runs ends with the same bits as one that was never left:
    NumPy's global random state is saved, too. `progress` says where training is.
    """

    model: Module
    task: Task
    optimizer: Optimizer
    training: Loader
    test: Batches
    schedule: Scheduler | None = None
    seed: int = 0
    clip_norm: float | None = None
    derive: Callable[[Row], Row] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)

    def run(self, epochs: int) -> Generator[Step | Row, None, None]:
        """Train until `epochs` epochs are done; yield after every batch and every epoch.

        A `Step` follows each batch. A row of results follows each epoch: its number, "train_" and
        "test_" means of the loss and of the task's metrics, the seconds of training alone, and
        the learning rate at its end. The training means are over the epoch, in which the model
        changed.

        Raises `DivergedError` for a loss that is not finite, before the model learns from it;
        `ValueError` if there is no batch for training or none for the test.
        """
        for name, loader in (("training", self.training), ("test", self.test)):
            if not len(loader):
                raise ValueError(f"the {name} loader gives no batch")
        while self.progress.epoch <= epochs:
            yield from self._train()
            means = yield from self._test()
            yield self._finish(means)

    def _train(self) -> Generator[Step, None, None]:
        progress, total = self.progress, len(self.training)
        self.training.rng = np.random.default_rng([self.seed, progress.epoch])
        self.model.train()
        start = time.perf_counter()
        for batch in self.training.batches(progress.batch):
            outcome = self.task(self.model, batch)
            loss = self._checked_loss(outcome, "training")
            self._learn(outcome)
            progress.batch += 1
            progress.tally.add(outcome, loss)
            progress.tally.seconds += time.perf_counter() - start
            yield Step("train", progress.batch, total, progress.tally)
            start = time.perf_counter()

    def _learn(self, outcome: Outcome) -> None:
        self.optimizer.reset_grad()
        outcome.loss.backward(create_graph=False)
        if self.clip_norm is not None:
            self.optimizer.clip_grad_norm(self.clip_norm)
        self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()

    def _test(self) -> Generator[Step, None, dict[str, float]]:
        tally, total = Tally(), len(self.test)
        self.model.eval()
        start = time.perf_counter()
        for number, batch in enumerate(self.test, start=1):
            with no_grad():  # not over the `yield`: what runs there is not ours
                outcome = self.task(self.model, batch)
            tally.add(outcome, self._checked_loss(outcome, "test"))
            tally.seconds = time.perf_counter() - start
            yield Step("test", number, total, tally)
        return tally.means()

    def _checked_loss(self, outcome: Outcome, name: str) -> float:
        loss = float(outcome.loss.item())
        if not math.isfinite(loss):
            raise DivergedError(
                f"the {name} loss is {loss} in epoch {self.progress.epoch} after "
                f"{self.progress.batch} batches; a smaller learning rate may help"
            )
        return loss

    def _finish(self, test: dict[str, float]) -> Row:
        progress, training = self.progress, self.progress.tally.means()
        if self.derive is not None:
            training, test = ({**means, **self.derive(means)} for means in (training, test))
        row: Row = {
            "epoch": progress.epoch,
            **{f"train_{name}": mean for name, mean in training.items()},
            **{f"test_{name}": mean for name, mean in test.items()},
            "seconds": progress.tally.seconds,
            "learning_rate": self.optimizer.lr,
        }
        history = [*progress.history, row]
        self.progress = Progress(progress.epoch + 1, history=history)
        return row

    # Checkpoints

    def save(self, path: str | Path) -> None:
        """Write all that training goes on from to `path`.

        Raises `DivergedError` if a parameter is not finite, so that the checkpoint before stays;
        other errors are those of `checkpoint.save`.
        """
        for name, parameter in self.model.named_parameters():
            if not np.isfinite(parameter.numpy()).all():
                raise DivergedError(f"{name} has values that are not finite: this is not saved")
        state = {
            **self.progress.to_json(),
            "random": get_random_state(),
            "schedule": self.schedule and self.schedule.state_dict(),
            "settings": self._all_settings(),
        }
        checkpoint.save(self.model, self.optimizer, path, progress=state)

    def load(self, path: str | Path) -> None:
        """Go on from the checkpoint at `path`.

        The schedule is taken up at the same step; its settings may be others, as those of a longer
        training are. Raises `CheckpointError` if the file is malformed, or of another model,
        optimiser, schedule or settings, naming what differs. Then nothing was changed.
        """
        saved = checkpoint.read_progress(path)
        before = self.schedule and self.schedule.state_dict()
        try:
            progress = Progress.from_json(saved, len(self.training))
            self._check_settings(saved.get("settings"))
            random = checked_random_state(saved.get("random"))
            self._set_schedule(saved.get("schedule"))
        except (TypeError, ValueError) as error:
            raise CheckpointError(path, error) from error
        try:
            checkpoint.load(self.model, self.optimizer, path)
        except BaseException:
            self._set_schedule(before)
            raise
        self._set_schedule(saved["schedule"])  # again: the rate that was saved may be another one
        self.progress = progress
        set_random_state(random)

    def _all_settings(self) -> dict[str, Any]:
        own = {"seed": self.seed, "clip_norm": self.clip_norm, "batches": len(self.training)}
        return {**self.settings, **own}

    def _check_settings(self, saved: Any) -> None:
        mine = self._all_settings()
        if not isinstance(saved, dict) or saved.keys() != mine.keys():
            raise ValueError(f"progress has no valid 'settings': they are {', '.join(mine)}")
        differ = [f"{name} {saved[name]}, now {mine[name]}"
                  for name in mine if saved[name] != mine[name]]  # fmt: skip
        if differ:
            raise ValueError(f"it was made with other settings: {'; '.join(differ)}")

    def _set_schedule(self, saved: Any) -> None:
        """Move the schedule to where a saved one is, which may have had other settings.

        A training of more epochs than before has a longer schedule.
        """
        if (self.schedule is None) != (saved is None):
            raise ValueError(f"it was made {'without' if saved is None else 'with'} a schedule")
        if self.schedule is not None:
            settings = self.schedule.state_dict()["settings"]
            self.schedule.load_state_dict({**saved, "settings": settings})
