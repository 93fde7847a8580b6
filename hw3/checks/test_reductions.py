"""Question `reductions`: sums, extremes, their places and running sums on the device in C++."""

import numpy as np
import pytest


def on_cpu(stage, x):
    """Return an array over the memory of `x`, whatever its strides, on the device in C++."""
    return stage.asarray(x, device=stage.cpu())


def some_numbers(rng, axes, dtype="float64"):
    return (10 * rng.standard_normal(rng.integers(3, 20, axes))).astype(dtype)


AXES = {"last axis": -1, "first axis": 0, "middle axis": 1, "two axes": (0, 2), "all axes": None}


@pytest.mark.points(3, part="reductions")
@pytest.mark.parametrize("axis", AXES)
def test_sum(stage, judge, rng, axis):
    x = some_numbers(rng, 3, "float32")
    exact = x.astype(np.float64)
    close = {"rtol": 1e-4, "atol": 1e-3}
    kept = on_cpu(stage, x).sum(AXES[axis], keepdims=True)
    judge.close("kept", kept, want=lambda: total(exact, AXES[axis], True), **close)
    dropped = on_cpu(stage, x).sum(AXES[axis])
    judge.close("dropped", dropped, want=lambda: total(exact, AXES[axis], False), **close)


def total(x, axis, keepdims):
    return x.sum(axis, keepdims=keepdims).astype(np.float32)


@pytest.mark.points(2, part="reductions")
@pytest.mark.parametrize("axis", ["last axis", "first axis", "two axes", "all axes"])
def test_extremes(stage, judge, rng, axis):
    for dtype in ("float64", "int32"):
        x = some_numbers(rng, 3, dtype)
        largest = stage.max(on_cpu(stage, x), axis=AXES[axis])
        judge.close(f"max of {dtype}", largest, want=lambda x=x: x.max(AXES[axis]))
        smallest = stage.min(on_cpu(stage, x), axis=AXES[axis])
        judge.close(f"min of {dtype}", smallest, want=lambda x=x: x.min(AXES[axis]))


@pytest.mark.points(2, part="reductions")
@pytest.mark.parametrize("axis", [0, 1, 2], ids=["first axis", "middle axis", "last axis"])
def test_places_of_extremes(stage, judge, rng, axis):
    x = some_numbers(rng, 3)
    cpu, view = stage.cpu(), on_cpu(stage, x)._view
    judge.close("argmax", cpu.argmax(view, axis), want=lambda: x.argmax(axis))
    judge.close("argmin", cpu.argmin(view, axis), want=lambda: x.argmin(axis))


@pytest.mark.points(2, part="reductions")
@pytest.mark.parametrize("axis", [0, 1, 2], ids=["first axis", "middle axis", "last axis"])
def test_running(stage, judge, rng, axis):
    x = some_numbers(rng, 3)
    sums = stage.cumulative_sum(on_cpu(stage, x), axis=axis)
    judge.close("sums", sums, want=lambda: x.cumsum(axis))
    near_one = 1 + x / 100
    products = stage.cumulative_prod(on_cpu(stage, near_one), axis=axis)
    judge.close("products", products, want=lambda: near_one.cumprod(axis))
