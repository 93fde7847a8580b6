"""Reductions, searching, sorting and sets against NumPy."""

import itertools

import numpy as np
import pytest

import needle_hw3 as nd

VIEWS = ("compact", "reversed", "transposed", "sliced", "broadcast")


def subsets(ndim):
    """Return None, each axis from the end, and every set of axes of a few."""
    few = range(min(ndim, 3))
    return [None, *range(-min(ndim, 2), 0),
            *(c for n in range(len(few) + 1) for c in itertools.combinations(few, n))]  # fmt: skip


def result_dtype(dtype):
    return dtype if dtype.startswith("float") else "int64"


def close(found, expected, dtype=None):
    expected = np.asarray(expected)
    assert found.shape == expected.shape
    assert dtype is None or found.dtype == dtype
    rtol = 1e-5 if found.dtype == "float32" else 1e-12
    if found.dtype.kind == "f":
        np.testing.assert_allclose(found.numpy(), expected, rtol=rtol, atol=rtol)
    else:
        np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize("keepdims", [False, True])
def test_sums_and_products(views, numbers, shape, dtype, keepdims):
    for view in VIEWS:
        x, a = views.pair(numbers(shape, dtype, 1, 3), view)
        wide = a.astype("float64" if a.dtype.kind == "f" else "int64")
        for axis in subsets(a.ndim):
            options = {"axis": axis, "keepdims": keepdims}
            close(nd.sum(x, **options), wide.sum(**options), result_dtype(dtype))
            close(nd.prod(x, **options), wide.prod(**options), result_dtype(dtype))
            close(x.sum(**options), wide.sum(**options))
            close(nd.all(x, **options), np.all(a, **options), "bool")
            close(nd.any(x, **options), np.any(a, **options), "bool")
            close(nd.count_nonzero(x, **options), np.count_nonzero(a, **options), "int64")


def test_extrema_and_where_they_are(views, numbers, shape, dtype):
    for view in VIEWS:
        x, a = views.pair(numbers(shape, dtype, 1, 4), view)
        for axis in subsets(a.ndim):
            axes = tuple(range(a.ndim)) if axis is None else np.atleast_1d(axis).astype(int)
            empty = any(a.shape[i] == 0 for i in axes)
            for name in ("max", "min"):
                if empty:
                    with pytest.raises(ValueError, match="element"):
                        getattr(nd, name)(x, axis=axis)
                else:
                    expected = getattr(np, name)(a, axis=axis, keepdims=True)
                    close(getattr(nd, name)(x, axis=axis, keepdims=True), expected, dtype)
        for axis in (None, *range(-a.ndim, a.ndim)):
            for name in ("argmax", "argmin"):
                if (a.size if axis is None else a.shape[axis]) == 0:
                    with pytest.raises(ValueError, match="element"):
                        getattr(nd, name)(x, axis=axis)
                    continue
                for keepdims in (False, True):
                    expected = getattr(np, name)(a, axis=axis, keepdims=keepdims)
                    close(getattr(nd, name)(x, axis=axis, keepdims=keepdims), expected, "int64")


@pytest.mark.parametrize("correction", [0, 1, 0.5])
def test_moments(views, numbers, shape, dtype, correction):
    for view in VIEWS:
        x, a = views.pair(numbers(shape, dtype), view)
        expected_dtype = dtype if dtype.startswith("float") else "float32"
        for axis in subsets(a.ndim):
            n = (
                a.size
                if axis is None
                else np.prod([a.shape[i] for i in np.atleast_1d(axis).astype(int)])
            )
            with np.errstate(all="ignore"):
                wide = a.astype("float64")
                mean = wide.sum(axis=axis) / n
                deviations = wide - wide.sum(axis=axis, keepdims=True) / n
                variance = (deviations**2).sum(axis=axis) / max(n - correction, 0)
                deviation = np.sqrt(variance)
            close(nd.mean(x, axis=axis), mean, expected_dtype)
            close(nd.var(x, axis=axis, correction=correction), variance, expected_dtype)
            close(nd.std(x, axis=axis, correction=correction), deviation, expected_dtype)
        assert nd.var(x, keepdims=True).ndim == nd.mean(x, keepdims=True).ndim == a.ndim


