"""Reductions of hw3's C++ device, against NumPy and PyTorch."""

from __future__ import annotations

import sys

from workloads import Shape, Workload, main


def reductions(
    name: str, shape: Shape, axes: tuple[int, ...], must: float | None = None
) -> list[Workload]:
    """Return the sum and the largest element over `axes`."""
    largest = {"PyTorch": f"xp.amax(a, dim={axes})"}
    return [
        Workload(f"sum {name}", shape, f"xp.sum(a, axis={axes})", must),
        Workload(f"max {name}", shape, f"xp.max(a, axis={axes})", must, others=largest),
    ]


WORKLOADS = [
    *reductions("over the last axis", (4096, 4096), (1,), 1.1),
    *reductions("over all", (4096, 4096), (0, 1), 1.1),
    *reductions("over the first axis", (4096, 4096), (0,), 0.7),
    *reductions("for each channel of images", (64, 128, 28, 28), (0, 2, 3)),
    *reductions("of 100,000 rows of 10", (100_000, 10), (1,)),
]

if __name__ == "__main__":
    sys.exit(main(WORKLOADS, "Reductions, float32; matrices of 4096 x 4096"))
