"""The directory that keeps the results of a training."""

from __future__ import annotations

import time
from pathlib import Path

from needle_hw2.training.curves import can_draw, draw_curves
from needle_hw2.training.log import write_csv, write_jsonl
from needle_hw2.training.trainer import Trainer

DRAW_SECONDS = 30  # drawing takes a fifth of a second, as long as some epochs


class Folder:
    """The files of one training, each written whole or not at all.

    `last.safetensors` is the checkpoint to go on from, `best.safetensors` that of the epoch with
    the least `criterion`, a name in the rows of results. `log.csv`, `log.jsonl` and, if matplotlib
    is installed, `curves.png` show every epoch.
    """

    def __init__(self, path: str | Path, criterion: str = "test_loss") -> None:
        self.path = Path(path)
        self.criterion = criterion
        self.last = self.path / "last.safetensors"
        self.best = self.path / "best.safetensors"
        self._drawn = time.monotonic()

    def begin(self) -> None:
        """Make the directory. Raises `FileExistsError` if there is a checkpoint in it."""
        for file in (self.last, self.best):
            if file.exists():
                raise FileExistsError(f"{file} exists: resume it, or keep this training elsewhere")
        self.path.mkdir(parents=True, exist_ok=True)

    def resume(self, trainer: Trainer) -> None:
        """Let `trainer` go on from the last checkpoint.

        Raises `FileNotFoundError` if there is none; other errors are those of `Trainer.load`.
        """
        if not self.last.exists():
            raise FileNotFoundError(f"{self.last} does not exist: there is nothing to resume")
        trainer.load(self.last)
        if trainer.progress.history:
            self._write_logs(trainer)  # which may be older than the checkpoint, or newer

    def end_epoch(self, trainer: Trainer) -> None:
        """Keep what there is after an epoch. The curves are drawn if it is some time since then."""
        *earlier, latest = (row[self.criterion] for row in trainer.progress.history)
        if all(latest < result for result in earlier):  # first: `last` makes the epoch count
            trainer.save(self.best)
        trainer.save(self.last)
        self._write_logs(trainer)
        if time.monotonic() - self._drawn >= DRAW_SECONDS:
            self.draw(trainer)

    def _write_logs(self, trainer: Trainer) -> None:
        write_csv(trainer.progress.history, self.path / "log.csv")
        write_jsonl(trainer.progress.history, self.path / "log.jsonl")

    def draw(self, trainer: Trainer) -> None:
        """Draw the curves, if matplotlib is installed and there is an epoch to draw."""
        if trainer.progress.history and can_draw():
            draw_curves(trainer.progress.history, self.path / "curves.png")
            self._drawn = time.monotonic()
