"""Cells that need no stage, right ones and wrong ones, for `module:Class` in the tests."""

import os
import sys
import time
from pathlib import Path

import numpy as np

from needle_shared.evolution.cell import Lines


class Plain:
    """The network in NumPy, as straight as it can be written."""

    package = "numpy"

    def multiply(self, A, B):
        return A @ B

    def start(self, W1, W2):
        self.W1, self.W2 = W1, W2

    def step(self, X, y, lr):
        H = np.maximum(self.multiply(X, self.W1), 0)
        Z = self.multiply(H, self.W2)
        Z = Z - Z.max(axis=1, keepdims=True)
        probs = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
        loss = -np.mean(np.log(probs[np.arange(len(y)), y]))
        G = (probs - np.eye(Z.shape[1], dtype=Z.dtype)[y]) / len(y)
        D = self.multiply(G, self.W2.T) * (H > 0)
        self.W1 = self.W1 - np.float32(lr) * self.multiply(X.T, D)
        self.W2 = self.W2 - np.float32(lr) * self.multiply(H.T, G)
        return float(loss)

    def epoch(self, X, y, lr, batch):
        for first in range(0, len(y), batch):
            self.step(X[first : first + batch], y[first : first + batch], lr)

    def weights(self):
        return self.W1, self.W2

    def predict(self, X):
        return np.maximum(X @ self.W1, 0) @ self.W2

    def lines(self):
        return Lines(7, 0)


class Reordered(Plain):
    """The same sums in another order: other rounding errors, the same mathematics."""

    def multiply(self, A, B):
        half = A.shape[1] // 2
        return A[:, half:] @ B[half:] + A[:, :half] @ B[:half]


class Counting(Plain):
    """Gives the number of its starts for lines."""

    starts = 0

    def start(self, W1, W2):
        self.starts += 1
        super().start(W1, W2)

    def lines(self):
        return Lines(self.starts, 0)


class Double(Plain):
    """Returns its losses in float64."""

    def step(self, X, y, lr):
        return super().step(X, y, lr) / 3


class WrongRate(Plain):
    """Descends by 1 % too much."""

    def step(self, X, y, lr):
        return super().step(X, y, 1.01 * lr)


class WrongEpoch(Plain):
    """Steps as it should, but its epoch, which is what is timed, leaves out a batch."""

    def epoch(self, X, y, lr, batch):
        super().epoch(X[batch:], y[batch:], lr, batch)


class WrongPrediction(Plain):
    """Trains as it should and predicts the next class."""

    def predict(self, X):
        return np.roll(super().predict(X), 1, axis=1)


class Diverging(Plain):
    """Returns nan from the fourth step on."""

    def start(self, W1, W2):
        super().start(W1, W2)
        self.steps = getattr(self, "steps", 0)

    def step(self, X, y, lr):
        self.steps += 1
        loss = super().step(X, y, lr)
        return float("nan") if self.steps > 3 else loss


class Raising(Plain):
    """Raises in the middle of the check."""

    def step(self, X, y, lr):
        self.steps = getattr(self, "steps", 0) + 1
        if self.steps == 8:
            raise ArithmeticError("the eighth step is one too many")
        return super().step(X, y, lr)


class Dying(Plain):
    """Ends its process without a word to the parent."""

    def epoch(self, X, y, lr, batch):
        sys.stderr.write("about to die\n")
        sys.stderr.flush()
        os._exit(3)


class Hanging(Plain):
    """Never comes back from training."""

    def step(self, X, y, lr):
        record = os.environ.get("STANDIN_PID_FILE")
        if record:
            # Renamed, so that whoever waits for the file finds it whole.
            Path(record + ".new").write_text(str(os.getpid()))
            Path(record + ".new").replace(record)
        time.sleep(600)


class Talkative(Plain):
    """Prints to standard output, from Python and below it, as much as no pipe would hold."""

    def step(self, X, y, lr):
        sys.stdout.write("{" * 10_000)
        os.write(1, b'{"losses": []}\n' * 1_000)
        return super().step(X, y, lr)


class Absent(Plain):
    """Belongs to a stage that is not installed."""

    package = "needle_hw99"


class Late(Plain):
    """Cannot be made, although its stage is there."""

    def __init__(self):
        raise ImportError("needle_hw0 has no compiled module")


class OneThread(Plain):
    """Looks whether the multiplication may use more than one thread."""

    def start(self, W1, W2):
        limits = [os.environ[f"{name}_NUM_THREADS"] for name in ("OPENBLAS", "OMP", "MKL")]
        if limits != ["1", "1", "1"]:
            raise RuntimeError(f"thread limits {limits}")
        super().start(W1, W2)


class OnFirst(Plain):
    """Stands on a stage that the tests make."""

    package = "needle_first"


class AlsoOnFirst(OnFirst):
    """Stands on the same stage."""


class RaisingOnFirst(Raising):
    """Stands on the same stage, and does not get to the end."""

    package = "needle_first"


class OnSecond(Plain):
    """Stands on another, which has the first one's names too."""

    package = "needle_second"


class OnBroken(Plain):
    """Stands on a stage that says it has names, and cannot be asked for them."""

    package = "needle_broken"
