"""exp, expm1, log, log1p and tanh: errors in units of the last place, and the ends of the range."""

from __future__ import annotations

import numpy as np
import pytest

NAMES = ["exp", "expm1", "log", "log1p", "tanh"]
BOUND = 2  # units in the last place of the correctly rounded value's format


def arguments(dtype, rng):
    """Return numbers of every size and sign, and more of those where results are not constant."""
    if dtype == "float32":
        every = np.arange(0, 2**32, 4099, dtype="uint64").astype("uint32").view("float32")
    else:
        every = rng.integers(0, 2**64, 300_000, dtype="uint64").view("float64")
    tiny = np.finfo(dtype).smallest_subnormal * np.arange(0, 100_000, 977)
    ranges = [
        np.linspace(-750, 720, 200_001),
        np.linspace(-2, 2, 200_001),
        np.linspace(0, 0.01, 20_001),
    ]
    return np.concatenate([every, *(r.astype(dtype) for r in (tiny, -tiny, *ranges))])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_results_are_within_two_units_in_the_last_place(name, dtype, isa, view, cpu, rng):
    x = arguments(dtype, rng)
    wide = {"float32": "float64", "float64": "longdouble"}[dtype]
    with np.errstate(all="ignore"):
        exact = getattr(np, name)(x.astype(wide))
        rounded = exact.astype(dtype)
        result = getattr(cpu, name)(view(x)).numpy()
        finite = np.isfinite(rounded) & np.isfinite(result)
        unit = np.spacing(np.abs(rounded[finite])).astype(wide)
        error = np.abs(result[finite].astype(wide) - exact[finite]) / unit
    assert error.max() <= BOUND
    near_the_end = np.isfinite(rounded) != np.isfinite(result)
    assert not near_the_end[np.abs(exact) < np.finfo(dtype).max * (1 - 4e-7)].any()
    np.testing.assert_array_equal(np.isnan(result), np.isnan(rounded))
    np.testing.assert_array_equal(
        np.isposinf(result[~near_the_end]), np.isposinf(rounded[~near_the_end])
    )
    np.testing.assert_array_equal(np.isneginf(result), np.isneginf(rounded))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_special_arguments(name, dtype, isa, view, cpu):
    smallest, largest = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
    x = np.array(
        [0.0, -0.0, np.inf, -np.inf, np.nan, smallest, -smallest, largest, -largest, -1, 1], dtype
    )
    with np.errstate(all="ignore"):
        reference = getattr(np, name)(x)
    result = getattr(cpu, name)(view(x)).numpy()
    np.testing.assert_allclose(result, reference, rtol=2 * np.finfo(dtype).eps)
    known = ~np.isnan(reference)
    np.testing.assert_array_equal(np.signbit(result[known]), np.signbit(reference[known]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_exp_reaches_the_ends_of_the_range_and_denormal_results(dtype, isa, view, cpu):
    largest, smallest = np.log(np.finfo(dtype).max), np.log(np.finfo(dtype).smallest_subnormal)
    inside = np.array([np.nextafter(largest, 0), smallest, smallest + 2], dtype)
    result = cpu.exp(view(inside)).numpy()
    assert np.isfinite(result[0])
    assert (result > 0).all()
    outside = np.array([largest * 1.001, smallest * 1.01], dtype)
    assert cpu.exp(view(outside)).numpy().tolist() == [np.inf, 0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_result_does_not_depend_on_its_place(name, dtype, isa, view, cpu, rng):
    function = getattr(cpu, name)
    x = np.abs(rng.standard_normal(67)).astype(dtype)
    whole = function(view(x)).numpy()
    for start in range(20):
        for stop in (start + 1, start + 15, start + 16, 67):
            np.testing.assert_array_equal(function(view(x[start:stop])).numpy(), whole[start:stop])
    np.testing.assert_array_equal(function(view(x[::-1])).numpy(), whole[::-1])
