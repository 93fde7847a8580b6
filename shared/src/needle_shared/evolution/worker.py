"""A cell of the two-layer network in its process: `python -m needle_shared.evolution.worker`."""

import sys
import time
from pathlib import Path

import numpy as np

from needle_shared.evolution.agreement import WINDOW
from needle_shared.evolution.cell import Array, Cell
from needle_shared.evolution.problem import Problem
from needle_shared.evolution.serving import Answer, Worker, main

_IMAGES_AT_ONCE = 1000


class NetworkWorker(Worker):
    """Trains one cell as it is told."""

    _cell: Cell

    def __init__(self, cell: Cell, folder: Path) -> None:
        super().__init__(cell)
        self._problem = Problem.load(folder / "problem.npz")
        self._common = folder / "weights.npz"

    def start(self) -> Answer:
        """Go back to the initial weights."""
        self._cell.start(self._problem.W1.copy(), self._problem.W2.copy())
        return {}

    def trace(self, first: int, count: int) -> Answer:
        """Take `count` steps from step `first` on, and answer the loss of each in float32."""
        losses = []
        for step in range(first, first + count):
            loss = self._cell.step(*self._problem.minibatch(step), self._problem.lr)
            losses.append(float(np.float32(loss)))
        return {"losses": losses}

    def share(self) -> Answer:
        """Write the weights for the others."""
        W1, W2 = self._cell.weights()
        np.savez(self._common, W1=W1, W2=W2)
        return {}

    def join(self) -> Answer:
        """Take the weights that another cell has shared."""
        with np.load(self._common) as common:
            self._cell.start(common["W1"], common["W2"])
        return {}

    def check_epoch(self) -> Answer:
        r"""Answer how far `epoch` ends from where the same steps, one by one, end.

        The distance is relative to the way gone, over the first batches:
        :math:`\|W_{epoch} - W_{steps}\| / \|W_{steps} - W_{start}\|`.
        """
        problem = self._problem
        batches = min(WINDOW, problem.steps)
        images = slice(batches * problem.batch)
        self.start()
        self.trace(0, batches)
        by_steps = self._flat_weights()
        self.start()
        initial = self._flat_weights()
        self._cell.epoch(problem.X[images], problem.y[images], problem.lr, problem.batch)
        distance = np.linalg.norm(self._flat_weights() - by_steps)
        way = np.linalg.norm(by_steps - initial)
        return {"gap": float(distance / max(way, np.finfo(np.float32).tiny))}

    def _flat_weights(self) -> Array:
        return np.concatenate([W.ravel() for W in self._cell.weights()])

    def epoch(self) -> Answer:
        """Train one epoch and answer its seconds."""
        problem = self._problem
        begin = time.perf_counter()
        self._cell.epoch(problem.X, problem.y, problem.lr, problem.batch)
        return {"seconds": time.perf_counter() - begin}

    def evaluate(self) -> Answer:
        """Answer the mean loss over the training images, and the share of wrong test images."""
        problem = self._problem
        loss, _ = self._loss_and_errors(problem.X, problem.y)
        _, errors = self._loss_and_errors(problem.X_test, problem.y_test)
        return {"training_loss": loss / len(problem.y), "test_error": errors / len(problem.y_test)}

    def _loss_and_errors(self, X: Array, y: Array) -> tuple[float, int]:
        loss, errors = 0.0, 0
        # A part at a time: the peak of memory is to be that of training.
        for first in range(0, len(y), _IMAGES_AT_ONCE):
            labels = y[first : first + _IMAGES_AT_ONCE]
            logits = self._cell.predict(X[first : first + _IMAGES_AT_ONCE]).astype(np.float64)
            logits -= logits.max(axis=1, keepdims=True)
            chosen = np.take_along_axis(logits, labels[:, None].astype(np.intp), axis=1)[:, 0]
            loss += float(np.sum(np.log(np.exp(logits).sum(axis=1)) - chosen))
            errors += int(np.sum(logits.argmax(axis=1) != labels))
        return loss, errors


if __name__ == "__main__":
    sys.exit(main(NetworkWorker, sys.argv[1:]))