def test_running_sums_and_products(views, numbers, shape, dtype):
    for view in VIEWS:
        x, a = views.pair(numbers(shape, dtype, 1, 3), view)
        wide = a.astype("float64" if a.dtype.kind == "f" else "int64")
        for axis in range(-a.ndim, a.ndim):
            for name, function, first in [
                ("cumulative_sum", np.cumsum, 0), ("cumulative_prod", np.cumprod, 1)
            ]:  # fmt: skip
                expected = function(wide, axis=axis)
                close(getattr(nd, name)(x, axis=axis), expected, result_dtype(dtype))
                found = getattr(nd, name)(x, axis=axis, include_initial=True, dtype="float64")
                start = np.full_like(expected.take([0] * 1, axis), first) if a.shape[axis] else None
                if start is not None:
                    close(found, np.concatenate([start, expected], axis), "float64")
        if a.ndim == 1:
            close(nd.cumulative_sum(x), np.cumsum(wide))
        else:
            with pytest.raises(ValueError, match="needs an axis"):
                nd.cumulative_sum(x)


def test_dtype_of_a_sum_is_that_of_its_computation(backend):
    x = backend.full((3,), 200, "uint8")
    assert nd.sum(x).item() == 600
    assert nd.sum(x, dtype="float64").dtype == "float64"
    assert nd.sum(x, dtype="uint8").item() == 600 % 256
    assert nd.prod(x, dtype="int32").dtype == "int32"
    ones = backend.full((2**24 + 8,), 1.0, "float32")
    assert nd.sum(ones, dtype="float64").item() == 2**24 + 8


def test_sum_of_many_ones_is_exact(backend):
    assert nd.sum(backend.full((10_000_000,), 1.0)).item() == 10_000_000


NAN = float("nan")


def test_nan_wins(backend, same):
    for dtype in ("float32", "float64"):
        a = np.array([[1.0, NAN, 3.0, NAN], [-np.inf, np.inf, 0.0, -0.0]], dtype)
        x = backend.array(a)
        for name in ("max", "min", "argmax", "argmin"):
            same(getattr(nd, name)(x, axis=1), getattr(np, name)(a, axis=1))
        same(nd.any(backend.array(np.array([NAN], dtype))), np.array(True))


@pytest.mark.parametrize("descending", [False, True])
def test_sorting_is_stable_along_every_axis(views, numbers, shape, dtype, descending):
    for view in VIEWS:
        x, a = views.pair(numbers(shape, dtype, 1, 4), view)
        keys = a.astype("float64")
        for axis in range(-a.ndim, a.ndim):
            order = np.argsort(-keys if descending else keys, axis=axis, kind="stable")
            options = {"axis": axis, "descending": descending}
            close(nd.argsort(x, **options), order, "int64")
            close(nd.sort(x, **options), np.take_along_axis(a, order, axis), dtype)
        if a.ndim == 0:
            with pytest.raises(IndexError, match="axis -1"):
                nd.sort(x)


def test_nan_sorts_as_the_largest_number(backend):
    x = backend.array([2.0, NAN, -1.0, np.inf, NAN])
    assert nd.argsort(x).tolist() == [2, 0, 3, 1, 4]
    assert nd.argsort(x, descending=True).tolist() == [1, 4, 3, 0, 2]
    np.testing.assert_array_equal(nd.sort(x).numpy(), [-1.0, 2.0, np.inf, NAN, NAN])
    np.testing.assert_array_equal(nd.sort(x, descending=True).numpy(), [NAN, NAN, np.inf, 2, -1])


