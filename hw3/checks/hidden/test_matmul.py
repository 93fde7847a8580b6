"""Question `matmul`: large matrices, batches and overflow on the device in C++."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of

helpers = helpers_of(__file__)


LARGE = {"deep": (30, 1300, 40), "broad": (40, 70, 600), "high": (700, 50, 30)}


@pytest.mark.points(2, part="matmul", hidden=True)
@pytest.mark.parametrize("sizes", LARGE)
def test_large_matrices(stage, judge, rng, sizes):
    m, k, n = (size + int(rng.integers(1, 40)) for size in LARGE[sizes])
    x, y = rng.standard_normal((m, k)), rng.standard_normal((k, n))
    judge.close("product", helpers.product(stage, x, y), want=lambda: x @ y)
    turned = helpers.product(stage, y.T, x.T)
    judge.close("of transposed matrices", turned, want=lambda: (x @ y).T)


@pytest.mark.points(1, part="matmul", hidden=True)
@pytest.mark.parametrize("case", ["outer", "repeated", "columns"])
def test_batches(stage, judge, rng, case):
    a, b, m, k, n = rng.integers(2, 8, 5)
    x, y = rng.standard_normal((a, 1, m, k)), rng.standard_normal((b, k, n))
    if case == "repeated":
        x = np.broadcast_to(x, (a, b, m, k))[:, ::-1]
    elif case == "columns":
        y = y[..., :1]
    judge.close("products", helpers.product(stage, x, y), want=lambda: x @ y)


@pytest.mark.points(1.5, part="matmul", hidden=True)
@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_whole_numbers(stage, judge, rng, dtype):
    m, k, n = rng.integers(30, 90, 3) + np.array([0, 0, 256])
    limits = np.iinfo(dtype)
    x = rng.integers(limits.min, limits.max, (k, m), dtype).T
    y = rng.integers(limits.min, limits.max, (k, 2 * n), dtype)[::-1, ::2]
    judge.close("product", helpers.product(stage, x, y), want=lambda: x @ y)


@pytest.mark.points(0.5, part="matmul", hidden=True)
def test_vectors(stage, judge, rng):
    m, n = rng.integers(20, 90, 2)
    x, y = rng.standard_normal((n, m)).T, rng.standard_normal((3 * n, 2))[::3, 1:]
    judge.close("column with steps", helpers.product(stage, x, y), want=lambda: x @ y)
    rows, columns = x[::-1], x[:1].T
    judge.close(
        "one row and column", helpers.product(stage, rows, columns), want=lambda: rows @ columns
    )


@pytest.mark.points(1, part="matmul", hidden=True)
def test_tiles(stage, judge, rng):
    kernels = stage.module("_cpu")
    side = kernels.TILE
    m, n, p = (side * int(size) for size in rng.permutation([1, 2, 3, 5])[:3])
    x = rng.standard_normal((m, n)).astype(np.float32)
    y = rng.standard_normal((n, p)).astype(np.float32)
    result = helpers.tiled_product(kernels, x, y)
    judge.close("tiles", result, want=lambda: helpers.in_tiles(x @ y, side), rtol=1e-4, atol=1e-4)
