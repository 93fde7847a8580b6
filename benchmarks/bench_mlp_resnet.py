"""A training step of the MLP ResNet (hw2) and of the same network in PyTorch.

Random data of MNIST's shape, batch 100, Adam. First they have to agree on the loss
after some steps from the same weights, without dropout; then they take turns with dropout.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import timing

timing.use_one_thread()  # before NumPy is imported

import numpy as np  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH, STEPS, LR = 100, 20, 1e-3
CHECKED, AGREEMENT = 5, 1e-3  # steps in float32, and the part by which a loss may then differ


def images() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return a batch of random images and labels."""
    rng = np.random.default_rng(0)
    X = rng.random((BATCH, 784), dtype=np.float32)
    return X, rng.integers(10, size=BATCH)


def ours(
    hidden: int, dropout: float = 0.1, steps: int = STEPS, create_graph: bool = False
) -> Callable[[], float]:
    """Return a function that makes some steps with hw2, and returns the last loss."""
    import needle_hw2 as ndl
    from needle_hw2.apps.mlp_resnet import MLPResNet

    np.random.seed(0)  # noqa: NPY002 -- initial weights and dropout draw from it
    model = MLPResNet(784, hidden, drop_prob=dropout)
    optimizer = ndl.optim.Adam(model.parameters(), lr=LR)
    X, y = (ndl.Tensor(array, requires_grad=False) for array in images())
    loss_function = ndl.nn.SoftmaxLoss()

    def run() -> float:
        for _ in range(steps):
            optimizer.reset_grad()
            loss = loss_function(model(X), y)
            loss.backward(create_graph=create_graph)
            optimizer.step()
        return float(loss.item())

    return run


def theirs(hidden: int, dropout: float = 0.1, steps: int = STEPS) -> Callable[[], float]:
    """Return the same with PyTorch, from the same weights."""
    import torch
    from torch import nn

    from needle_hw2.apps.mlp_resnet import MLPResNet

    class Residual(nn.Module):
        def __init__(self, fn: nn.Module) -> None:
            super().__init__()
            self.fn = fn

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fn(x) + x

    def block(dim: int, inside: int) -> nn.Module:
        first = [nn.Linear(dim, inside), nn.BatchNorm1d(inside), nn.ReLU(), nn.Dropout(dropout)]
        second = [nn.Linear(inside, dim), nn.BatchNorm1d(dim)]
        return nn.Sequential(Residual(nn.Sequential(*first, *second)), nn.ReLU())

    blocks = (block(hidden, hidden // 2) for _ in range(3))
    model = nn.Sequential(nn.Linear(784, hidden), nn.ReLU(), *blocks, nn.Linear(hidden, 10))
    np.random.seed(0)  # noqa: NPY002 -- as above
    with torch.no_grad():
        for mine, its in zip(model.parameters(), MLPResNet(784, hidden).parameters(), strict=True):
            values = torch.from_numpy(its.numpy())
            mine.copy_(values.T if mine.ndim == 2 else values.reshape(mine.shape))
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    X, y = (torch.from_numpy(array) for array in images())
    loss_function = nn.CrossEntropyLoss()

    def run() -> float:
        for _ in range(steps):
            optimizer.zero_grad()
            loss = loss_function(model(X), y)
            loss.backward()
            optimizer.step()
        return loss.item()

    return run


def measure(hidden: int, rounds: int) -> None:
    """Print the table for networks of one width."""
    setups: dict[str, Callable[[], Callable[[], float]]] = {
        "hw2": partial(ours, hidden),
        "hw2, gradients with a graph": partial(ours, hidden, create_graph=True),
    }
    baseline = "hw2"
    if find_spec("torch"):
        apart = abs(ours(hidden, 0.0, CHECKED)() / theirs(hidden, 0.0, CHECKED)() - 1)
        if not apart <= AGREEMENT:
            raise ArithmeticError(f"after {CHECKED} steps the losses differ by {apart:.1e}")
        setups["PyTorch"] = partial(theirs, hidden)
        baseline = "PyTorch"
    title = f"{STEPS} steps of MLPResNet(784, {hidden}), batch {BATCH}, Adam"
    timing.show(title, timing.interleave(setups, rounds=rounds), baseline)


def main(argv: list[str] | None = None) -> int:
    """Print the tables; `--rounds` sets how often each candidate runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args(argv).rounds
    for hidden in (100, 400):
        measure(hidden, rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
