"""Indexing by arrays on the C++ device against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

DTYPES = ("bool", "uint8", "int32", "int64", "float32", "float64")
INT64 = np.iinfo("int64")


def numbers(rng, shape, dtype):
    return rng.integers(0, 2 if dtype == "bool" else 100, shape).astype(dtype)


def indices(rng, size, shape):
    return rng.integers(-size, size, shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(5,), (4, 1), (3, 20, 2), (2, 3, 1, 4, 5)], ids=str)
def test_take_along_each_axis(cpu, view, layout, rng, shape, dtype):
    array = layout(numbers(rng, shape, dtype))
    for axis in range(array.ndim):
        for count in (0, 1, 9):
            chosen = indices(rng, shape[axis], count)
            got = cpu.take(view(array), view(chosen), axis).numpy()
            np.testing.assert_array_equal(got, np.take(array, chosen, axis=axis), strict=True)


def test_take_of_many_rows_and_columns(cpu, threads, view, rng):
    array = rng.standard_normal((400, 500))
    chosen = view(rng.permutation(400)[::-2])
    for number in (1, 2):
        threads(number)
        for axis in (0, 1):
            got = cpu.take(view(array), chosen, axis).numpy()
            np.testing.assert_array_equal(got, np.take(array, chosen.numpy(), axis=axis))


def test_take_wants_indices_of_one_axis(cpu, view):
    for bad in (np.array(1), np.ones((1, 1), "int64")):
        with pytest.raises(ValueError, match=f"one axis, not {bad.ndim}"):
            cpu.take(view(np.ones(3)), view(bad), 0)
    with pytest.raises(IndexError, match="axis 1 is out of range"):
        cpu.take(view(np.ones(3)), view(np.array([0])), 1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(5,), (4, 1), (3, 20, 2), (700, 3)], ids=str)
def test_take_along_axis_chooses_in_each_line(cpu, view, layout, rng, shape, dtype):
    array = layout(numbers(rng, shape, dtype))
    for axis in range(array.ndim):
        for count in (0, 1, 6):
            of_lines = [count if i == axis else n for i, n in enumerate(shape)]
            chosen = (
                layout(indices(rng, shape[axis], of_lines)) if count else np.empty(of_lines, int)
            )
            got = cpu.take_along_axis(view(array), view(chosen), axis).numpy()
            np.testing.assert_array_equal(got, np.take_along_axis(array, chosen, axis), strict=True)


def test_take_along_axis_broadcasts_the_other_axes(cpu, view, rng):
    array, chosen = rng.random((4, 1, 6)), indices(rng, 6, (1, 5, 3))
    got = cpu.take_along_axis(view(array), view(chosen), 2).numpy()
    want = np.take_along_axis(
        np.broadcast_to(array, (4, 5, 6)), np.broadcast_to(chosen, (4, 5, 3)), 2
    )
    np.testing.assert_array_equal(got, want, strict=True)
    with pytest.raises(ValueError, match="2"):
        cpu.take_along_axis(view(rng.random((4, 2))), view(np.zeros((3, 2), int)), 1)
    with pytest.raises(ValueError, match="as many axes"):
        cpu.take_along_axis(view(rng.random((4, 2))), view(np.zeros(2, int)), 1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("places", [(), (0,), (7,), (2, 3), (0, 2), (1, 4, 1)], ids=str)
def test_gather_and_scatter_with_indices_of_the_first_axes(cpu, view, layout, rng, dtype, places):
    array = layout(numbers(rng, (6, 5, 4), dtype))
    for count in (1, 2, 3):
        chosen = tuple(indices(rng, n, places) for n in array.shape[:count])
        views = [view(index) for index in chosen]
        got = cpu.gather(view(array), views).numpy()
        np.testing.assert_array_equal(got, array[chosen], strict=True)
        target, want = array.copy(), array.copy()
        values = numbers(rng, got.shape[1:] if places else got.shape, dtype)
        cpu.scatter(view(target), views, view(values))
        want[chosen] = values
        np.testing.assert_array_equal(target, want)


@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_scatter_add_adds_as_often_as_a_place_is_named(cpu, view, layout, rng, dtype):
    base = layout(numbers(rng, (6, 5, 4), dtype))
    for count in (1, 2, 3):
        chosen = tuple(indices(rng, n, (3, 8)) for n in base.shape[:count])
        values = layout(numbers(rng, (3, 8, *base.shape[count:]), dtype))
        want = base.copy()
        np.add.at(want, chosen, values)
        room = np.zeros((6, 10, 8), dtype)
        target = room[:, ::-2, 1::2]  # written where it lies
        target[...] = base
        cpu.scatter_add(view(target), [view(index) for index in chosen], view(values))
        np.testing.assert_array_equal(target, want)
        assert not room[:, ::2].any()
        assert not room[:, :, ::2].any()


def test_scatter_add_wraps_around(cpu, view):
    target = np.array([250, INT64.max % 200], "uint8")
    cpu.scatter_add(view(target), [view(np.array([0, 0]))], view(np.array([3, 4], "uint8")))
    assert target[0] == (250 + 7) % 256
    whole = np.array([INT64.max])
    cpu.scatter_add(view(whole), [view(np.array([0]))], view(np.array([1])))
    assert whole[0] == INT64.min


def test_the_last_value_for_a_place_stays(cpu, view):
    target = np.zeros(3)
    cpu.scatter(view(target), [view(np.array([1, -2, 1]))], view(np.array([5.0, 6.0, 7.0])))
    np.testing.assert_array_equal(target, [0, 7, 0])


@pytest.mark.parametrize("name", ["scatter", "scatter_add"])
def test_values_and_indices_may_be_the_array_itself(cpu, view, name):
    target = np.arange(6)
    reverse = target[::-1]
    want = target.copy()
    if name == "scatter":
        want[reverse.copy()] = target.copy()
    else:
        np.add.at(want, reverse.copy(), target.copy())
    cpu_target = view(target)
    getattr(cpu, name)(cpu_target, [view(reverse)], cpu_target)
    np.testing.assert_array_equal(target, want)


@pytest.mark.parametrize("name", ["scatter", "scatter_add"])
def test_scatter_refuses_before_it_writes(cpu, view, name):
    scatter, target = getattr(cpu, name), np.zeros((2, 3))
    one = view(np.array([1]))
    for error, arguments in [
        (ValueError, (view(target).readonly(), [one], view(np.ones(3)))),
        (TypeError, (view(target), [one], view(np.ones(3, "float32")))),
        (ValueError, (view(target), [one], view(np.ones(2)))),
        (ValueError, (view(target), [one], view(np.ones((1, 1, 3))))),
        (IndexError, (view(target), [], view(np.ones(3)))),
        (IndexError, (view(target), [one, one, one], view(np.ones(1)))),
        (ValueError, (view(target), [one, view(np.array([0, 1]))], view(np.ones(1)))),
        (TypeError, (view(target), [view(np.array([1], "int32"))], view(np.ones(3)))),
        (TypeError, (view(target), one, view(np.ones(3)))),
        (TypeError, (view(target), [None], view(np.ones(3)))),
        (IndexError, (view(target), [view(np.array([0, 2]))], view(np.ones(3)))),
    ]:
        with pytest.raises(error):
            scatter(*arguments)
    assert not target.any()


def test_bools_are_not_added(cpu, view):
    with pytest.raises(TypeError, match="bool"):
        cpu.scatter_add(view(np.ones(2, bool)), [view(np.array([0]))], view(np.ones(1, bool)))


@pytest.mark.parametrize("index", [3, -4, INT64.max, INT64.min])
@pytest.mark.parametrize("place", [0, 1, 99])
def test_every_index_is_checked(cpu, view, index, place):
    chosen = np.zeros(100, int)
    chosen[place] = index
    array, rule = np.zeros((3, 3)), f"index {index} is out of range for axis {{}} of size 3"
    zeros = view(np.zeros(100, int))
    with pytest.raises(IndexError, match=rule.format(1)):
        cpu.take(view(array), view(chosen), 1)
    with pytest.raises(IndexError, match=rule.format(0)):
        cpu.take_along_axis(view(array[:, :1]), view(chosen[:, None]), 0)
    with pytest.raises(IndexError, match=rule.format(1)):
        cpu.gather(view(array), [zeros, view(chosen)])
    for scatter in (cpu.scatter, cpu.scatter_add):
        with pytest.raises(IndexError, match=rule.format(1)):
            scatter(view(array), [zeros, view(chosen)], view(np.ones(())))
    assert not array.any()


def test_no_element_of_an_empty_array_can_be_taken(cpu, view):
    array, zero = view(np.ones((0, 3))), view(np.array([0]))
    with pytest.raises(IndexError, match="index 0 is out of range for axis 0 of size 0"):
        cpu.take(array, zero, 0)
    with pytest.raises(IndexError, match="axis 0 of size 0"):
        cpu.gather(array, [zero])
    assert cpu.take(array, zero, 1).shape == (0, 1)
    nothing = view(np.empty((2, 0), int))
    assert cpu.gather(array, [nothing]).shape == (2, 0, 3)
    assert cpu.gather(array, [nothing, nothing]).shape == (2, 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "shape", [(1,), (0,), (9,), (3, 0), (4, 5), (2, 3, 4), (1,) * 9, (300, 301)], ids=str
)
def test_nonzero_finds_places_in_row_major_order(cpu, threads, view, layout, rng, shape, dtype):
    array = layout(np.asarray(rng.integers(0, 3, shape) // 2, dtype))
    for number in (1, 2):
        threads(number)
        got = [axis.numpy() for axis in cpu.nonzero(view(array))]
        for places, want in zip(got, np.nonzero(array), strict=True):
            np.testing.assert_array_equal(places, want, strict=True)


def test_nonzero_counts_nan_but_not_negative_zero(cpu, view):
    (places,) = cpu.nonzero(view(np.array([0.0, -0.0, np.nan, 5e-324])))
    np.testing.assert_array_equal(places.numpy(), [2, 3])
    with pytest.raises(ValueError, match="without axes"):
        cpu.nonzero(view(np.ones(())))
