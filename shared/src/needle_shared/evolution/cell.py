"""What a stage has to answer to take part in the comparison."""

import importlib
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Lines:
    """Lines of code on both sides of a stage's interface; None where there is nothing to count."""

    user: int | None
    library: int | None


class CellError(RuntimeError):
    """A cell raised an exception, died, or did not answer in time; `log` is what it printed."""

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(reason)
        self.log = log


class CellMissingError(CellError):
    """A cell cannot be here, and nothing is wrong: its stage or its hardware is not there.

    A cell may raise it when it is made.
    """


class Cell(Protocol):
    """The two-layer network on one stage: n inputs, d hidden units, k classes, no biases.

    A class with this interface is a cell. It is made without arguments, in a process of its own,
    and imports its stage then, not earlier.
    """

    package: ClassVar[str]
    """The import name of the stage; the cell is left out where that is not installed."""

    def start(self, W1: Array, W2: Array) -> None:
        """Take float32 weights (n x d) and (d x k) to train; they belong to the cell from now."""

    def step(self, X: Array, y: Array, lr: float) -> float:
        """Return the loss of one minibatch (B x n) with labels (B,), then descend by `lr`."""

    def epoch(self, X: Array, y: Array, lr: float, batch: int) -> None:
        """Descend once through all images, in order, `batch` at a time. This is what is timed."""

    def weights(self) -> tuple[Array, Array]:
        """Return the weights as they are now, float32 NumPy arrays."""

    def predict(self, X: Array) -> Array:
        """Return the logits (N x k) of the images (N x n)."""

    def lines(self) -> Lines:
        """Return how much code this stage asks for, and how much it brings."""


def load_class(reference: str) -> Any:
    """Return the class that `reference`, "module:Class", names."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)
