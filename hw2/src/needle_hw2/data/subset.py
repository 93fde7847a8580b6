"""Parts of a data set."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from itertools import accumulate
from numbers import Integral
from typing import Any

import numpy as np

from needle_hw1.array_api import whole_numbers
from needle_hw2.data.dataset import Arrays, Dataset, Indices, gather
from needle_hw2.data.randomness import checked_generator, permutation


class Subset(Dataset):
    """The items of `dataset` at `indices`, in that order.

    Raises `IndexError` if an index is not in [0, len(dataset)), `TypeError` if one is not whole.
    """

    def __init__(self, dataset: Any, indices: Indices) -> None:
        super().__init__()
        given = np.asarray(indices)
        if given.ndim != 1:
            raise ValueError(f"indices are a list of numbers, got an array of shape {given.shape}")
        if given.dtype == bool:
            raise TypeError("indices are whole numbers; those where a mask is true: np.nonzero")
        chosen = whole_numbers(given, "Subset")
        outside = (chosen < 0) | (chosen >= len(dataset))
        if outside.any():
            raise IndexError(
                f"index {chosen[outside][0]} is outside of a data set of {len(dataset)} items"
            )
        self.dataset = dataset
        self.indices = chosen

    def __getitem__(self, index: Any) -> Any:
        """Return an item, which `dataset` has at `indices[index]`."""
        return self.dataset[int(self.indices[operator.index(index)])]

    def __len__(self) -> int:
        """Return the number of items in the subset."""
        return len(self.indices)

    def batch(self, indices: Indices) -> Arrays:
        """Return a batch of `dataset`."""
        return gather(self.dataset, self.indices[indices])


def random_split(
    dataset: Any, lengths: Sequence[float], rng: np.random.Generator | None = None
) -> list[Subset]:
    """Return disjoint random subsets that together have every item of `dataset`.

    `lengths` are whole numbers that sum to len(dataset), or fractions that sum to 1: of n items,
    each part then gets n * fraction rounded down, and the first parts one more until none is left.
    One permutation is drawn, from `rng` or NumPy's global generator. Raises `ValueError` if the
    lengths do not sum up.
    """
    checked_generator(rng)
    sizes = _part_sizes(len(dataset), lengths)
    order = permutation(len(dataset), rng)
    ends = accumulate(sizes)
    return [Subset(dataset, order[end - size : end]) for size, end in zip(sizes, ends, strict=True)]


def _part_sizes(count: int, lengths: Sequence[float]) -> list[int]:
    """Return how many of `count` items each part gets."""
    if any(not length >= 0 for length in lengths):
        raise ValueError(f"lengths are not negative, got {list(lengths)}")
    if all(isinstance(length, Integral) for length in lengths):
        if sum(lengths) != count:
            raise ValueError(
                f"lengths {list(lengths)} sum to {sum(lengths)}, the data set has {count} items"
            )
        return [int(length) for length in lengths]
    if not math.isclose(sum(lengths), 1):
        raise ValueError(f"fractions sum to 1, {list(lengths)} to {sum(lengths)}")
    sizes = [math.floor(count * fraction) for fraction in lengths]
    left = count - sum(sizes)
    return [size + (position < left) for position, size in enumerate(sizes)]
