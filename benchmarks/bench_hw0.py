"""hw0's epochs: NumPy by hand, C++ by hand, PyTorch with autograd; one thread each.

Random data of MNIST's shape. The candidates first have to agree on the weights after an epoch;
then they take turns, and the median of their processor times is compared with NumPy's.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import timing

timing.use_one_thread()  # before NumPy is imported

import numpy as np  # noqa: E402

import needle_hw0  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Epoch = Callable[..., list[NDArray[np.float32]]]

try:
    import torch
except ImportError:
    torch = None

LR, BATCH = 0.002, 100  # a small rate: random labels would make larger steps chaotic
AGREEMENT = 1e-4  # of the largest change of a weight


def by_hand(
    epoch: Callable[..., None], X: NDArray[Any], y: NDArray[Any], *weights: NDArray[Any]
) -> list[NDArray[np.float32]]:
    """Return copies of `weights` after one epoch in place."""
    trained = [W.copy() for W in weights]
    epoch(X, y, *trained, LR, BATCH)
    return trained


def by_torch(X: NDArray[Any], y: NDArray[Any], *weights: NDArray[Any]) -> list[NDArray[np.float32]]:
    """Return the same weights from PyTorch's matmul, cross_entropy and autograd."""
    features, labels = torch.from_numpy(X), torch.from_numpy(y.astype(np.int64))
    parameters = [torch.tensor(W, requires_grad=True) for W in weights]
    for start in range(0, len(X), BATCH):
        values = features[start : start + BATCH] @ parameters[0]
        for W in parameters[1:]:
            values = values.relu() @ W
        loss = torch.nn.functional.cross_entropy(values, labels[start : start + BATCH])
        loss.backward()
        with torch.no_grad():
            for W in parameters:
                W.sub_(W.grad, alpha=LR)
                W.grad = None
    return [W.detach().numpy() for W in parameters]


def check_agreement(candidates: dict[str, Epoch], weights: list[NDArray[np.float32]]) -> None:
    """Raise ArithmeticError unless all candidates move the weights alike."""
    expected = candidates["NumPy"]()
    for name, epoch in candidates.items():
        for before, ours, theirs in zip(weights, expected, epoch(), strict=True):
            apart = np.abs(ours - theirs).max() / np.abs(ours - before).max()
            if not apart <= AGREEMENT:
                raise ArithmeticError(f"{name} and NumPy differ by {apart:.1e} of the change")


def measure(
    title: str,
    epochs: tuple[Callable[..., None], Callable[..., None]],
    sizes: list[int],
    rounds: int,
) -> None:
    """Measure a network with the given layer sizes, the first of them the number of images."""
    m, *widths = sizes
    rng = np.random.default_rng(0)
    X = rng.random((m, widths[0]), dtype=np.float32)
    y = rng.integers(widths[-1], size=m).astype(np.uint8)
    weights = [
        (rng.standard_normal(shape) / shape[0] ** 0.5).astype(np.float32)
        for shape in pairwise(widths)
    ]
    candidates: dict[str, Epoch] = {
        "NumPy": partial(by_hand, epochs[0], X, y, *weights),
        "C++": partial(by_hand, epochs[1], X, y, *weights),
    }
    if torch is not None:
        candidates["PyTorch"] = partial(by_torch, X, y, *weights)
    check_agreement(candidates, weights)
    timing.show(title, timing.interleave(candidates, rounds=rounds), baseline="NumPy")


def main(argv: list[str] | None = None) -> int:
    """Print both tables; `--rounds` sets how often each candidate runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args(argv).rounds
    if torch is not None:
        torch.set_num_threads(1)
    one = (needle_hw0.softmax_regression_epoch, needle_hw0.softmax_regression_epoch_cpp)
    two = (needle_hw0.nn_epoch, needle_hw0.nn_epoch_cpp)
    measure("softmax regression, 60000 x 784, 10 classes, batch 100", one, [60000, 784, 10], rounds)
    measure("two layers, 10000 x 784, 400 hidden, batch 100", two, [10000, 784, 400, 10], rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
