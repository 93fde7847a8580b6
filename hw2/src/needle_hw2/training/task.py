"""What a training loop asks of those who use it: a task, and batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from needle_hw1 import Tensor
from needle_hw2.nn import Module

Batch: TypeAlias = Any  # what the loader gives, which only the task looks into


class Outcome(NamedTuple):
    """What a model made of a batch.

    `loss` is the mean over its `examples`, of shape (). `sums` are the other metrics by name,
    each the sum over the examples, such as {"error": how many answers are wrong}.
    """

    loss: Tensor
    examples: int
    sums: Mapping[str, float] = {}


Task: TypeAlias = Callable[[Module, Batch], Outcome]


class Batches(Protocol):
    """A pass over examples, as often as wanted."""

    def __len__(self) -> int:
        """Return the number of batches."""

    def __iter__(self) -> Iterator[Batch]:
        """Yield every batch."""


class Loader(Batches, Protocol):
    """Batches whose order `rng` decides, the same for the same state of it."""

    rng: np.random.Generator | None

    def batches(self, start: int = 0) -> Iterable[Batch]:
        """Yield the batches of a pass from number `start` on."""
