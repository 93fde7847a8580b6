"""The arithmetic of shapes and strides against NumPy's, without any device."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.exceptions import AxisError
from numpy.lib.stride_tricks import as_strided

from needle_hw3 import layout
from needle_hw3.layout import Layout
from needle_shared.testing import shapes

SIZES = [0, 1, 2, 3]
SMALL = [(), *[(a,) for a in SIZES], *itertools.product(SIZES, SIZES)]


def layout_of(array):
    return Layout(array.shape, tuple(s // array.itemsize for s in array.strides))


def shown(base, found):
    """Return the elements of the flat array `base` that a layout shows, one at a time."""
    result = np.empty(found.shape, base.dtype)
    for index in np.ndindex(found.shape):
        steps = sum(i * s for i, s in zip(index, found.strides, strict=True))
        assert 0 <= found.offset + steps < base.size
        result[index] = base[found.offset + steps]
    return result


@st.composite
def strided(draw):
    """Return a flat array, and a NumPy view of it with its layout: permuted, sliced, flipped."""
    array = np.arange(np.prod(shape := draw(shapes(max_dims=4, max_side=4)))).reshape(shape)
    view = array.transpose(draw(st.permutations(range(array.ndim))))
    step = st.sampled_from([slice(None), slice(None, None, -1), slice(1, None), slice(0, 4, 2)])
    view = view[(..., *(draw(step) for _ in shape))]
    start = view.__array_interface__["data"][0] - array.__array_interface__["data"][0]
    return array.reshape(-1), view, layout_of(view)._replace(offset=start // 8 if view.size else 0)


@given(shapes())
def test_compact_strides_are_those_of_a_new_array(shape):
    if 0 not in shape:
        assert layout.compact_strides(shape) == layout_of(np.empty(shape)).strides
    assert layout.is_compact(shape, layout.compact_strides(shape))


@given(strided())
def test_compactness_is_numpys_contiguity(case):
    _, view, given_layout = case
    assert layout.is_compact(*given_layout[:2]) == view.flags.c_contiguous


@given(strided(), st.data())
def test_reshape_moves_no_elements_exactly_where_numpy_need_not(case, data):
    base, view, given_layout = case
    divisors = [n for n in range(1, view.size + 1) if view.size % n == 0] or [0]
    first = data.draw(st.sampled_from(divisors))
    rest = view.size // first if first else 3
    second = data.draw(st.sampled_from([n for n in range(1, rest + 1) if rest % n == 0]))
    shape = (first, second, rest // second) if first else (first, second, 2)
    found = layout.reshape(given_layout, shape)
    copied = np.reshape(view, shape)
    assert (found is not None) == (view.size == 0 or np.shares_memory(copied, view))
    if found is not None:
        np.testing.assert_array_equal(shown(base, found), copied)


@given(strided(), st.data())
def test_views_show_what_numpys_show(case, data):
    base, view, given_layout = case
    ndim = view.ndim
    order = data.draw(st.permutations(range(ndim)))
    axes = tuple(data.draw(st.sets(st.integers(0, ndim - 1)))) if ndim else ()
    axis = data.draw(st.integers(-ndim - 1, ndim))
    cases = [
        (layout.permute(given_layout, order), view.transpose(order)),
        (layout.flip(given_layout, axes), np.flip(view, axes)),
        (layout.flip(given_layout, None), np.flip(view)),
        (layout.expand(given_layout, axis), np.expand_dims(view, axis)),
        (layout.move_axes(given_layout, range(ndim), order), np.moveaxis(view, range(ndim), order)),
        (layout.move_axes(given_layout, order, range(ndim)), np.moveaxis(view, order, range(ndim))),
    ]
    target = (2, *(size if size != 1 else 3 for size in view.shape))
    cases.append((layout.broadcast(given_layout, target), np.broadcast_to(view, target)))
    ones = tuple(i for i, size in enumerate(view.shape) if size == 1)
    cases.append((layout.squeeze(given_layout, ones), np.squeeze(view, ones)))
    for found, expected in cases:
        assert found.shape == expected.shape
        np.testing.assert_array_equal(shown(base, found), expected)


def test_shapes_broadcast_as_numpys_or_the_axis_is_named():
    for a, b in itertools.product(SMALL, SMALL):
        try:
            expected = np.broadcast_shapes(a, b)
        except ValueError:
            with pytest.raises(ValueError, match="do not broadcast: axis"):
                layout.broadcast_shapes(a, b)
        else:
            assert layout.broadcast_shapes(a, b) == expected
    assert layout.broadcast_shapes() == ()
    assert layout.broadcast_shapes((2, 1), (3,), (1, 1, 1)) == (1, 2, 3)
    with pytest.raises(
        ValueError, match=r"\(3, 4\) and \(5, 4\) do not broadcast: axis 0 is 3 and 5"
    ):
        layout.broadcast_shapes((3, 4), (5, 4))


def test_one_shape_broadcasts_to_another_exactly_where_numpys_does():
    for a, b in itertools.product(SMALL, SMALL):
        given_layout = Layout(a, layout.compact_strides(a))
        try:
            expected = np.broadcast_to(np.empty(a), b)
        except ValueError:
            with pytest.raises(ValueError, match="does not broadcast to"):
                layout.broadcast(given_layout, b)
        else:
            assert layout.broadcast(given_layout, b).shape == expected.shape


def test_axes_count_from_the_front():
    assert layout.normalize_axis(-1, 3) == 2
    assert layout.normalize_axis(np.int8(1), 3) == 1
    assert layout.normalize_axes(None, 3) == (0, 1, 2)
    assert layout.normalize_axes([0, -1], 3) == (0, 2)
    assert layout.normalize_axes((), 0) == ()
    for axis, ndim in [(1, 1), (-2, 1), (0, 0), (-4, 3)]:
        with pytest.raises(AxisError, match=f"axis {axis} is out of bounds.*{ndim}"):
            layout.normalize_axis(axis, ndim)
    with pytest.raises(ValueError, match=r"\(1, -1\) repeat axis 1"):
        layout.normalize_axes((1, -1), 2)


def test_shapes_are_checked_before_anything_is_made():
    assert layout.as_shape(3) == (3,)
    assert layout.as_shape([np.int64(2), 3]) == (2, 3)
    assert layout.as_shape((0, 2**30, 2**30)) == (0, 2**30, 2**30)
    for wrong, message in [
        ((2, -1), "negative size -1 at axis 1"), ((2**40, 2**40), "more elements than any memory"),
        ((0, 2**40, 2**40), "more elements"), ((1,) * 33, "at most 32 axes, not 33"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            layout.as_shape(wrong)
    with pytest.raises(TypeError):
        layout.as_shape((1.5,))


def test_size_left_over_is_worked_out():
    assert layout.known_shape(-1, 6) == (6,)
    assert layout.known_shape((2, -1), 6) == (2, 3)
    assert layout.known_shape((0, 7), 0) == (0, 7)
    for shape, size in [((4, 2), 6), ((4, -1), 6), ((-1, -1), 4), ((0, -1), 0), ((-2, -3), 6)]:
        with pytest.raises(ValueError, match=f"size {size} into shape"):
            layout.known_shape(shape, size)


def test_wrong_axes_are_named():
    given_layout = Layout((1, 2), (2, 1))
    with pytest.raises(ValueError, match=r"axes \(0,\) do not name each axis of shape \(1, 2\)"):
        layout.permute(given_layout, (0,))
    with pytest.raises(ValueError, match=r"axis 1 of shape \(1, 2\) has size 2"):
        layout.squeeze(given_layout, 1)
    with pytest.raises(ValueError, match="1 axes cannot move to 2 places"):
        layout.move_axes(given_layout, 0, (0, 1))


def test_layout_is_what_numpys_strides_say():
    array = np.arange(24)
    found = Layout((2, 3), (-1, 4), 5)
    expected = as_strided(array[5:], found.shape, [8 * s for s in found.strides])
    np.testing.assert_array_equal(shown(array, found), expected)
