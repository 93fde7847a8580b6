"""Question `reductions`: views, long axes and corners on the device in C++."""

import numpy as np
import pytest


def on_cpu(stage, x):
    """Return an array over the memory of `x`, whatever its strides, on the device in C++."""
    return stage.asarray(x, device=stage.cpu())


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
    for axis in (0, 1, 2, (1, 2), (0, 2)):
        total = on_cpu(stage, x).sum(axis)
        judge.close(f"sum over {axis}", total, want=lambda axis=axis: x.sum(axis))
        largest = on_cpu(stage, x).max(axis)
        judge.close(f"max over {axis}", largest, want=lambda axis=axis: x.max(axis))


@pytest.mark.points(1.5, part="reductions", hidden=True)
@pytest.mark.parametrize("case", ["along", "across", "all"])
def test_many_elements(stage, judge, rng, case):
    length = int(rng.integers(40_000, 60_000))
    shape = {"along": (2, length), "across": (length // 8, 11), "all": (length // 7, 7)}[case]
    x = rng.random(shape)
    axis = {"along": 1, "across": 0, "all": None}[case]
    total = on_cpu(stage, x).sum(axis)
    judge.close("sum", total, want=lambda: x.sum(axis))
    every_third = on_cpu(stage, x[::3, ::2]).sum(axis)
    judge.close("sum with steps", every_third, want=lambda: x[::3, ::2].sum(axis))
    judge.close("min", stage.min(on_cpu(stage, x), axis=axis), want=lambda: x.min(axis))


@pytest.mark.points(1, part="reductions", hidden=True)
def test_whole_numbers(stage, judge, rng):
    x = rng.integers(-(2**62), 2**62, rng.integers(5, 20, 2))
    sums, products = on_cpu(stage, x).sum(0), stage.prod(on_cpu(stage, x), axis=1)
    judge.close("sums wrap around", sums, want=lambda: x.sum(0))
    judge.close("products wrap around", products, want=lambda: x.prod(1))
    y = rng.random(x.shape) < 0.5
    judge.close("number of trues", on_cpu(stage, y).sum(1), want=lambda: y.sum(1))
    z = rng.integers(-99, 99, (4, *rng.integers(200, 900, 1), 3), np.int32)
    judge.close("sums of int32", on_cpu(stage, z).sum(1), want=lambda: z.sum(1, dtype=np.int64))


@pytest.mark.points(0.5, part="reductions", hidden=True)
def test_no_elements(stage, judge, rng):
    x = some_numbers(rng, 2)
    judge.close("of some elements", on_cpu(stage, x).sum(1), want=lambda: x.sum(1))
    nothing = on_cpu(stage, x[:, :0])
    judge.close("sums", nothing.sum(1), want=lambda: np.zeros(len(x)))
    judge.close("products", stage.prod(nothing, axis=1), want=lambda: np.ones(len(x)))
    judge.raises("max", ValueError, lambda: nothing.max(1))


@pytest.mark.points(1, part="reductions", hidden=True)
@pytest.mark.parametrize("case", ["first of equals", "nan", "long lines"])
def test_places_of_extremes(stage, judge, rng, case):
    x = np.floor(some_numbers(rng, 2) / 4)
    if case == "nan":
        x[rng.integers(0, 3), rng.integers(0, 3, 2)] = np.nan
    elif case == "long lines":
        x = np.floor(rng.random((4, 5000)) * 800)[:, ::2]
    for axis in (0, 1):
        places = stage.cpu().argmax(on_cpu(stage, x)._view, axis)
        judge.close(f"argmax over {axis}", places, want=lambda axis=axis: x.argmax(axis))
        places = stage.cpu().argmin(on_cpu(stage, x[:, ::-1])._view, axis)
        judge.close(f"argmin over {axis}", places, want=lambda axis=axis: x[:, ::-1].argmin(axis))


@pytest.mark.points(0.5, part="reductions", hidden=True)
def test_running(stage, judge, rng):
    x = some_numbers(rng, 3, "int32")[:, ::-2].transpose(2, 0, 1)
    for axis in range(3):
        sums = stage.cumulative_sum(on_cpu(stage, x), axis=axis)
        judge.close(f"sums along {axis}", sums, want=lambda axis=axis: x.cumsum(axis))
