"""Question `cuda`: kernels on a GPU."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of

helpers = helpers_of(__file__)


def some_numbers(rng, axes, dtype="float32", high=60):
    return (10 * rng.standard_normal(rng.integers(5, high, axes))).astype(dtype)


@pytest.mark.points(3, part="cuda", needs="cuda")
@pytest.mark.parametrize("case", ["one tile", "square"])
def test_tiles(stage, judge, rng, case):
    kernels = stage.cuda().kernels
    side = kernels.TILE
    m = side if case == "one tile" else side * int(rng.integers(2, 9))
    x, y = rng.standard_normal((2, m, m)).astype(np.float32)
    result = helpers.tiled_product(kernels, x, y)
    judge.close("tiles", result, want=lambda: helpers.in_tiles(x @ y, side), rtol=1e-4, atol=1e-4)


@pytest.mark.points(2, part="cuda", needs="cuda")
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_elementwise(stage, judge, rng, dtype):
    x = some_numbers(rng, 2, dtype)
    kernels = stage.cuda().kernels
    a = kernels.from_numpy(x, True)
    times_3, from_7 = kernels.multiply_scalar(a, 3), kernels.subtract_scalar(a, 7, True)
    judge.close("times a number", times_3, want=lambda: x * x.dtype.type(3))
    judge.close("a number minus it", from_7, want=lambda: 7 - x)
    judge.close("comparison", kernels.greater_scalar(a, 1), want=lambda: x > 1)
    judge.close("converted", kernels.cast(a, "int64"), want=lambda: x.astype(np.int64))


@pytest.mark.points(2, part="cuda", needs="cuda")
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_transpose(stage, judge, rng, dtype):
    x = np.abs(some_numbers(rng, 2, dtype, 90)) if dtype != "uint8" else bytes_of(rng)
    m, n = x.shape
    kernels = stage.cuda().kernels
    transposed = kernels.from_numpy(x, True).restride((n, m), (1, n), 0)
    judge.close("copy", kernels.copy(transposed), want=lambda: x.T)


def bytes_of(rng):
    return rng.integers(0, 256, rng.integers(20, 90, 2), np.uint8)


@pytest.mark.points(2, part="cuda", needs="cuda")
@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)], ids=["columns", "rows", "all"])
def test_reductions(stage, judge, rng, axes):
    x = some_numbers(rng, 2, "float64", 200)
    kernels = stage.cuda().kernels
    a = kernels.from_numpy(x, True)
    judge.close("sum", kernels.sum(a, axes, False), want=lambda: x.sum(axes))
    judge.close("max", kernels.max(a, axes, False), want=lambda: x.max(axes))


@pytest.mark.points(2, part="cuda", needs="cuda")
@pytest.mark.parametrize("axis", [0, 1], ids=["down", "along"])
def test_running_sums(stage, judge, rng, axis):
    x = some_numbers(rng, 2, "float64", 30)
    kernels = stage.cuda().kernels
    sums = kernels.cumulative_sum(kernels.from_numpy(x, True), axis)
    judge.close("sums", sums, want=lambda: x.cumsum(axis))
