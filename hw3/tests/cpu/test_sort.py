"""Sorting on the C++ device against NumPy's stable sorts."""

from __future__ import annotations

import numpy as np
import pytest

DTYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")
SHAPES = [(1,), (2,), (31,), (33,), (7, 40), (40, 7), (3, 1, 50), (2000,), (0,), (3, 0), (100, 3)]


def numbers(rng, shape, dtype):
    """Return elements over the whole range of the dtype, many of them equal."""
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if dtype.startswith("float"):
        special = [np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, np.finfo(dtype).smallest_subnormal]
        drawn = np.concatenate([special, 1e30 * rng.standard_normal(9), rng.standard_normal(9)])
        return rng.choice(drawn, shape).astype(dtype)
    ends = np.iinfo(dtype)
    drawn = np.concatenate(
        [[ends.min, ends.max], rng.integers(ends.min, ends.max, 30, dtype=dtype)]
    )
    return rng.choice(drawn.astype(dtype), shape)


def stable_order(array, axis, descending):
    """Return the order in which equal elements stay as they were, by NumPy's stable sort.

    From the largest to the smallest, that is the reverse of the ascending order of the reverse.
    """
    if not descending:
        return np.argsort(array, axis=axis, kind="stable")
    reversed_order = np.argsort(np.flip(array, axis), axis=axis, kind="stable")
    return np.flip(array.shape[axis] - 1 - reversed_order, axis)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sorting_is_stable_along_each_axis(cpu, view, layout, rng, shape, dtype, descending):
    array = layout(numbers(rng, shape, dtype))
    for axis in range(array.ndim):
        order = stable_order(array, axis, descending)
        got = cpu.argsort(view(array), axis, descending).numpy()
        np.testing.assert_array_equal(got, order, strict=True)
        values = cpu.sort(view(array), axis, descending).numpy()
        want = np.take_along_axis(array, order, axis)
        assert values.tobytes() == want.tobytes()  # the sign of 0, too
        assert values.dtype == dtype


def test_long_lines_and_many_lines_are_sorted(cpu, threads, view, rng):
    array = rng.standard_normal((300, 1000)).astype("float32")
    for number in (1, 2):
        threads(number)
        for axis in (0, 1):
            np.testing.assert_array_equal(
                cpu.sort(view(array), axis, False).numpy(), np.sort(array, axis=axis)
            )
        flat = array.reshape(-1)
        np.testing.assert_array_equal(cpu.sort(view(flat), 0, False).numpy(), np.sort(flat))


def test_sorting_leaves_the_array_as_it_was(cpu, view, rng):
    array = rng.standard_normal(100)
    before = array.copy()
    cpu.sort(view(array), 0, False)
    np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize("name", ["sort", "argsort"])
@pytest.mark.parametrize("axis", [-1, 1, 2**63 - 1])
def test_the_axis_is_checked(cpu, view, name, axis):
    with pytest.raises(IndexError, match=f"axis {axis} is out of range for 1 axes"):
        getattr(cpu, name)(view(np.ones(3)), axis, False)
    with pytest.raises(IndexError, match="axis 0 is out of range for 0 axes"):
        getattr(cpu, name)(view(np.ones(())), 0, False)
