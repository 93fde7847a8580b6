"""Question `reductions`: views, long axes and corners on the device in C++."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of

helpers = helpers_of(__file__)


def some_numbers(rng, axes, dtype="float64"):
    return (10 * rng.standard_normal(rng.integers(5, 20, axes))).astype(dtype)


VIEWS = {
    "backwards": lambda x: x[::-1, :, ::-1],
    "steps": lambda x: x[1::2, ::2, ::3],
    "an axis repeated": lambda x: np.broadcast_to(x[:, :1], x.shape),
}


@pytest.mark.points(1.5, part="reductions", hidden=True)
@pytest.mark.parametrize("view", VIEWS)
def test_views(stage, judge, rng, view):
    x = VIEWS[view](some_numbers(rng, 3))
    kernels = stage.module("_cpu")
    a = helpers.view_of(kernels, x)
    for axes in [(0,), (1,), (2,), (1, 2), (0, 2)]:
        total = kernels.sum(a, axes, False)
        judge.close(f"sum over {axes}", total, want=lambda axes=axes: x.sum(axes))
        largest = kernels.max(a, axes, False)
        judge.close(f"max over {axes}", largest, want=lambda axes=axes: x.max(axes))


@pytest.mark.points(1.5, part="reductions", hidden=True)
@pytest.mark.parametrize("case", ["along", "across", "all"])
def test_many_elements(stage, judge, rng, case):
    length = int(rng.integers(40_000, 60_000))
    shape = {"along": (2, length), "across": (length // 8, 11), "all": (length // 7, 7)}[case]
    x = rng.random(shape)
    axes = {"along": (1,), "across": (0,), "all": (0, 1)}[case]
    kernels = stage.module("_cpu")
    a = helpers.view_of(kernels, x)
    judge.close("sum", kernels.sum(a, axes, False), want=lambda: x.sum(axes))
    every_third = kernels.sum(helpers.view_of(kernels, x[::3, ::2]), axes, False)
    judge.close("sum with steps", every_third, want=lambda: x[::3, ::2].sum(axes))
    judge.close("min", kernels.min(a, axes, False), want=lambda: x.min(axes))


@pytest.mark.points(1, part="reductions", hidden=True)
def test_whole_numbers(stage, judge, rng):
    x = rng.integers(-(2**62), 2**62, rng.integers(5, 20, 2))
    kernels = stage.module("_cpu")
    a = helpers.view_of(kernels, x)
    sums, products = kernels.sum(a, (0,), False), kernels.prod(a, (1,), False)
    judge.close("sums wrap around", sums, want=lambda: x.sum(0))
    judge.close("products wrap around", products, want=lambda: x.prod(1))
    y = rng.random(x.shape) < 0.5
    trues = kernels.sum(helpers.view_of(kernels, y), (1,), False)
    judge.close("number of trues", trues, want=lambda: y.sum(1))
    z = rng.integers(-99, 99, (4, *rng.integers(200, 900, 1), 3), np.int32)
    sums = kernels.sum(helpers.view_of(kernels, z), (1,), False)
    judge.close("sums of int32", sums, want=lambda: z.sum(1, dtype=np.int64))


@pytest.mark.points(0.5, part="reductions", hidden=True)
def test_no_elements(stage, judge, rng):
    x = some_numbers(rng, 2)
    kernels = stage.module("_cpu")
    some, nothing = helpers.view_of(kernels, x), helpers.view_of(kernels, x[:, :0])
    judge.close("of some elements", kernels.sum(some, (1,), False), want=lambda: x.sum(1))
    judge.close("sums", kernels.sum(nothing, (1,), False), want=lambda: np.zeros(len(x)))
    judge.close("products", kernels.prod(nothing, (1,), False), want=lambda: np.ones(len(x)))
    judge.raises("max", ValueError, lambda: kernels.max(nothing, (1,), False))


@pytest.mark.points(1, part="reductions", hidden=True)
@pytest.mark.parametrize("case", ["first of equals", "nan", "long lines"])
def test_places_of_extremes(stage, judge, rng, case):
    x = np.floor(some_numbers(rng, 2) / 4)
    if case == "nan":
        x[rng.integers(0, 3), rng.integers(0, 3, 2)] = np.nan
    elif case == "long lines":
        x = np.floor(rng.random((4, 5000)) * 800)[:, ::2]
    kernels = stage.module("_cpu")
    for axis in (0, 1):
        places = kernels.argmax(helpers.view_of(kernels, x), axis)
        judge.close(f"argmax over {axis}", places, want=lambda axis=axis: x.argmax(axis))
        places = kernels.argmin(helpers.view_of(kernels, x[:, ::-1]), axis)
        judge.close(f"argmin over {axis}", places, want=lambda axis=axis: x[:, ::-1].argmin(axis))


@pytest.mark.points(0.5, part="reductions", hidden=True)
def test_running(stage, judge, rng):
    x = some_numbers(rng, 3, "int32")[:, ::-2].transpose(2, 0, 1)
    kernels = stage.module("_cpu")
    for axis in range(3):
        sums = kernels.cumulative_sum(helpers.view_of(kernels, x), axis)
        judge.close(f"sums along {axis}", sums, want=lambda axis=axis: x.cumsum(axis))
