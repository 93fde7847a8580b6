"""1,000 operations on 10 elements, forward and backward: the time that a framework adds to each."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import timing

timing.use_one_thread()  # before NumPy is imported

import numpy as np  # noqa: E402

OPERATIONS = 1000
VALUES = np.linspace(0.5, 1.5, 10, dtype=np.float32)


def mixed(x: Any, w: Any, relu: Callable[[Any], Any]) -> Any:
    """Return x after multiplications, additions, scalings and ReLUs in turn."""
    y = x
    for _ in range(OPERATIONS // 4):
        y = relu((y * w + x) * 0.5)
    return y


def additions(x: Any, w: Any, relu: Callable[[Any], Any]) -> Any:  # noqa: ARG001
    """Return x + w + w + ..."""
    for _ in range(OPERATIONS):
        x = x + w
    return x


def multiplications(x: Any, w: Any, relu: Callable[[Any], Any]) -> Any:  # noqa: ARG001
    """Return x w w ..."""
    for _ in range(OPERATIONS):
        x = x * w
    return x


CHAINS = {"mixed": mixed, "additions": additions, "multiplications": multiplications}


def in_needle(package: str, chain: str, *, create_graph: bool = False) -> Callable[[], Any]:
    """Return a function that runs and differentiates a chain with hw1, or with hw4's arrays."""
    ndl = importlib.import_module(package)

    def step() -> Any:
        x, w = ndl.Tensor(VALUES), ndl.Tensor(VALUES)
        CHAINS[chain](x, w, ndl.relu).sum().backward(create_graph=create_graph)
        return x.grad.numpy()

    return step


def in_torch(chain: str) -> Callable[[], Any]:
    """Return a function that runs and differentiates a chain with PyTorch."""
    import torch

    torch.set_num_threads(1)

    def step() -> Any:
        x = torch.tensor(VALUES, requires_grad=True)
        w = torch.tensor(VALUES, requires_grad=True)
        CHAINS[chain](x, w, torch.relu).sum().backward()
        return x.grad.numpy()

    return step


def main() -> int:
    """Print a table for each chain; 0 if the gradients agree."""
    for chain in CHAINS:
        setups = {
            "PyTorch": partial(in_torch, chain),
            "hw1": partial(in_needle, "needle_hw1", chain, create_graph=True),
            "hw1, create_graph=False": partial(in_needle, "needle_hw1", chain),
            "hw4, create_graph=False": partial(in_needle, "needle_hw4", chain),
        }
        results = [setup()() for setup in setups.values()]
        for result in results:
            np.testing.assert_allclose(result, results[0], rtol=1e-4)
        timings = timing.interleave(setups, rounds=25, warmup=3)
        timing.show(f"{chain}: {OPERATIONS} ops on 10 elements", timings, baseline="PyTorch")
    return 0


if __name__ == "__main__":
    sys.exit(main())
