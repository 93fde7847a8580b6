"""What a stage has to answer to take part in a workload."""

from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

from needle_shared.evolution.cell import Lines


class TrainingCell(Protocol):
    """A network on one stage, which can be trained.

    A class with this interface is a cell. It is made without arguments, in a process of its own,
    and imports its stage then, not earlier; `CellMissingError` says that it cannot be here.
    """

    package: ClassVar[str]
    """The import name of the stage; the cell is left out where that is not installed."""

    problem: ClassVar[type[Any]]
    """The type of the problems that it takes, a `SavedProblem` with a `seed`."""

    def train(self, problem: Any) -> Iterator[float]:
        """Yield the loss of each minibatch, in order, after descending by it.

        The loss is that before the step. Weights are drawn from NumPy's global generator, seeded
        with the problem's `seed`, in the order in which the network applies them.
        """

    def lines(self) -> Lines:
        """Return how much code this stage asks for, and how much it brings."""