def test_places_of_what_is_not_zero(views, numbers, shape, dtype, same):
    for view in VIEWS:
        array = numbers(shape, dtype)
        x, a = views.pair(
            array * (array < array.max(initial=0)) if dtype != "bool" else array, view
        )
        if a.ndim == 0:
            with pytest.raises(ValueError, match="one axis or more"):
                nd.nonzero(x)
            continue
        for found, expected in zip(nd.nonzero(x), np.nonzero(a), strict=True):
            same(found, expected)


def test_distinct_elements(views, numbers, shape, dtype, same):
    for view in VIEWS:
        x, a = views.pair(numbers(shape, dtype, 1, 4), view)
        values, first, inverse, counts = np.unique(
            a, return_index=True, return_inverse=True, return_counts=True
        )
        found = nd.unique_all(x)
        same(found.values, values)
        same(found.indices, first)
        same(found.inverse_indices, inverse.reshape(a.shape))
        same(found.counts, counts)
        same(nd.unique_values(x), values)
        same(nd.unique_counts(x).counts, counts)
        same(nd.unique_inverse(x).inverse_indices, inverse.reshape(a.shape))


def test_every_nan_is_distinct(backend):
    found = nd.unique_all(backend.array([NAN, 1.0, NAN, 1.0]))
    np.testing.assert_array_equal(found.values.numpy(), [1.0, NAN, NAN])
    assert found.counts.tolist() == [2, 1, 1]


@pytest.mark.parametrize("side", ["left", "right"])
def test_places_in_a_sorted_vector(backend, side, same):
    keys, wanted = np.array([1.0, 2.0, 2.0, 5.0], "float32"), np.array([[0.0, 2.0], [3.0, 9.0]])
    x, y = backend.array(keys), backend.array(wanted)
    same(nd.searchsorted(x, y, side=side), np.searchsorted(keys, wanted, side))
    same(nd.searchsorted(x, 2.0, side=side), np.searchsorted(keys, 2.0, side))
    order = np.array([3, 1, 0, 2])
    shuffled = backend.array(np.array([2.0, 2.0, 5.0, 1.0]))
    found = nd.searchsorted(shuffled, y, side=side, sorter=backend.array(order))
    same(found, np.searchsorted(keys, wanted, side))
    with pytest.raises(ValueError, match="into a vector"):
        nd.searchsorted(y, x)
    with pytest.raises(ValueError, match="'left' or 'right'"):
        nd.searchsorted(x, y, side="middle")


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_differences(views, numbers, n, same):
    for dtype in ("int32", "float64"):
        x, a = views.pair(numbers((3, 4), dtype), "transposed")
        for axis in (0, 1, -1):
            same(nd.diff(x, axis=axis, n=n), np.diff(a, n, axis))
        y, b = views.pair(numbers((4, 2), dtype))
        if n:
            same(nd.diff(x, prepend=y, append=y, n=n), np.diff(a, n, prepend=b, append=b))
    with pytest.raises(ValueError, match="0 or more times, not -1"):
        nd.diff(x, n=-1)


def test_axes_out_of_range_or_repeated_are_named(backend):
    x = backend.full((2, 3), 1.0)
    for name in ("sum", "prod", "max", "min", "any", "all", "mean", "var", "std"):
        function = getattr(nd, name)
        with pytest.raises(IndexError, match="axis 2 is out of bounds"):
            function(x, axis=2)
        with pytest.raises(ValueError, match=r"\(1, -1\) repeat axis 1"):
            function(x, axis=(1, -1))
        with pytest.raises(TypeError):
            function(x, axis=0.5)
        with pytest.raises(TypeError, match="no array"):
            function([1.0])
    for name in ("argmax", "argmin", "sort", "argsort", "cumulative_sum"):
        with pytest.raises(IndexError, match="axis -3 is out of bounds"):
            getattr(nd, name)(x, axis=-3)
