"""Question `matmul`: products of matrices on the device in C++."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of

helpers = helpers_of(__file__)


SHAPES = {"small": (5, 20), "wide": (20, 120), "row times column": (1, 2)}


@pytest.mark.points(3, part="matmul")
@pytest.mark.parametrize("sizes", SHAPES)
def test_matrices(stage, judge, rng, sizes):
    m, n = rng.integers(*SHAPES[sizes], 2)
    k = rng.integers(2, 90)
    x, y = rng.standard_normal((m, k)), rng.standard_normal((k, n))
    judge.close("float64", helpers.product(stage, x, y), want=lambda: x @ y)
    x32, y32 = x.astype(np.float32), y.astype(np.float32)
    judge.close(
        "float32", helpers.product(stage, x32, y32), want=lambda: x32 @ y32, rtol=1e-4, atol=1e-4
    )


@pytest.mark.points(2, part="matmul")
@pytest.mark.parametrize("case", ["one each", "one matrix for all"])
def test_batches(stage, judge, rng, case):
    batch, m, k, n = rng.integers(3, 20, 4)
    x = rng.standard_normal((batch, m, k))
    y = rng.standard_normal((batch, k, n) if case == "one each" else (1, k, n))
    judge.close("products", helpers.product(stage, x, y), want=lambda: x @ y)


@pytest.mark.points(2, part="matmul")
@pytest.mark.parametrize("case", ["left transposed", "right transposed", "steps"])
def test_views(stage, judge, rng, case):
    m, k, n = rng.integers(10, 60, 3)
    x, y = rng.standard_normal((2 * m, 3 * k)), rng.standard_normal((3 * k, 2 * n))
    if case == "left transposed":
        x = rng.standard_normal((3 * k, m)).T
    elif case == "right transposed":
        y = rng.standard_normal((n, 3 * k)).T
    else:
        x, y = x[::2, ::-3], y[2::3, ::2]
    judge.close("product", helpers.product(stage, x, y), want=lambda: x @ y)


@pytest.mark.points(1, part="matmul")
@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_whole_numbers(stage, judge, rng, dtype):
    m, k, n = rng.integers(5, 30, 3)
    x, y = (rng.integers(-99, 99, shape).astype(dtype) for shape in [(m, k), (k, n)])
    judge.close("product", helpers.product(stage, x, y), want=lambda: x @ y)


@pytest.mark.points(1, part="matmul")
@pytest.mark.parametrize("case", ["matrix times column", "row times matrix"])
def test_vectors(stage, judge, rng, case):
    m, n = rng.integers(20, 90, 2)
    x, y = rng.standard_normal((m, n)), rng.standard_normal((n, 1))
    if case == "row times matrix":
        x, y = y.T, x.T
    judge.close("product", helpers.product(stage, x, y), want=lambda: x @ y)


@pytest.mark.points(2, part="matmul")
@pytest.mark.parametrize("case", ["one tile", "square"])
def test_tiles(stage, judge, rng, case):
    kernels = stage.module("_cpu")
    side = kernels.TILE
    m = side if case == "one tile" else side * int(rng.integers(2, 6))
    x, y = rng.standard_normal((2, m, m)).astype(np.float32)
    result = helpers.tiled_product(kernels, x, y)
    judge.close("tiles", result, want=lambda: helpers.in_tiles(x @ y, side), rtol=1e-4, atol=1e-4)


@pytest.mark.points(1, part="matmul")
def test_speed(stage, judge, rng):
    seed = int(rng.integers(2**32))

    def matrices():
        draws = np.random.default_rng(seed)
        return tuple(draws.standard_normal((2, 256, 256)))

    judge.speed(
        "a product of 256 x 256",
        lambda x, y: helpers.product(stage, x, y),
        inputs=matrices,
        want=lambda x, y: x @ y,
        ratio={8: 1.0, 20: 0.5},
    )
