"""A pass over 60,000 images in batches of 100: hw2's loader, PyTorch's, and NumPy's indexing.

Random data of MNIST's shape, shuffled. All of them first have to hand out every image once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import timing

timing.use_one_thread()  # before NumPy is imported

import numpy as np  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Batches = Iterable[Any]

COUNT, PIXELS, BATCH = 60_000, 784, 100


def arrays() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return random images and labels; the first pixel of image i is i, its label i modulo 251."""
    X = np.random.default_rng(0).random((COUNT, PIXELS), dtype=np.float32)
    X[:, 0] = np.arange(COUNT)
    return X, (np.arange(COUNT) % 251).astype(np.uint8)


def by_hw2(num_workers: int = 0) -> Batches:
    """Return hw2's loader."""
    from needle_hw2 import data

    dataset = data.NDArrayDataset(*arrays())
    return data.DataLoader(dataset, BATCH, shuffle=True, num_workers=num_workers)


def by_torch() -> Batches:
    """Return PyTorch's loader."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.set_num_threads(1)
    dataset = TensorDataset(*map(torch.from_numpy, arrays()))
    return DataLoader(dataset, BATCH, shuffle=True)


class Indexing:
    """Batches by NumPy's indexing alone."""

    def __init__(self) -> None:
        self.X, self.y = arrays()

    def __iter__(self) -> Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
        order = np.random.permutation(COUNT)  # noqa: NPY002 -- as the loader does
        for start in range(0, COUNT, BATCH):
            indices = order[start : start + BATCH]
            yield self.X[indices], self.y[indices]


def check(name: str, batches: Batches) -> None:
    """Raise ArithmeticError unless a pass has every image once, with its label."""
    pairs = [(np.asarray(X)[:, 0], np.asarray(y)) for X, y in batches]
    numbers, labels = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    complete = np.array_equal(np.sort(numbers), np.arange(COUNT))
    if not complete or not np.array_equal(labels, numbers % 251):
        raise ArithmeticError(f"{name} does not hand out every image once, with its label")


def prepare(make: Callable[[], Batches]) -> Callable[[], None]:
    """Return a function that makes a pass."""
    batches = make()

    def run() -> None:
        for _ in batches:
            pass

    return run


def main(argv: list[str] | None = None) -> int:
    """Print the table; `--rounds` sets how often each candidate runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args(argv).rounds
    candidates: dict[str, Callable[[], Batches]] = {
        "NumPy": Indexing,
        "hw2": by_hw2,
        "hw2, 2 workers": partial(by_hw2, num_workers=2),
    }
    if find_spec("torch"):
        candidates["PyTorch"] = by_torch
    for name, make in candidates.items():
        check(name, make())
    setups = {name: partial(prepare, make) for name, make in candidates.items()}
    title = f"a pass over {COUNT} x {PIXELS} float32, shuffled, batch {BATCH}"
    timing.show(title, timing.interleave(setups, rounds=rounds), baseline="NumPy")
    return 0


if __name__ == "__main__":
    sys.exit(main())
