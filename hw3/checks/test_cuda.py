"""Question `cuda`: kernels on a GPU."""

import numpy as np
import pytest


def on_gpu(stage, x):
    return stage.asarray(x, device=stage.cuda())


def some_numbers(rng, axes, dtype="float32", high=60):
    return (10 * rng.standard_normal(rng.integers(5, high, axes))).astype(dtype)


@pytest.mark.points(3, part="cuda", needs="cuda")
@pytest.mark.parametrize("case", ["one tile", "square"])
def test_tiles(stage, judge, rng, case):
    kernels, side = stage.cuda().kernels, stage.cuda().__tile_size__
    m = side if case == "one tile" else side * int(rng.integers(2, 9))
    x, y = rng.standard_normal((2, m, m)).astype(np.float32)
    a, b = (on_gpu(stage, in_tiles(matrix, side))._view for matrix in (x, y))
    result = kernels.matmul_tiled(a, b, m, m, m)
    judge.close("tiles", result, want=lambda: in_tiles(x @ y, side), rtol=1e-4, atol=1e-4)


def in_tiles(matrix, side):
    rows, columns = (size // side for size in matrix.shape)
    tiles = matrix.reshape(rows, side, columns, side).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(tiles)


@pytest.mark.points(2, part="cuda", needs="cuda")
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_elementwise(stage, judge, rng, dtype):
    x = some_numbers(rng, 2, dtype)
    a = on_gpu(stage, x)
    judge.close("times a number", a * 3, want=lambda: x * x.dtype.type(3))
    judge.close("a number minus it", 7 - a, want=lambda: 7 - x)
    judge.close("comparison", a > 1, want=lambda: x > 1)
    judge.close("converted", stage.astype(a, np.int64), want=lambda: x.astype(np.int64))


@pytest.mark.points(2, part="cuda", needs="cuda")
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_transpose(stage, judge, rng, dtype):
    x = np.abs(some_numbers(rng, 2, dtype, 90)) if dtype != "uint8" else bytes_of(rng)
    m, n = x.shape
    transposed = on_gpu(stage, x)._view.restride((n, m), (1, n), 0)
    judge.close("copy", stage.cuda().kernels.copy(transposed), want=lambda: x.T)


def bytes_of(rng):
    return rng.integers(0, 256, rng.integers(20, 90, 2), np.uint8)


@pytest.mark.points(2, part="cuda", needs="cuda")
@pytest.mark.parametrize("axis", [0, 1, None], ids=["columns", "rows", "all"])
def test_reductions(stage, judge, rng, axis):
    x = some_numbers(rng, 2, "float64", 200)
    a = on_gpu(stage, x)
    judge.close("sum", a.sum(axis), want=lambda: x.sum(axis))
    judge.close("max", a.max(axis), want=lambda: x.max(axis))


@pytest.mark.points(2, part="cuda", needs="cuda")
@pytest.mark.parametrize("axis", [0, 1], ids=["down", "along"])
def test_running_sums(stage, judge, rng, axis):
    x = some_numbers(rng, 2, "float64", 30)
    sums = stage.cumulative_sum(on_gpu(stage, x), axis=axis)
    judge.close("sums", sums, want=lambda: x.cumsum(axis))
