"""One cell in a process of its own: `python -m needle_shared.evolution.worker module:Class FOLDER`.

Requests and answers are lines of JSON on standard input and output, one answer to each request;
arrays travel in FOLDER. A request `{"do": "epoch"}` calls the method of `Worker` with that name,
other keys are its arguments. Where the stage is not installed the first answer is
`{"missing": package}`. An exception is answered by `{"error": text}`, its traceback goes to
standard error, and the process ends, as it does when its standard input is closed.
"""

import faulthandler
import importlib.util
import json
import os
import signal
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from needle_shared.evolution.agreement import WINDOW
from needle_shared.evolution.cell import Array, Cell, load_class
from needle_shared.evolution.interface import new_names
from needle_shared.evolution.problem import Problem

Answer = dict[str, Any]

_IMAGES_AT_ONCE = 1000


class Worker:
    """Trains one cell as it is told; each public method is a request."""

    def __init__(self, cell: Cell, folder: Path) -> None:
        self._cell = cell
        self._problem = Problem.load(folder / "problem.npz")
        self._common = folder / "weights.npz"

    def ready(self) -> Answer:
        """Answer that the cell is made, and of which package."""
        return {"package": self._cell.package}

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

    def describe(self) -> Answer:
        """Answer the peak memory in MiB and the lines of code on both sides."""
        return {"peak_memory": peak_memory(), "lines": asdict(self._cell.lines())}

    def interface(self, earlier: list[str]) -> Answer:
        """Answer the public names that the cell's package adds to those of the packages given."""
        return {"names": new_names(self._cell.package, earlier)}


def peak_memory() -> float | None:
    """Return the most memory that this process ever held, in MiB; None where nobody knows."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux: ru_maxrss begins at the size of the process that started this one, VmHWM does not.
        for line in status.read_text("ascii", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ModuleNotFoundError:
        return None
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * bytes_per_unit / 2**20


def serve(reference: str, folder: Path, requests: TextIO, answers: TextIO) -> int:
    """Make the cell and answer requests until there are no more; return the exit code."""

    def send(answer: Answer) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    try:
        cell_class = load_class(reference)
        if importlib.util.find_spec(cell_class.package) is None:
            send({"missing": cell_class.package})
            return 0
        worker = Worker(cell_class(), folder)
        for line in requests:
            request = json.loads(line)
            send(getattr(worker, request.pop("do"))(**request))
    except Exception as error:
        traceback.print_exc()
        send({"error": f"{type(error).__name__}: {error}"})
        return 1
    return 0


def main(argv: list[str]) -> int:
    """Serve the cell `argv[0]` with the files in the folder `argv[1]`."""
    reference, folder = argv
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, who ends this process
    # What the stage prints, from Python or from C, must not mix with the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return serve(reference, Path(folder), sys.stdin, answers)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
