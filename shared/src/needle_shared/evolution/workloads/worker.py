"""A cell of a workload in its process: `python -m needle_shared.evolution.workloads.worker`."""

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from needle_shared.evolution.serving import Answer, Worker, main
from needle_shared.evolution.workloads.cell import TrainingCell


class StepWorker(Worker):
    """Takes steps of one training, from its beginning on."""

    _cell: TrainingCell

    def __init__(self, cell: TrainingCell, folder: Path) -> None:
        super().__init__(cell)
        self._problem = cell.problem.load(folder / "problem.npz")
        self._training: Iterator[float] = iter(())

    def start(self, seed: int) -> Answer:
        """Begin a training from weights that `seed` determines."""
        self._training = self._cell.train(replace(self._problem, seed=seed))
        return {}

    def steps(self, count: int) -> Answer:
        """Take the next `count` steps; answer the loss of each, in float32, and its seconds."""
        losses, seconds = [], []
        for _ in range(count):
            begin = time.perf_counter()
            loss = next(self._training)
            seconds.append(time.perf_counter() - begin)
            losses.append(float(np.float32(loss)))
        return {"losses": losses, "seconds": seconds}


if __name__ == "__main__":
    sys.exit(main(StepWorker, sys.argv[1:]))
