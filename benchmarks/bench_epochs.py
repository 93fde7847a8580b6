"""An epoch of training: by hand in NumPy (hw0) and C++ (hw0), by hw1's gradients, by PyTorch.

Random data of MNIST's shape. The candidates first have to agree on the weights after an epoch;
then they take turns, and the median of their processor times is compared with NumPy's.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import timing

timing.use_one_thread()  # before NumPy is imported

import numpy as np  # noqa: E402

import needle_hw0  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    InPlace = Callable[..., None]
    Epoch = Callable[..., list[NDArray[np.float32]]]

LR, BATCH = 0.002, 100  # a small rate: random labels would make larger steps chaotic
AGREEMENT = 1e-4  # of the largest change of a weight


def by_hand(
    epoch: InPlace, X: NDArray[Any], y: NDArray[Any], *weights: NDArray[Any]
) -> list[NDArray[np.float32]]:
    """Return copies of `weights` after one epoch in place."""
    trained = [W.copy() for W in weights]
    epoch(X, y, *trained, LR, BATCH)
    return trained


def by_hw1(X: NDArray[Any], y: NDArray[Any], *weights: NDArray[Any]) -> list[NDArray[np.float32]]:
    """Return the same weights of two layers from hw1's autograd."""
    import needle_hw1 as ndl
    from needle_hw1.apps.simple_ml import nn_epoch

    W1, W2 = (ndl.Tensor(W) for W in weights)
    return [W.numpy() for W in nn_epoch(X, y, W1, W2, LR, BATCH)]


def by_torch(X: NDArray[Any], y: NDArray[Any], *weights: NDArray[Any]) -> list[NDArray[np.float32]]:
    """Return the same weights from PyTorch's matmul, cross_entropy and autograd."""
    import torch  # in the process that needs it only

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


def problem(m: int, *widths: int) -> list[NDArray[Any]]:
    """Return m random images, their labels, and weights for layers of the given widths."""
    rng = np.random.default_rng(0)
    X = rng.random((m, widths[0]), dtype=np.float32)
    y = rng.integers(widths[-1], size=m).astype(np.uint8)
    scaled = (rng.standard_normal(shape) / shape[0] ** 0.5 for shape in pairwise(widths))
    return [X, y, *(W.astype(np.float32) for W in scaled)]


def prepare(epoch: Epoch, sizes: Sequence[int]) -> Callable[[], list[NDArray[np.float32]]]:
    """Return a function of no arguments that runs one epoch, always the same one."""
    return partial(epoch, *problem(*sizes))


def check_agreement(epochs: Mapping[str, Epoch], sizes: Sequence[int]) -> None:
    """Raise ArithmeticError unless all candidates move the weights alike."""
    X, y, *weights = problem(*sizes)
    expected = epochs["NumPy"](X, y, *weights)
    for name, epoch in epochs.items():
        for before, ours, theirs in zip(weights, expected, epoch(X, y, *weights), strict=True):
            apart = np.abs(ours - theirs).max() / np.abs(ours - before).max()
            if not apart <= AGREEMENT:
                raise ArithmeticError(f"{name} and NumPy differ by {apart:.1e} of the change")


def measure(title: str, epochs: dict[str, Epoch], sizes: Sequence[int], rounds: int) -> None:
    """Compare the candidates on `sizes`: the number of images and the width of each layer."""
    if find_spec("torch"):
        epochs["PyTorch"] = by_torch
    check_agreement(epochs, sizes)
    setups = {name: partial(prepare, epoch, sizes) for name, epoch in epochs.items()}
    timing.show(title, timing.interleave(setups, rounds=rounds), baseline="NumPy")


def main(argv: list[str] | None = None) -> int:
    """Print the tables; `--rounds` sets how often each candidate runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args(argv).rounds
    softmax: dict[str, Epoch] = {
        "NumPy": partial(by_hand, needle_hw0.softmax_regression_epoch),
        "C++": partial(by_hand, needle_hw0.softmax_regression_epoch_cpp),
    }
    title = "softmax regression: 60000 x 784, 10 classes, batch 100"
    measure(title, softmax, [60000, 784, 10], rounds)
    for hidden in (100, 400):
        network: dict[str, Epoch] = {
            "NumPy": partial(by_hand, needle_hw0.nn_epoch),
            "C++": partial(by_hand, needle_hw0.nn_epoch_cpp),
            "hw1": by_hw1,
        }
        title = f"two layers: 10000 x 784, {hidden} hidden, 10 classes, batch 100"
        measure(title, network, [10000, 784, hidden, 10], rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
