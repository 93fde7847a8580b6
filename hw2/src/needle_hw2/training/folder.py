"""The directory that keeps the results of a training."""

from __future__ import annotations

from pathlib import Path

from needle_hw2.training.curves import can_draw, draw_curves
from needle_hw2.training.log import write_csv, write_jsonl
from needle_hw2.training.trainer import Trainer


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
        if trainer.progress.history:  # the logs may have been lost together with the process
            self.show_results(trainer)

    def end_epoch(self, trainer: Trainer) -> None:
        """Keep what there is after an epoch."""
        *earlier, latest = (row[self.criterion] for row in trainer.progress.history)
        if all(latest < result for result in earlier):  # first: `last` makes the epoch count
            trainer.save(self.best)
        trainer.save(self.last)
        self.show_results(trainer)

    def show_results(self, trainer: Trainer) -> None:
        """Write the logs and the curves anew, from the history."""
        history = trainer.progress.history
        write_csv(history, self.path / "log.csv")
        write_jsonl(history, self.path / "log.jsonl")
        if can_draw():
            draw_curves(history, self.path / "curves.png")
