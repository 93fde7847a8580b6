"""Matrix products of hw3's C++ device, against NumPy and PyTorch."""

from __future__ import annotations

import sys

from workloads import Shape, Workload, main


def product(name: str, a: Shape, b: Shape, must: float, expression: str = "a @ b") -> Workload:
    """Return the product of arrays of shapes a and b."""
    return Workload(name, a, expression, must, b=b)


def square(size: int, must: float) -> Workload:
    """Return the product of two square matrices."""
    return product(f"{size} square", (size, size), (size, size), must)


WORKLOADS = [
    *(square(size, 1.1) for size in (256, 512, 1024, 2048)),
    *(square(size, 1.0) for size in (8, 16, 32, 64)),
    product("127x253x61", (127, 253), (253, 61), 1.0),
    product("509x511x513", (509, 511), (511, 513), 1.0),
    product("tall: 60000x784x100", (60000, 784), (784, 100), 0.95),
    product("X^T dY: 784x60000x100", (60000, 784), (60000, 100), 0.95, "a.T @ b"),
    product("LM head: 640x100x10000", (640, 100), (100, 10000), 0.95),
    product("dY W^T: 640x10000x100", (640, 10000), (100, 10000), 0.95, "a @ b.T"),
    product("X^T dY: 100x640x10000", (640, 100), (640, 10000), 0.95, "a.T @ b"),
    product("matrix 2048 times vector", (2048, 2048), (2048, 1), 1.0),
    product("vector times matrix 2048", (1, 2048), (2048, 2048), 1.0),
    product("64 x (40x16x40)", (64, 40, 16), (64, 16, 40), 1.0),
    product("64 x (128x64x128)", (64, 128, 64), (64, 64, 128), 1.0),
]

if __name__ == "__main__":
    sys.exit(main(WORKLOADS, "Matrix products, float32"))
