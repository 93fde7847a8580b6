"""Question `cpu_kernels`: large, odd and overlapping operands on the device in C++."""

import numpy as np
import pytest


def on_cpu(stage, x):
    """Return an array over the memory of `x`, whatever its strides, on the device in C++."""
    return stage.asarray(x, device=stage.cpu())


def some_sizes(rng, count, low=3, high=9):
    return tuple(rng.integers(low, high, count).tolist())


@pytest.mark.points(2, part="cpu_kernels", hidden=True)
@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0)], ids=["last first", "first last"])
def test_many_elements(stage, judge, rng, order):
    shape = (*some_sizes(rng, 2, 60, 90), *some_sizes(rng, 1, 30, 40))
    x = rng.standard_normal(shape).astype(np.float32).transpose(order)
    y = rng.standard_normal(x.shape).astype(np.float32)
    a, b = on_cpu(stage, x), on_cpu(stage, y)
    judge.close("difference", b - a, want=lambda: y - x)
    judge.close("copy", stage.astype(a, np.float32, copy=True), want=lambda: x)
    judge.close("with steps", on_cpu(stage, y[::2, :, ::3]) * 0.5, want=lambda: y[::2, :, ::3] / 2)


@pytest.mark.points(1.5, part="cpu_kernels", hidden=True)
@pytest.mark.parametrize("dtype", ["float64", "int64", "uint8"])
def test_shapes(stage, judge, rng, dtype):
    m, n = some_sizes(rng, 2, 5, 20)
    x = (50 * rng.random((m, 1, 1, n))).astype(dtype)
    y = (50 * rng.random((4, n, 1))).astype(dtype)
    a, b = on_cpu(stage, x), on_cpu(stage, y)
    judge.close("repeated axes", a * b - a, want=lambda: x * y - x)  # uint8 wraps around
    z = x[1, 0, 0, 2, ...]
    number = on_cpu(stage, z)
    judge.close("0-d", number - b, want=lambda: z - y)
    judge.close("both 0-d", number * number, want=lambda: z * z)
    judge.close("no elements", a * on_cpu(stage, y[:, :0]), want=lambda: x * y[:, :0])
    judge.raises("sizes that differ", ValueError, lambda: b * on_cpu(stage, y[:, 1:]))


PLACES = {
    "shifted": (np.s_[2:], np.s_[:-2]),
    "turned around": (np.s_[:], np.s_[::-1, ::-1]),
}


@pytest.mark.points(1, part="cpu_kernels", hidden=True)
@pytest.mark.parametrize("case", PLACES)
def test_assign_to_itself(stage, judge, rng, case):
    x = rng.standard_normal(some_sizes(rng, 2, 20, 60))
    before = x.copy()
    target, source = (on_cpu(stage, x[index]) for index in PLACES[case])
    stage.cpu().assign(target._view, source._view)
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
    target = on_cpu(stage, x[:, ::2])
    stage.cpu().assign(target._view, on_cpu(stage, source.T)._view)
    judge.close("the whole array", x, want=lambda: converted(before, source))
    shared = on_cpu(stage, np.broadcast_to(source[0], (n, m)))._view  # is read-only
    judge.raises("into repeated rows", ValueError, lambda: stage.cpu().assign(shared, shared))


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
    i, j = (on_cpu(stage, y)._view for y in (first, second))
    if case == "blocks":
        gathered = stage.cpu().gather(on_cpu(stage, x[..., ::2])._view, [i])
        judge.close("gathered", gathered, want=lambda: x[..., ::2][first])
    elif case == "elements":
        gathered = stage.cpu().gather(on_cpu(stage, x[..., ::-1])._view, [i, j])
        judge.close("gathered", gathered, want=lambda: x[..., ::-1][first, second])
    else:  # places that are chosen twice take both
        before, values = x.copy(), rng.standard_normal((k, 2)).T
        stage.cpu().scatter_add(on_cpu(stage, x)._view, [i, j], on_cpu(stage, values)._view)
        judge.close("the array", x, want=lambda: added(before, (first, second), values))


def added(x, index, values):
    result = x.copy()
    np.add.at(result, index, values)
    return result
