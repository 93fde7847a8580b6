"""Question `cuda`: larger work and odd layouts on a GPU."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of

helpers = helpers_of(__file__)


def strided(kernels, x, index):
    """Return the view of x[index] on the GPU, and the same of NumPy."""
    part = x[index]
    first = part.__array_interface__["data"][0] - x.__array_interface__["data"][0]
    strides = tuple(step // x.itemsize for step in part.strides)
    view = kernels.from_numpy(x, True)
    return view.restride(part.shape, strides, first // x.itemsize), part


@pytest.mark.points(1, part="cuda", needs="cuda", hidden=True)
def test_tiles(stage, judge, rng):
    kernels = stage.cuda().kernels
    side = kernels.TILE
    m, n, p = (side * int(size) for size in (*rng.permutation([1, 3, 5])[:2], rng.integers(17, 40)))
    x = rng.standard_normal((m, n)).astype(np.float32)
    y = rng.standard_normal((n, p)).astype(np.float32)
    result = helpers.tiled_product(kernels, x, y)
    judge.close("tiles", result, want=lambda: helpers.in_tiles(x @ y, side), rtol=1e-4, atol=1e-4)


@pytest.mark.points(1, part="cuda", needs="cuda", hidden=True)
def test_elementwise(stage, judge, rng):
    kernels = stage.cuda().kernels
    x = rng.standard_normal(rng.integers(10, 20, 3))
    view, part = strided(
        kernels, x, (slice(None, None, -1), slice(1, None, 2), slice(None, None, 3))
    )
    judge.close("with steps", kernels.negative(view), want=lambda: -part)
    point, number = strided(kernels, x, (3, 4, 5, ...))
    judge.close("0-d", kernels.multiply_scalar(point, 2.5), want=lambda: number * 2.5)
    condition, other = rng.random(x.shape) < 0.5, rng.standard_normal(x.shape[1:])
    views = [kernels.from_numpy(y, True) for y in (condition, x, other)]
    judge.close("where", kernels.where(*views), want=lambda: np.where(condition, x, other))


@pytest.mark.points(1, part="cuda", needs="cuda", hidden=True)
def test_transpose(stage, judge, rng):
    x = rng.standard_normal((3, *rng.integers(30, 80, 2)))
    _, m, n = x.shape
    kernels = stage.cuda().kernels
    back = kernels.from_numpy(x, True).restride((3, n, m), (-m * n, 1, n), 2 * m * n)
    turned = kernels.copy(back)
    judge.close("of several matrices", turned, want=lambda: x[::-1].transpose(0, 2, 1))


@pytest.mark.points(0.5, part="cuda", needs="cuda", hidden=True)
@pytest.mark.parametrize("case", ["long rows", "long columns", "steps"])
def test_reductions(stage, judge, rng, case):
    kernels = stage.cuda().kernels
    many = int(rng.integers(3000, 5000))
    shape = {"long rows": (3, many), "long columns": (many, 5), "steps": (many // 20, 40)}[case]
    index = np.s_[::-2, ::3] if case == "steps" else ...
    view, part = strided(kernels, rng.standard_normal(shape), index)
    for axis in (0, 1):
        total = kernels.sum(view, (axis,), False)
        judge.close(f"sum over {axis}", total, want=lambda axis=axis: part.sum(axis))
        smallest = kernels.min(view, (axis,), False)
        judge.close(f"min over {axis}", smallest, want=lambda axis=axis: part.min(axis))


@pytest.mark.points(0.5, part="cuda", needs="cuda", hidden=True)
def test_running_products(stage, judge, rng):
    x = rng.integers(-(2**31), 2**31, rng.integers(10, 30, 2), np.int32)
    kernels = stage.cuda().kernels
    view, part = strided(kernels, x, np.s_[:, ::-1])
    for axis in (0, 1):
        products = kernels.cumulative_prod(view, axis)
        judge.close(f"along {axis}", products, want=lambda axis=axis: part.cumprod(axis))
