"""Reductions of the C++ device against NumPy, on every instruction set."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

DTYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")
# Rows shorter and longer than a vector, more rows than are taken at once, several chunks each way.
SHAPES = [
    (),
    (1,),
    (7,),
    (5, 1),
    (3, 11),
    (9, 65),
    (70, 5),
    (2, 3, 4, 5),
    (1, 2, 1, 2, 1, 2, 1, 2, 3),
    (1100, 3),
    (2, 40000),
]
TOTALS = {"sum": np.sum, "prod": np.prod}
EXACT = {"max": np.max, "min": np.min, "any": np.any, "all": np.all}
CUMULATIVE = {"cumulative_sum": np.cumsum, "cumulative_prod": np.cumprod}
ARGUMENTS = {"argmax": np.argmax, "argmin": np.argmin}


def numbers(rng, shape, dtype):
    """Return elements of which every kind of result can be told from another: 0 and equal ones."""
    if dtype == "bool":
        return rng.random(shape) < 0.7
    if dtype.startswith("float"):
        return np.asarray(rng.uniform(0.7, 1.4, shape) * rng.choice([-1, 1], shape), dtype)
    low = 0 if dtype == "uint8" else -100
    return rng.integers(low, 256 if dtype == "uint8" else 100, shape).astype(dtype)


def subsets(ndim):
    axes = range(ndim)
    return itertools.chain.from_iterable(itertools.combinations(axes, n) for n in range(ndim + 1))


def reference(function, array, **kwargs):
    """Return NumPy's total: of whole numbers as int64, of others in float64."""
    with np.errstate(over="ignore"):
        return function(array, dtype="float64" if array.dtype.kind == "f" else "int64", **kwargs)


