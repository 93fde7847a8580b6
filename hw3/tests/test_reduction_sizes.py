"""Reductions, scans and sorts of sizes around those that a device takes at once.

A GPU works in warps of 32, blocks of 256 and chunks of a few thousand elements, and loads 16 bytes
at once. Numbers are whole and small, so every sum is exact in any order.
"""

import numpy as np
import pytest

import needle_hw3 as nd

SIZES = [15, 17, 31, 32, 33, 255, 257, 1025]


@pytest.fixture
def whole(rng):
    """Return a function that draws an array of whole numbers from -3 to 3, or from 0 to 3."""

    def draw(shape, dtype="float32"):
        return rng.integers(0 if dtype == "uint8" else -3, 4, shape).astype(dtype)

    return draw


def arrays(backend, values):
    """Yield views and their values: all, from the second element on, and reversed."""
    yield backend.array(values), values
    if values.shape[0] > 1:
        yield backend.array(values)[1:], values[1:]
        yield backend.array(values)[::-1], values[::-1]


def check(x, a, axes, same):
    """Compare the reductions of `x` along `axes` with NumPy's of `a`."""
    wide = a.dtype if a.dtype.kind == "f" else "int64"
    for axis in axes:
        same(nd.sum(x, axis=axis), a.sum(axis, dtype=wide))
        for name in ("max", "min", "argmax", "argmin", "any", "all"):
            same(getattr(nd, name)(x, axis=axis), getattr(np, name)(a, axis=axis))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_rows_and_columns_of_odd_sizes(backend, whole, size, dtype, same):
    for shape in ((size,), (3, size), (size, 3), (2, size, 2)):
        for x, a in arrays(backend, whole(shape, dtype)):
            check(x, a, [None, *range(len(shape))], same)
            if len(shape) > 1:
                check(x.mT, a.swapaxes(-1, -2), [0, 1], same)


def test_rows_of_whole_loads_that_begin_at_odd_places(backend, whole, same):
    a = whole((3, 5, 41))
    part = (slice(None), slice(None), slice(40))  # 40 numbers, and 41 from each row to the next
    check(backend.array(a)[part], a[part], [None, 2], same)
    for axes in ((0, 2), (1, 2)):
        same(nd.sum(backend.array(a)[part], axis=axes), a[part].sum(axes))


@pytest.mark.parametrize("shape", [(40, 33), (16, 48), (300, 31), (31, 300)])
def test_over_several_axes_of_odd_sizes(backend, whole, shape, same):
    a = whole((3, *shape))
    x = backend.array(a)
    for axes in ((0, 1), (0, 2), (1, 2)):
        same(nd.sum(x, axis=axes), a.sum(axes))
        same(nd.max(x, axis=axes), a.max(axes))
        same(nd.sum(x.mT, axis=axes), a.swapaxes(1, 2).sum(axes))


@pytest.mark.parametrize(("shape", "axis"), [((20001,), 0), ((2, 12001), 1), ((6001, 3), 0)])
def test_long_lines_with_one_element_that_counts(backend, shape, axis, same):
    size = shape[axis]
    for place in (0, 255, 2047, 8192 % size, size - 1):
        a = np.zeros(shape, "float32")
        a.swapaxes(0, axis)[place] = 1
        x = backend.array(a)
        check(x, a, [axis], same)
        check(nd.astype(x, nd.uint8), a.astype("uint8"), [axis], same)
        b = np.where(a == 1, np.float32(np.nan), a)
        y = backend.array(b)
        for name in ("max", "min", "argmax", "argmin"):
            same(getattr(nd, name)(y, axis=axis), getattr(np, name)(b, axis=axis))
        assert np.isnan(nd.sum(y).item())


def test_results_of_long_lines_lie_in_the_order_of_axes(backend, whole, same):
    for shape, order, axis in (((3, 2, 9001), (1, 0, 2), 2), ((9001, 3, 2), (2, 1, 0), 2)):
        a = whole(shape)
        check(backend.array(a).permute(order), a.transpose(order), [axis], same)


def test_the_first_of_equal_elements_is_found(backend):
    for shape, axis in (((20000,), 0), ((700, 3), 0), ((3, 700), 1)):
        a = np.zeros(shape, "int32")
        b = a.swapaxes(0, axis)
        b[[77, 78, 300, 699]] = 1
        assert np.all(nd.argmax(backend.array(a), axis=axis).numpy() == 77)
        b[[77, 78, 300, 699]] = -1
        assert np.all(nd.argmin(backend.array(a), axis=axis).numpy() == 77)


def test_sums_do_not_depend_on_where_memory_begins(backend, rng):
    for values in (rng.random(5001, "float32"), rng.random((17, 301), "float32")):
        x = backend.array(np.concatenate([values[:1], values]))[1:]
        for axis in (None, 0):
            expected = nd.sum(backend.array(values), axis=axis).numpy()
            np.testing.assert_array_equal(nd.sum(x, axis=axis).numpy(), expected)


@pytest.mark.parametrize("size", [*SIZES, 4097, 9000])
@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_running_totals_of_odd_sizes(backend, whole, size, dtype, same):
    wide = "int64" if dtype == "int32" else dtype
    for shape, axis in (((size,), 0), ((3, size), 1), ((size, 3), 0)):
        for x, a in arrays(backend, whole(shape, dtype)):
            same(nd.cumulative_sum(x, axis=axis), np.cumsum(a, axis, dtype=wide))
            signs = np.where(a > 0, 1, -1).astype(dtype)
            same(
                nd.cumulative_prod(backend.array(signs), axis=axis),
                np.cumprod(signs, axis, dtype=wide),
            )


@pytest.mark.parametrize(("shape", "axis"), [((520, 70), 1), ((40, 16400), 0), ((70, 520), 0)])
def test_running_totals_of_many_lines(backend, whole, shape, axis, same):
    a = whole(shape)
    same(nd.cumulative_sum(backend.array(a), axis=axis), np.cumsum(a, axis))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32"])
def test_sorting_of_odd_sizes(backend, whole, size, dtype, same):
    for shape, axis in (((size,), 0), ((5, size), 1), ((size, 5), 0)):
        for x, a in arrays(backend, whole(shape, dtype)):
            order = np.argsort(a, axis, kind="stable")
            same(nd.argsort(x, axis=axis), order)
            same(nd.sort(x, axis=axis), np.sort(a, axis))
            falling = np.argsort(-a.astype("int64"), axis, kind="stable")
            same(nd.argsort(x, axis=axis, descending=True), falling)
