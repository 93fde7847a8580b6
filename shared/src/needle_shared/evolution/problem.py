"""What is trained: images, labels, initial weights, and the settings of gradient descent."""

import importlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from needle_shared.evolution.cell import Array

CLASSES = 10

P = TypeVar("P", bound="SavedProblem")


@dataclass(frozen=True)
class SavedProblem:
    """The base of what travels in a file: dataclasses of arrays and numbers."""

    def save(self, path: Path) -> None:
        """Write everything to an .npz file."""
        np.savez(path, **asdict(self))

    @classmethod
    def load(cls: type[P], path: Path) -> P:
        """Return what `save` wrote."""
        with np.load(path) as file:
            fields: dict[str, Any] = dict(file)
        return cls(
            **{name: value if value.ndim else value.item() for name, value in fields.items()}
        )


@dataclass(frozen=True)
class Problem(SavedProblem):
    """Everything that a cell needs, the same for all.

    `X` (m x n) and `X_test` are float32 images in 0..1, `y` and `y_test` uint8 labels, `W1` (n x d)
    and `W2` (d x k) float32 initial weights. Batches are taken in order and never shuffled.
    """

    X: Array
    y: Array
    X_test: Array
    y_test: Array
    W1: Array
    W2: Array
    lr: float
    batch: int

    @property
    def steps(self) -> int:
        """The number of minibatches of an epoch."""
        return -(-len(self.y) // self.batch)

    def minibatch(self, step: int) -> tuple[Array, Array]:
        """Return images and labels of a step, counted from the first step of the first epoch."""
        first = step % self.steps * self.batch
        return self.X[first : first + self.batch], self.y[first : first + self.batch]


def initial_weights(inputs: int, hidden: int, seed: int = 0) -> tuple[Array, Array]:
    """Return float32 weights (n x d) and (d x 10), normal with variance 1 over their columns."""
    rng = np.random.default_rng(seed)
    W1 = rng.standard_normal((inputs, hidden)) / np.sqrt(hidden)
    W2 = rng.standard_normal((hidden, CLASSES)) / np.sqrt(CLASSES)
    return W1.astype(np.float32), W2.astype(np.float32)


def read_problem(
    data: str, folder: Path | None = None, *, hidden: int = 100, lr: float = 0.2, batch: int = 100
) -> Problem:
    """Return the problem of a data set: "digits", "mnist" or "synthetic".

    `folder` is where the data set lies, if not in the usual places. Files are read by hw0's
    `parse_mnist`; ModuleNotFoundError without it, and FileNotFoundError without the data.
    """
    locate = importlib.import_module("needle_shared.data").locate
    try:
        parse_mnist = importlib.import_module("needle_hw0").parse_mnist
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error}; the images are read by needle_hw0: install it with `pip install ./hw0`"
        ) from error
    place = locate(data, folder)
    X, y = parse_mnist(*(place / f"train-{kind}-ubyte.gz" for kind in _KINDS))
    X_test, y_test = parse_mnist(*(place / f"t10k-{kind}-ubyte.gz" for kind in _KINDS))
    W1, W2 = initial_weights(X.shape[1], hidden)
    return Problem(X, y, X_test, y_test, W1, W2, lr, batch)


_KINDS = ("images-idx3", "labels-idx1")