def assert_total(got, want, dtype, tolerance=0.0):
    assert got.shape == want.shape
    assert got.dtype == (dtype if dtype.startswith("float") else "int64")
    with np.errstate(over="ignore"):
        want = want.astype(got.dtype)
    if dtype.startswith("float"):
        np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * np.finfo(dtype).eps)
    else:
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("name", TOTALS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_totals_over_any_axes_of_any_view(cpu, isa, view, layout, rng, shape, dtype, name):
    array = numbers(rng, shape, dtype)
    if name == "prod" and dtype.startswith("float"):  # of either sign, and never smaller: exact
        twos = rng.random(shape) < 20 / max(array.size, 1)
        array = np.asarray(np.copysign(1 + twos, array), dtype)
    array = layout(array)
    for axes in subsets(array.ndim):
        for keepdims in (False, True):
            got = getattr(cpu, name)(view(array), axes, keepdims)
            want = reference(TOTALS[name], array, axis=axes, keepdims=keepdims)
            # No number takes part in more additions than in a chunk, here of a vector of 4.
            additions = min(array.size, 20000 // 8 + 16)
            assert_total(got.numpy(), want, dtype, additions * np.abs(array).sum(dtype=float))


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_extremes_and_truth_over_any_axes_of_any_view(
    cpu, isa, view, layout, rng, shape, dtype, name
):
    array = layout(numbers(rng, shape, dtype))
    for axes in subsets(array.ndim):
        for keepdims in (False, True):
            got = getattr(cpu, name)(view(array), axes, keepdims).numpy()
            want = EXACT[name](array, axis=axes, keepdims=keepdims)
            assert got.dtype == ("bool" if name in ("any", "all") else dtype)
            np.testing.assert_array_equal(got, want, strict=True)


@pytest.mark.parametrize("name", ["sum", "max"])
def test_results_are_row_major(cpu, view, rng, name):
    array = rng.standard_normal((4, 5, 6, 7))
    for order in itertools.permutations(range(4)):
        permuted = array.transpose(order)
        for axes in subsets(4):
            got = getattr(cpu, name)(view(permuted), axes, False).numpy()
            assert got.flags.c_contiguous
            np.testing.assert_allclose(got, getattr(np, name)(permuted, axis=axes), rtol=1e-12)


@pytest.mark.parametrize("name", ["any", "all"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [0, 1])
def test_one_element_decides_truth_wherever_it_is(cpu, isa, view, dtype, name, value):
    for size in (1, 15, 64, 130, 700):
        for place in {0, size // 2, size - 1}:
            array = np.full((size, 2), 1 - value, dtype)
            array[place, 0] = value
            for axes in ((0,), (0, 1)):
                got = getattr(cpu, name)(view(array), axes, False).numpy()
                np.testing.assert_array_equal(got, getattr(np, name)(array, axis=axes))


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_nan_anywhere_is_the_extreme(cpu, isa, view, dtype, name):
    for size in (1, 2, 5, 16, 63, 130, 20000):
        for place in {0, size // 3, size - 1}:
            array = np.ones((size, 2), dtype)
            array[place, 1] = np.nan
            for laid_out in (array, array[:, ::-1], np.asfortranarray(array)):
                got = getattr(cpu, name)(view(laid_out), (0,), False).numpy()
                np.testing.assert_array_equal(np.isnan(got), np.isnan(laid_out).any(0))
            assert np.isnan(getattr(cpu, name)(view(array), (0, 1), False).numpy())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_infinities_add_up_as_in_numpy(cpu, isa, view, dtype):
    array = np.array([[np.inf, 1], [np.inf, -np.inf], [-np.inf, 2], [0, np.nan]], dtype)
    with np.errstate(invalid="ignore"):
        want = array.sum(1)
    np.testing.assert_array_equal(cpu.sum(view(array), (1,), False).numpy(), want)
    np.testing.assert_array_equal(cpu.max(view(array), (1,), False).numpy(), array.max(1))
    np.testing.assert_array_equal(cpu.min(view(-array), (1,), False).numpy(), (-array).min(1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extremes_of_denormals_and_of_infinities(cpu, isa, view, dtype):
    tiny = np.finfo(dtype).smallest_subnormal
    array = np.array([tiny, 2 * tiny, 0, -tiny], dtype)
    assert cpu.max(view(array), (0,), False).numpy() == 2 * tiny
    assert cpu.min(view(array), (0,), False).numpy() == -tiny
    assert cpu.sum(view(array), (0,), False).numpy() == 2 * tiny
    assert cpu.max(view(np.full(40, -np.inf, dtype)), (0,), False).numpy() == -np.inf


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
@pytest.mark.parametrize("size", [1, 5, 33, 300])
def test_extremes_reach_the_ends_of_integers(cpu, isa, view, dtype, size):
    ends = np.iinfo(dtype)
    for value in (ends.min, ends.max):
        array = np.full((size, size), value, dtype)
        assert cpu.max(view(array), (0, 1), False).numpy() == value
        np.testing.assert_array_equal(cpu.min(view(array), (0,), False).numpy(), array[0])


def test_whole_numbers_wrap_around(cpu, isa, view):
    array = np.full(3, 2**62, "int64")
    assert cpu.sum(view(array), (0,), False).numpy() == np.sum(array)
    assert cpu.prod(view(array), (0,), False).numpy() == np.prod(array)
    assert cpu.cumulative_sum(view(array), 0).numpy()[-1] == np.sum(array)


def test_ten_million_ones_are_counted(cpu, isa, view):
    ones = np.ones(10**7, "float32")
    assert cpu.sum(view(ones), (0,), False).numpy() == 10**7
    columns = cpu.sum(view(ones.reshape(-1, 10)), (0,), False).numpy()
    np.testing.assert_array_equal(columns, np.full(10, 10**6))
    once = cpu.sum(view(np.broadcast_to(ones[:1], 2**24 - 1)), (0,), False).numpy()
    assert once == 2**24 - 1


@pytest.mark.parametrize(
    ("shape", "axes"), [((10**6,), (0,)), ((10**5, 10), (0,)), ((10, 10**5), (1,))]
)
def test_long_sums_round_little(cpu, isa, view, rng, shape, axes):
    array = rng.random(shape, "float32")
    got = cpu.sum(view(array), axes, False).numpy()
    want = array.sum(axes, dtype="float64")
    # One addition after the other is wrong by more than 1e-5.
    np.testing.assert_allclose(got, want, rtol=1e-6)


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min"])
@pytest.mark.parametrize(
    ("shape", "axes"),
    [((300, 700), (0,)), ((300, 700), (1,)), ((300000,), (0,)), ((70, 30, 90), (0, 2))],
)
def test_thread_counts_give_equal_bits(cpu, isa, threads, view, rng, name, shape, axes):
    array = rng.uniform(0.99, 1.01, shape).astype("float32")
    results = []
    for number in (1, 2, 3):
        threads(number)
        results.append(getattr(cpu, name)(view(array), axes, False).numpy())
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0], strict=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "axes"), [((0,), (0,)), ((0, 3), (0,)), ((3, 0), (0,)), ((2, 0, 0), (1,))]
)
def test_reductions_of_no_elements(cpu, isa, view, shape, axes, dtype):
    array = np.empty(shape, dtype)
    for name, function in {**TOTALS, **EXACT}.items():
        if name in ("max", "min") and any(shape[axis] == 0 for axis in axes):
            with pytest.raises(ValueError, match="at least one element"):
                getattr(cpu, name)(view(array), axes, False)
            continue
        got = getattr(cpu, name)(view(array), axes, True).numpy()
        np.testing.assert_array_equal(got, function(array, axis=axes, keepdims=True))


@pytest.mark.parametrize("name", [*TOTALS, *EXACT])
def test_axes_are_checked(cpu, view, name):
    array = view(np.ones((2, 3)))
    with pytest.raises(IndexError, match="axis 2 is out of range for 2 axes"):
        getattr(cpu, name)(array, (0, 2), False)
    with pytest.raises(IndexError, match="axis -1"):
        getattr(cpu, name)(array, (-1,), False)
    with pytest.raises(ValueError, match=r"axes \(1, 1\) repeat axis 1"):
        getattr(cpu, name)(array, (1, 1), False)
    with pytest.raises(IndexError, match=str(2**62)):
        getattr(cpu, name)(array, (2**62,), False)
    with pytest.raises(TypeError):
        getattr(cpu, name)(array, ("0",), False)


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES[1:], ids=str)
def test_arguments_along_each_axis(cpu, isa, view, layout, rng, shape, dtype, name):
    array = numbers(rng, shape, dtype)
    if dtype.startswith("float"):
        array = np.round(array * 3)  # equal elements: the first one counts
    array = layout(array)
    for axis in range(array.ndim):
        got = getattr(cpu, name)(view(array), axis).numpy()
        np.testing.assert_array_equal(got, ARGUMENTS[name](array, axis=axis), strict=True)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_the_argument_of_a_line_with_nan_is_the_first_nan(cpu, isa, view, name):
    array = np.arange(600.0).reshape(2, 300)
    array[0, [70, 130]] = np.nan
    for laid_out in (array, np.asfortranarray(array), array[:, ::-1]):
        for axis in (0, 1):
            got = getattr(cpu, name)(view(laid_out), axis).numpy()
            np.testing.assert_array_equal(got, ARGUMENTS[name](laid_out, axis=axis))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_are_checked(cpu, view, name):
    with pytest.raises(IndexError, match="axis 1 is out of range for 1 axes"):
        getattr(cpu, name)(view(np.ones(3)), 1)
    with pytest.raises(IndexError, match="axis 0 is out of range for 0 axes"):
        getattr(cpu, name)(view(np.ones(())), 0)
    with pytest.raises(ValueError, match="at least one element"):
        getattr(cpu, name)(view(np.ones((2, 0))), 1)
    assert getattr(cpu, name)(view(np.ones((2, 0))), 0).shape == (0,)


@pytest.mark.parametrize("name", CUMULATIVE)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [*SHAPES[1:], (3, 0, 2)], ids=str)
def test_cumulative_totals_along_each_axis(cpu, view, layout, rng, shape, dtype, name):
    array = numbers(rng, shape, dtype)
    if name == "cumulative_prod" and dtype.startswith("float"):
        array = np.copysign(np.asarray(1, dtype), array)
    array = layout(array)
    for axis in range(array.ndim):
        got = getattr(cpu, name)(view(array), axis).numpy()
        want = reference(CUMULATIVE[name], array, axis=axis)
        length = shape[axis] * np.abs(array).sum(axis, dtype=float).max(initial=0)
        assert_total(got, want, dtype, length if name == "cumulative_sum" else 0)


@pytest.mark.parametrize("name", CUMULATIVE)
def test_cumulative_axes_are_checked(cpu, view, name):
    for axis in (-1, 1, 2**40):
        with pytest.raises(IndexError, match=f"axis {axis} is out of range for 1 axes"):
            getattr(cpu, name)(view(np.ones(3)), axis)
