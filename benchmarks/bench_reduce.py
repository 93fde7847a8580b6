"""Reductions of the C++ device, float32, against NumPy and PyTorch on one thread."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import timing

timing.use_one_thread()  # before NumPy is imported

import numpy as np  # noqa: E402

SQUARE = (4096, 4096)
WORKLOADS: dict[str, tuple[str, tuple[int, ...], tuple[int, ...]]] = {  # function, shape, axes
    "sum over the last axis": ("sum", SQUARE, (1,)),
    "sum over all axes": ("sum", SQUARE, (0, 1)),
    "sum over the first axis": ("sum", SQUARE, (0,)),
    "max over the last axis": ("max", SQUARE, (1,)),
    "max over all axes": ("max", SQUARE, (0, 1)),
    "max over the first axis": ("max", SQUARE, (0,)),
    "sum of images for each channel": ("sum", (64, 128, 28, 28), (0, 2, 3)),
    "max of scores for each of many rows": ("max", (100_000, 10), (1,)),
}
TORCH = {"sum": "sum", "max": "amax"}


def numbers(shape: tuple[int, ...]) -> Any:
    """Return the array that is reduced."""
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def in_numpy(workload: str) -> Callable[[], Any]:
    """Return a function that reduces with NumPy."""
    name, shape, axes = WORKLOADS[workload]
    return partial(getattr(np, name), numbers(shape), axis=axes)


def in_torch(workload: str) -> Callable[[], Any]:
    """Return a function that reduces with PyTorch."""
    import torch

    torch.set_num_threads(1)
    name, shape, axes = WORKLOADS[workload]
    return partial(getattr(torch, TORCH[name]), torch.from_numpy(numbers(shape)), dim=axes)


def in_hw3(workload: str) -> Callable[[], Any]:
    """Return a function that reduces with hw3's C++ device."""
    import needle_hw3 as nd

    nd.set_num_threads(1)
    name, shape, axes = WORKLOADS[workload]
    array = nd.asarray(numbers(shape), device=nd.cpu())
    return partial(getattr(nd, name), array, axis=axes)


def main() -> int:
    """Print a table for each workload; 0 if the results agree."""
    for workload in WORKLOADS:
        setups = {
            "PyTorch": partial(in_torch, workload),
            "NumPy": partial(in_numpy, workload),
            "hw3": partial(in_hw3, workload),
        }
        results = [np.asarray(setup()()) for setup in setups.values()]
        for result in results:
            np.testing.assert_allclose(result, results[0], rtol=1e-4, atol=0.1)
        timings = timing.interleave(setups, rounds=15, warmup=2)
        timing.show(f"{workload}, {WORKLOADS[workload][1]}", timings, baseline="PyTorch")
    return 0


if __name__ == "__main__":
    sys.exit(main())
