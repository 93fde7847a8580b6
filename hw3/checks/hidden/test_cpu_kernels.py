"""Question `cpu_kernels`: large, odd and overlapping operands on the device in C++."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(2, part="cpu_kernels", hidden=True)
@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0)], ids=["last first", "first last"])
def test_many_elements(stage, judge, rng, order):
    shape = (*helpers.some_sizes(rng, 2, 60, 90), *helpers.some_sizes(rng, 1, 30, 40))
    x = rng.standard_normal(shape).astype(np.float32).transpose(order)
    y = rng.standard_normal(x.shape).astype(np.float32)
    kernels = stage.module("_cpu")
    a, b = helpers.view_of(kernels, x), helpers.view_of(kernels, y)
    judge.close("difference", kernels.subtract(b, a), want=lambda: y - x)
    judge.close("copy", kernels.copy(a), want=lambda: x)
    halves = kernels.multiply_scalar(helpers.view_of(kernels, y[::2, :, ::3]), 0.5)
    judge.close("with steps", halves, want=lambda: y[::2, :, ::3] / 2)


@pytest.mark.points(1.5, part="cpu_kernels", hidden=True)
@pytest.mark.parametrize("dtype", ["float64", "int64", "uint8"])
def test_shapes(stage, judge, rng, dtype):
    m, n = helpers.some_sizes(rng, 2, 5, 20)
    x = (50 * rng.random((m, 1, 1, n))).astype(dtype)
    y = (50 * rng.random((4, n, 1))).astype(dtype)
    kernels = stage.module("_cpu")
    a, b = helpers.view_of(kernels, x), helpers.view_of(kernels, y)
    products = kernels.multiply(a, b)
    judge.close("repeated axes", products, want=lambda: x * y)  # uint8 wraps around
    judge.close("of the result", kernels.subtract(products, a), want=lambda: x * y - x)
    z = x[1, 0, 0, 2, ...]
    number = helpers.view_of(kernels, z)
    judge.close("0-d", kernels.subtract(number, b), want=lambda: z - y)
    judge.close("both 0-d", kernels.multiply(number, number), want=lambda: z * z)
    empty = helpers.view_of(kernels, y[:, :0])
    judge.close("no elements", kernels.multiply(a, empty), want=lambda: x * y[:, :0])
    shorter = helpers.view_of(kernels, y[:, 1:])
    judge.raises("sizes that differ", ValueError, lambda: kernels.multiply(b, shorter))


PLACES = {
    "shifted": (np.s_[2:], np.s_[:-2]),
    "turned around": (np.s_[:], np.s_[::-1, ::-1]),
}


@pytest.mark.points(1, part="cpu_kernels", hidden=True)
@pytest.mark.parametrize("case", PLACES)
def test_assign_to_itself(stage, judge, rng, case):
    x = rng.standard_normal(helpers.some_sizes(rng, 2, 20, 60))
    before = x.copy()
    kernels = stage.module("_cpu")
    target, source = PLACES[case]
    kernels.assign(helpers.view_of(kernels, x[target]), helpers.view_of(kernels, x[source]))
    judge.close("the whole array", x, want=lambda: oracles.replaced(before, target, before[source]))


@pytest.mark.points(1, part="cpu_kernels", hidden=True)
def test_assign_converts(stage, judge, rng):
    m, n = helpers.some_sizes(rng, 2, 20, 60)
    source = 100 * rng.standard_normal((n, m))
    x = rng.integers(-99, 99, (m, 2 * n), np.int32)
    before = x.copy()
    kernels = stage.module("_cpu")
    kernels.assign(helpers.view_of(kernels, x[:, ::2]), helpers.view_of(kernels, source.T))
    judge.close(
        "the whole array",
        x,
        want=lambda: oracles.replaced(before, np.s_[:, ::2], source.T.astype(np.int32)),
    )
    shared = helpers.view_of(kernels, np.broadcast_to(source[0], (n, m)))  # is read-only
    judge.raises("into repeated rows", ValueError, lambda: kernels.assign(shared, shared))


@pytest.mark.points(1.5, part="cpu_kernels", hidden=True)
@pytest.mark.parametrize("case", ["blocks", "elements", "added"])
def test_indices(stage, judge, rng, case):
    m, n, k = helpers.some_sizes(rng, 3, 4, 9)
    x = rng.standard_normal((n, m, k)).transpose(1, 0, 2)
    first, second = rng.integers(-m, m, (3, 2)), rng.integers(-n, n, (3, 2))
    kernels = stage.module("_cpu")
    i, j = helpers.view_of(kernels, first), helpers.view_of(kernels, second)
    if case == "blocks":
        gathered = kernels.gather(helpers.view_of(kernels, x[..., ::2]), [i])
        judge.close("gathered", gathered, want=lambda: x[..., ::2][first])
    elif case == "elements":
        gathered = kernels.gather(helpers.view_of(kernels, x[..., ::-1]), [i, j])
        judge.close("gathered", gathered, want=lambda: x[..., ::-1][first, second])
    else:  # places that are chosen twice take both
        before, values = x.copy(), rng.standard_normal((k, 2)).T
        kernels.scatter_add(helpers.view_of(kernels, x), [i, j], helpers.view_of(kernels, values))
        judge.close("the array", x, want=lambda: added(before, (first, second), values))


def added(x, index, values):
    result = x.copy()
    np.add.at(result, index, values)
    return result
