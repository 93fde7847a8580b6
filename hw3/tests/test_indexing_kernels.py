"""Kernels of indexing by arrays, for sizes around those in which devices divide work."""

import numpy as np
import pytest

SIZES = (31, 32, 33, 255, 257, 1025)


@pytest.fixture
def kernels(backend):
    return backend.kernels


@pytest.fixture
def view(kernels):
    """Return a function that makes a view of a copy of an array, in memory as `change` leaves it.

    `change` gets an array of NumPy, and gives one that shares its memory.
    """

    def make(values, change=lambda a: a):
        memory = np.arange(np.size(values))
        strides = change(memory.reshape(np.shape(values)))
        whole = np.zeros(np.size(values), np.asarray(values).dtype)
        whole[strides] = values
        item = memory.itemsize
        offset = int(strides.flat[0]) if strides.size else 0
        return kernels.from_numpy(whole, True).restride(
            strides.shape, tuple(s // item for s in strides.strides), offset
        )

    return make


def backwards(a):
    return a[(slice(None, None, -1),) * a.ndim]


@pytest.mark.parametrize("dtype", ["bool", "int32", "float64"])
@pytest.mark.parametrize("width", [1, 3, 4, 8, 16, 24, 33])
def test_rows_of_any_width_are_gathered(kernels, view, rng, width, dtype):
    table = rng.integers(0, 2 if dtype == "bool" else 99, (50, width)).astype(dtype)
    index = rng.integers(-50, 50, (3, 23))
    whole = view(table)
    for rows in (whole, view(table, backwards)):
        got = kernels.gather(rows, [view(index)]).numpy()
        np.testing.assert_array_equal(got, table[index], strict=True)
    flat = table.reshape(-1)
    shifted = whole.restride((49, width), (width, 1), width - 1)  # perhaps not aligned
    want = np.stack([flat[width - 1 + i * width :][:width] for i in range(49)])
    some = np.array([0, 48, -1, 7])
    got = kernels.gather(shifted, [view(some)]).numpy()
    np.testing.assert_array_equal(got, want[some], strict=True)
    if width > 3:  # rows of an aligned matrix that does not begin or end as they do
        for first, last in ((1, width), (0, width - 1), (4, width)):
            part = whole.restride((50, last - first), (width, 1), first)
            for chosen in (some, some[1:2]):
                got = kernels.gather(part, [view(chosen)]).numpy()
                np.testing.assert_array_equal(got, table[chosen, first:last], strict=True)


@pytest.mark.parametrize(
    ("shape", "strides"),
    [
        ((2, 5, 8), (43, 8, 1)),  # blocks before the axis are not whole vectors apart
        ((2, 5, 8), (80, 16, 2)),  # nor are elements of a row neighbours
        ((2, 5, 8), (40, 0, 0)),
        ((2, 5, 8), (40, 5, 1)),  # nor rows whole vectors apart
        ((1, 5, 8), (41, 8, 1)),  # here they are all
    ],
    ids=str,
)
def test_rows_are_gathered_wherever_they_lie(kernels, view, rng, shape, strides):
    memory = rng.integers(0, 99, 200).astype("int32")
    array = np.lib.stride_tricks.as_strided(memory, shape, [4 * s for s in strides])
    index = np.array([4, 1, -5, 0, 1])
    there = view(memory).restride(shape, strides, 0)
    np.testing.assert_array_equal(
        kernels.take(there, view(index), 1).numpy(), array[:, index], strict=True
    )


def test_no_line_of_an_empty_axis_has_an_element(kernels, view):
    with pytest.raises(IndexError, match="index 0 is out of range for axis 1 of size 0"):
        kernels.take_along_axis(view(np.ones((3, 0))), view(np.zeros((3, 1), "int64")), 1)


def test_blocks_behind_and_before_the_indexed_axis(kernels, view, rng):
    array = rng.integers(0, 99, (3, 5, 8, 4)).astype("int32")
    index = np.array([4, 0, -2, 3, 3, -5, 1])
    for axis in range(4):
        chosen = index % array.shape[axis]
        for change in (lambda a: a, backwards):
            got = kernels.take(view(array, change), view(chosen), axis).numpy()
            np.testing.assert_array_equal(got, np.take(array, chosen, axis), strict=True)


@pytest.mark.parametrize("size", SIZES)
def test_elements_and_lines_of_many_sizes(kernels, view, rng, size):
    line = rng.random(size)
    index = rng.integers(-size, size, size + 1)
    got = kernels.take(view(line), view(index, backwards), 0).numpy()
    np.testing.assert_array_equal(got, line[index])
    array = rng.random((3, size))
    index = rng.integers(-size, size, (3, size))
    got = kernels.take_along_axis(view(array), view(index), 1).numpy()
    np.testing.assert_array_equal(got, np.take_along_axis(array, index, 1))


@pytest.mark.parametrize("size", SIZES)
def test_the_last_of_many_values_stays(kernels, view, rng, size):
    places, values = rng.integers(-20, 20, size), rng.random((size, 3))
    want = np.zeros((20, 3))
    for place, value in zip(places, values, strict=True):
        want[place] = value
    for change in (lambda a: a, backwards):
        target = view(np.zeros((20, 3)), change)
        kernels.scatter(target, [view(places)], view(values, change))
        np.testing.assert_array_equal(target.numpy(), want)


@pytest.mark.parametrize("name", ["scatter", "scatter_add"])
def test_order_is_that_of_rows_and_not_of_memory(kernels, view, rng, name):
    places = rng.integers(-3, 3, (7, 6))
    values = (10.0 ** rng.integers(-9, 9, (7, 6))).astype("float32")
    want = np.zeros(3, "float32")
    for place, value in zip(places.reshape(-1), values.reshape(-1), strict=True):
        want[place] = value + (want[place] if name == "scatter_add" else 0)
    for change in (lambda a: a, backwards, lambda a: a.reshape(6, 7).T):
        target = view(np.zeros(3, "float32"))
        getattr(kernels, name)(target, [view(places, change)], view(values, change))
        np.testing.assert_array_equal(target.numpy(), want)


def test_one_value_for_all_places(kernels, view, rng):
    target, want = view(np.zeros((40, 30), "uint8")), np.zeros((40, 30), "uint8")
    places = rng.integers(0, 30, (2, 10, 9))
    want[tuple(places)] = 7
    kernels.scatter(target, [view(p) for p in places], view(np.uint8(7)))
    np.testing.assert_array_equal(target.numpy(), want)


@pytest.mark.parametrize("times", [1, 7, 8, 9, 16, 17, 300])
def test_values_are_added_one_after_the_other(kernels, view, rng, times):
    places = rng.permutation(np.repeat([3, 0, -1], times))
    values = (10.0 ** rng.integers(-9, 9, (places.size, 5))).astype("float32")
    want = rng.random((6, 5)).astype("float32")
    target = view(want)
    for place, value in zip(places, values, strict=True):  # in this order, and no other
        want[place] += value
    kernels.scatter_add(target, [view(places)], view(values))
    np.testing.assert_array_equal(target.numpy(), want)


@pytest.mark.parametrize("size", [*SIZES, 4095, 4096, 4097, 9000])
def test_all_that_is_not_zero_is_found(kernels, view, rng, size):
    for share in (0.0, 0.5, 1.0):
        array = (rng.random((2, size)) < share).astype("int32")
        for change in (lambda a: a, backwards, lambda a: a.reshape(-1, 2).T):
            got = [found.numpy() for found in kernels.nonzero(view(array, change))]
            np.testing.assert_array_equal(got, np.nonzero(array))


@pytest.mark.parametrize("size", [33, 1025])
def test_the_first_wrong_index_is_named(kernels, view, size):
    array = view(np.zeros((3, 4)))
    index = np.zeros(size, "int64")
    index[[size // 2, size - 1]] = 5, -9
    wrong, late = view(index), view(np.full(size, 6))
    message = "index 5 is out of range for axis {} of size {}"
    with pytest.raises(IndexError, match=message.format(0, 3)):
        kernels.gather(array, [wrong, late])
    with pytest.raises(IndexError, match=message.format(1, 4)):
        kernels.scatter(array, [view(index * 0), wrong], view(np.ones(())))
    with pytest.raises(IndexError, match=message.format(1, 4)):
        kernels.take(array, wrong, 1)
    with pytest.raises(IndexError, match="index -9 is out of range for axis 0 of size 3"):
        kernels.take(array, view(index[::-1], backwards), 0)
    with pytest.raises(IndexError, match=r"index 5 is out of range for axis 0 of size 3"):
        kernels.take_along_axis(array, view(index.reshape(size, 1)), 0)
    assert not array.numpy().any()
