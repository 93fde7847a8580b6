"""hw0: the gradient written by hand, in NumPy and in C++."""

import importlib
from typing import ClassVar

import numpy as np

from needle_shared.evolution import lines
from needle_shared.evolution.cell import Array, Lines


class NumpyCell:
    """The network on `needle_hw0.nn_epoch`."""

    package: ClassVar[str] = "needle_hw0"
    update: ClassVar[str] = "nn_epoch"

    def __init__(self) -> None:
        self.hw0 = importlib.import_module(self.package)
        self.nn_epoch = getattr(self.hw0, self.update)

    def start(self, W1: Array, W2: Array) -> None:
        """Keep the weights: hw0 updates them in place."""
        self.W1, self.W2 = W1, W2

    def step(self, X: Array, y: Array, lr: float) -> float:
        """Return the loss of a minibatch, then make an epoch of it."""
        loss = float(self.hw0.softmax_loss(self.predict(X), y))
        self.epoch(X, y, lr, len(y))
        return loss

    def epoch(self, X: Array, y: Array, lr: float, batch: int) -> None:
        """Descend through all images."""
        self.nn_epoch(X, y, self.W1, self.W2, lr, batch)

    def weights(self) -> tuple[Array, Array]:
        """Return the weights themselves, not copies."""
        return self.W1, self.W2

    def predict(self, X: Array) -> Array:
        """Return the logits."""
        logits: Array = np.maximum(X @ self.W1, 0) @ self.W2
        return logits

    def lines(self) -> Lines:
        """Return the lines of loss and epoch with their helpers; nothing of ours is under them."""
        return Lines(lines.function_lines([self.hw0.softmax_loss, self.nn_epoch], self.package), 0)


class CppCell(NumpyCell):
    """The network on `needle_hw0.nn_epoch_cpp`."""

    update: ClassVar[str] = "nn_epoch_cpp"

    def lines(self) -> Lines:
        """Return the lines of the kernels and bindings; there is nothing of ours under them."""
        return Lines(lines.native_lines(self.package), 0)
