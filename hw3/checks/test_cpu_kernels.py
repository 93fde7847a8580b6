"""Question `cpu_kernels`: elementwise operations and copies on the device in C++."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(3, part="cpu_kernels")
@pytest.mark.parametrize("case", ["same shape", "row", "column", "row and column"])
def test_two_arrays(stage, judge, rng, case):
    m, n = helpers.some_sizes(rng, 2, 20, 60)
    shape_a = (m, 1) if case == "row and column" else (m, n)
    shape_b = {"same shape": (m, n), "column": (m, 1)}.get(case, (n,))
    x = rng.standard_normal(shape_a).astype(np.float32)
    y = rng.standard_normal(shape_b).astype(np.float32)
    kernels = stage.module("_cpu")
    a, b = helpers.view_of(kernels, x), helpers.view_of(kernels, y)
    judge.close("difference", kernels.subtract(a, b), want=lambda: x - y)
    judge.close("product", kernels.multiply(b, a), want=lambda: y * x)
    judge.close("comparison", kernels.less(a, b), want=lambda: x < y)


def every_second(x):
    wide = np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)
    wide[1::2] = 99
    return wide[::2, ::3]


def transposed(x):
    return x.T.copy().T


def backwards(x):
    return x[::-1, ::-1]


def repeated(x):
    return np.broadcast_to(x[:, :1], x.shape)


LAYOUTS = {"steps": every_second, "transposed": transposed, "backwards": backwards}


@pytest.mark.points(3, part="cpu_kernels")
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_strided_operands(stage, judge, rng, dtype):
    m, n = helpers.some_sizes(rng, 2, 20, 90)
    x, y = (10 * rng.standard_normal((2, m, n))).astype(dtype)
    kernels = stage.module("_cpu")
    a = helpers.view_of(kernels, x)
    for name, view in [*LAYOUTS.items(), ("repeated", repeated)]:
        z = view(y)
        b = helpers.view_of(kernels, z)
        judge.close(f"minus {name}", kernels.subtract(a, b), want=lambda z=z: x - z)
        times_3 = kernels.multiply_scalar(b, 3)
        judge.close(f"{name} times a number", times_3, want=lambda z=z: z * z.dtype.type(3))


@pytest.mark.points(3, part="cpu_kernels")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_copy(stage, judge, rng, layout):
    m, n = helpers.some_sizes(rng, 2, 20, 90)
    kernels = stage.module("_cpu")
    x = 10 * rng.standard_normal((m, n))
    for dtype in ("float32", "float64", "uint8"):
        y = LAYOUTS[layout](np.abs(x).astype(dtype))
        judge.close(dtype, kernels.copy(helpers.view_of(kernels, y)), want=lambda y=y: y)


@pytest.mark.points(2, part="cpu_kernels")
@pytest.mark.parametrize("layout", ["steps", "transposed", "row repeated"])
def test_assign(stage, judge, rng, layout):
    m, n = helpers.some_sizes(rng, 2, 20, 60)
    x = rng.standard_normal((3 * m, 2 * n)).astype(np.float32)
    before, target = x.copy(), part_of(x, layout)
    shape = target.shape[1:] if layout == "row repeated" else target.shape
    source = rng.standard_normal(shape).astype(np.float32)
    kernels = stage.module("_cpu")
    kernels.assign(helpers.view_of(kernels, target), helpers.view_of(kernels, source))
    judge.close("the whole array", x, want=lambda: assigned(before, layout, source))


def part_of(x, layout):
    return x[1::3, ::2] if layout == "steps" else x[5:, :-9].T


def assigned(x, layout, source):
    result = x.copy()
    part_of(result, layout)[...] = source
    return result


@pytest.mark.points(1, part="cpu_kernels")
@pytest.mark.parametrize("axis", [0, 1], ids=["rows", "columns"])
def test_take(stage, judge, rng, axis):
    x = rng.standard_normal(helpers.some_sizes(rng, 3, 3, 9)).astype(np.float32)
    chosen = rng.integers(-x.shape[axis], x.shape[axis], 12)
    kernels = stage.module("_cpu")
    taken = kernels.take(helpers.view_of(kernels, x), helpers.view_of(kernels, chosen), axis)
    judge.close("taken", taken, want=lambda: x.take(chosen, axis))


@pytest.mark.points(1, part="cpu_kernels")
def test_scatter(stage, judge, rng):
    m, n = helpers.some_sizes(rng, 2, 5, 20)
    x, values = rng.standard_normal((2, m, n)).astype(np.float32)
    chosen = rng.permutation(m)[: m - 2]
    before = x.copy()
    kernels = stage.module("_cpu")
    target, places, rows = (helpers.view_of(kernels, y) for y in (x, chosen, values[: m - 2]))
    kernels.scatter(target, [places], rows)
    judge.close(
        "the whole array", x, want=lambda: oracles.replaced(before, chosen, values[: m - 2])
    )
