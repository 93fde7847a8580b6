"""hw1: the forward pass written by hand, the gradient by automatic differentiation."""

import importlib
from typing import ClassVar

import numpy as np

from needle_shared.evolution import lines
from needle_shared.evolution.cell import Array, Lines


class TensorCell:
    """The network on `needle_hw1.apps.simple_ml`."""

    package: ClassVar[str] = "needle_hw1"

    def __init__(self) -> None:
        self.ndl = importlib.import_module(self.package)
        self.simple_ml = importlib.import_module(f"{self.package}.apps.simple_ml")

    def start(self, W1: Array, W2: Array) -> None:
        """Make tensors of the weights."""
        self.W1, self.W2 = self.ndl.Tensor(W1), self.ndl.Tensor(W2)

    def step(self, X: Array, y: Array, lr: float) -> float:
        """Return the loss of a minibatch, then make an epoch of it."""
        logits = self.ndl.Tensor(self.predict(X))
        one_hot = self.ndl.Tensor(np.eye(logits.shape[1], dtype=X.dtype)[y])
        loss = float(self.simple_ml.softmax_loss(logits, one_hot).numpy())
        self.epoch(X, y, lr, len(y))
        return loss

    def epoch(self, X: Array, y: Array, lr: float, batch: int) -> None:
        """Descend through all images."""
        self.W1, self.W2 = self.simple_ml.nn_epoch(X, y, self.W1, self.W2, lr, batch)

    def weights(self) -> tuple[Array, Array]:
        """Return the weights as NumPy arrays."""
        return self.W1.numpy(), self.W2.numpy()

    def predict(self, X: Array) -> Array:
        """Return the logits."""
        images = self.ndl.Tensor(X, requires_grad=False)
        logits: Array = (self.ndl.relu(images @ self.W1.detach()) @ self.W2.detach()).numpy()
        return logits

    def lines(self) -> Lines:
        """Return the lines of the loop, and of the rest of what it imports, which has the loss."""
        user = lines.function_lines([self.simple_ml.nn_epoch], within=f"{self.package}.apps")
        return Lines(user, lines.loaded_lines(self.package) - user)
