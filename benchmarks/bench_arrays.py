"""Elementwise operations and copies of hw3's C++ device, against NumPy and PyTorch."""

from __future__ import annotations

import sys

from workloads import Workload, main

MATRIX = (4096, 4096)
RELU = {"PyTorch": "xp.relu(a)"}


def of_size(name: str, size: int, must: float) -> list[Workload]:
    """Return the cheapest operations on `size` elements."""
    shape = (size,)
    return [
        Workload(f"add {name}", shape, "a + b", must, b=shape),
        Workload(f"multiply {name}", shape, "a * b", must, b=shape),
        Workload(f"relu {name}", shape, "xp.maximum(a, 0)", must, others=RELU),
    ]


WORKLOADS = [
    *of_size("1e3", 1_000, 0.5),
    *of_size("1e5", 100_000, 1.0),
    *of_size("1e7", 10_000_000, 1.0),
    Workload("exp 1e7", (10_000_000,), "xp.exp(a)", 0.6),
    Workload("tanh 1e7", (10_000_000,), "xp.tanh(a)", 0.5),
    Workload("tanh(a * b + a) * 2 1e7", (10_000_000,), "xp.tanh(a * b + a) * 2", b=(10_000_000,)),
    Workload("matrix + row", MATRIX, "a + b", 1.0, b=(4096,)),
    Workload("matrix + transpose", MATRIX, "a + b.T", 1.0, b=MATRIX),
    Workload(
        "copy of a transpose",
        MATRIX,
        "a.T.compact()",
        0.8,
        others={"PyTorch": "a.T.contiguous()", "NumPy": "xp.ascontiguousarray(a.T)"},
    ),
    # What a call costs: there is next to nothing to calculate.
    *(
        Workload(f"10 elements: {expression}", (10,), expression, b=(10,))
        for expression in (
            "a + b",
            "a * 2.0",
            "xp.exp(a)",
            "a.sum()",
            "a[1:5]",
            "a.reshape((2, 5))",
        )
    ),
    Workload("10 elements: a.T", (2, 5), "a.T"),
]

if __name__ == "__main__":
    sys.exit(main(WORKLOADS, "Elementwise operations and copies, float32"))
