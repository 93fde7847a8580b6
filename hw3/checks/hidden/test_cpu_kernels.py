"""Question `cpu_kernels`: large, odd and overlapping operands on the device in C++."""

import numpy as np
import pytest


def view_of(kernels, x):
    """Return a view, for the kernels in C++, of the memory of `x`, whatever its strides."""
    return kernels.from_numpy(x, False)


def some_sizes(rng, count, low=3, high=9):
    return tuple(rng.integers(low, high, count).tolist())


@pytest.mark.points(2, part="cpu_kernels", hidden=True)
@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0)], ids=["last first", "first last"])
def test_many_elements(stage, judge, rng, order):
    shape = (*some_sizes(rng, 2, 60, 90), *some_sizes(rng, 1, 30, 40))
    x = rng.standard_normal(shape).astype(np.float32).transpose(order)
    y = rng.standard_normal(x.shape).astype(np.float32)
    kernels = stage.module("_cpu")
    a, b = view_of(kernels, x), view_of(kernels, y)
    judge.close("difference", kernels.subtract(b, a), want=lambda: y - x)
    judge.close("copy", kernels.copy(a), want=lambda: x)
    halves = kernels.multiply_scalar(view_of(kernels, y[::2, :, ::3]), 0.5)
    judge.close("with steps", halves, want=lambda: y[::2, :, ::3] / 2)


@pytest.mark.points(1.5, part="cpu_kernels", hidden=True)
@pytest.mark.parametrize("dtype", ["float64", "int64", "uint8"])
def test_shapes(stage, judge, rng, dtype):
    m, n = some_sizes(rng, 2, 5, 20)
    x = (50 * rng.random((m, 1, 1, n))).astype(dtype)
    y = (50 * rng.random((4, n, 1))).astype(dtype)
    kernels = stage.module("_cpu")
    a, b = view_of(kernels, x), view_of(kernels, y)
    products = kernels.multiply(a, b)
    judge.close("repeated axes", products, want=lambda: x * y)  # uint8 wraps around
    judge.close("of the result", kernels.subtract(products, a), want=lambda: x * y - x)
    z = x[1, 0, 0, 2, ...]
    number = view_of(kernels, z)
    judge.close("0-d", kernels.subtract(number, b), want=lambda: z - y)
    judge.close("both 0-d", kernels.multiply(number, number), want=lambda: z * z)
    empty = view_of(kernels, y[:, :0])
    judge.close("no elements", kernels.multiply(a, empty), want=lambda: x * y[:, :0])
    shorter = view_of(kernels, y[:, 1:])
    judge.raises("sizes that differ", ValueError, lambda: kernels.multiply(b, shorter))


PLACES = {
    "shifted": (np.s_[2:], np.s_[:-2]),
    "turned around": (np.s_[:], np.s_[::-1, ::-1]),
}


@pytest.mark.points(1, part="cpu_kernels", hidden=True)
@pytest.mark.parametrize("case", PLACES)
def test_assign_to_itself(stage, judge, rng, case):
    x = rng.standard_normal(some_sizes(rng, 2, 20, 60))
    before = x.copy()
    kernels = stage.module("_cpu")
    kernels.assign(*(view_of(kernels, x[index]) for index in PLACES[case]))
    judge.close("the whole array", x, want=lambda: assigned(before, *PLACES[case]))


def assigned(x, target, source):
    result = x.copy()
    result[target] = x[source]
    return result


@pytest.mark.points(1, part="cpu_kernels", hidden=True)
def test_assign_converts(stage, judge, rng):
    m, n = some_sizes(rng, 2, 20, 60)
    source = 100 * rng.standard_normal((n, m))
    x = rng.integers(-99, 99, (m, 2 * n), np.int32)
    before = x.copy()
    kernels = stage.module("_cpu")
    kernels.assign(view_of(kernels, x[:, ::2]), view_of(kernels, source.T))
    judge.close("the whole array", x, want=lambda: converted(before, source))
    shared = view_of(kernels, np.broadcast_to(source[0], (n, m)))  # is read-only
    judge.raises("into repeated rows", ValueError, lambda: kernels.assign(shared, shared))


def converted(x, source):
    result = x.copy()
    result[:, ::2] = source.T.astype(np.int32)
    return result


@pytest.mark.points(1.5, part="cpu_kernels", hidden=True)
@pytest.mark.parametrize("case", ["blocks", "elements", "added"])
def test_indices(stage, judge, rng, case):
    m, n, k = some_sizes(rng, 3, 4, 9)
    x = rng.standard_normal((n, m, k)).transpose(1, 0, 2)
    first, second = rng.integers(-m, m, (3, 2)), rng.integers(-n, n, (3, 2))
    kernels = stage.module("_cpu")
    i, j = view_of(kernels, first), view_of(kernels, second)
    if case == "blocks":
        gathered = kernels.gather(view_of(kernels, x[..., ::2]), [i])
        judge.close("gathered", gathered, want=lambda: x[..., ::2][first])
    elif case == "elements":
        gathered = kernels.gather(view_of(kernels, x[..., ::-1]), [i, j])
        judge.close("gathered", gathered, want=lambda: x[..., ::-1][first, second])
    else:  # places that are chosen twice take both
        before, values = x.copy(), rng.standard_normal((k, 2)).T
        kernels.scatter_add(view_of(kernels, x), [i, j], view_of(kernels, values))
        judge.close("the array", x, want=lambda: added(before, (first, second), values))


def added(x, index, values):
    result = x.copy()
    np.add.at(result, index, values)
    return result
