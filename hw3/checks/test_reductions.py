"""Question `reductions`: sums, extremes, their places and running sums on the device in C++."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of

helpers = helpers_of(__file__)


def some_numbers(rng, axes, dtype="float64"):
    return (10 * rng.standard_normal(rng.integers(3, 20, axes))).astype(dtype)


AXES = {
    "last axis": (2,),
    "first axis": (0,),
    "middle axis": (1,),
    "two axes": (0, 2),
    "all axes": (0, 1, 2),
}


@pytest.mark.points(3, part="reductions")
@pytest.mark.parametrize("axis", AXES)
def test_sum(stage, judge, rng, axis):
    x = some_numbers(rng, 3, "float32")
    exact = x.astype(np.float64)
    close = {"rtol": 1e-4, "atol": 1e-3}
    kernels = stage.module("_cpu")
    a = helpers.view_of(kernels, x)
    kept = kernels.sum(a, AXES[axis], True)
    judge.close("kept", kept, want=lambda: total(exact, AXES[axis], True), **close)
    dropped = kernels.sum(a, AXES[axis], False)
    judge.close("dropped", dropped, want=lambda: total(exact, AXES[axis], False), **close)


def total(x, axis, keepdims):
    return x.sum(axis, keepdims=keepdims).astype(np.float32)


@pytest.mark.points(2, part="reductions")
@pytest.mark.parametrize("axis", ["last axis", "first axis", "two axes", "all axes"])
def test_extremes(stage, judge, rng, axis):
    kernels = stage.module("_cpu")
    for dtype in ("float64", "int32"):
        x = some_numbers(rng, 3, dtype)
        a = helpers.view_of(kernels, x)
        largest = kernels.max(a, AXES[axis], False)
        judge.close(f"max of {dtype}", largest, want=lambda x=x: x.max(AXES[axis]))
        smallest = kernels.min(a, AXES[axis], False)
        judge.close(f"min of {dtype}", smallest, want=lambda x=x: x.min(AXES[axis]))


@pytest.mark.points(2, part="reductions")
@pytest.mark.parametrize("axis", [0, 1, 2], ids=["first axis", "middle axis", "last axis"])
def test_places_of_extremes(stage, judge, rng, axis):
    x = some_numbers(rng, 3)
    kernels = stage.module("_cpu")
    a = helpers.view_of(kernels, x)
    judge.close("argmax", kernels.argmax(a, axis), want=lambda: x.argmax(axis))
    judge.close("argmin", kernels.argmin(a, axis), want=lambda: x.argmin(axis))


@pytest.mark.points(2, part="reductions")
@pytest.mark.parametrize("axis", [0, 1, 2], ids=["first axis", "middle axis", "last axis"])
def test_running(stage, judge, rng, axis):
    x = some_numbers(rng, 3)
    kernels = stage.module("_cpu")
    sums = kernels.cumulative_sum(helpers.view_of(kernels, x), axis)
    judge.close("sums", sums, want=lambda: x.cumsum(axis))
    near_one = 1 + x / 100
    products = kernels.cumulative_prod(helpers.view_of(kernels, near_one), axis)
    judge.close("products", products, want=lambda: near_one.cumprod(axis))
