"""Indexing against NumPy, over indices that hypothesis draws, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import needle_hw1 as ndl
from needle_hw1 import Tensor
from needle_hw1.ops.indexing import normalize_index
from needle_shared.testing import assert_close, basic_indices, shapes


@st.composite
def arrays_and_indices(draw):
    shape = draw(shapes(max_dims=4, max_side=4))
    return np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape), draw(basic_indices(shape))


@given(arrays_and_indices())
def test_index_and_its_gradient_match_numpy(case):
    array, index = case
    x = Tensor(array)
    y = x[index]
    assert_close(y, np.asarray(array[index]))
    cotangent = np.asarray(np.cos(array[index]))
    y.backward(Tensor(cotangent))
    expected = np.zeros_like(array)
    expected[index] = cotangent
    assert_close(x.grad, expected)


@given(arrays_and_indices())
def test_gradient_of_the_gradient_of_an_index_is_the_index_again(case):
    array, index = case
    x = Tensor(array)
    y = x[index]
    (y * y * y).backward()
    x.grad.backward()
    expected = np.zeros_like(array)
    expected[index] = 6 * array[index]
    assert_close(x.grad, expected)


@given(st.data())
def test_index_of_a_view_of_a_view(data):
    array = np.arange(24.0).reshape(2, 3, 4)
    x = y = Tensor(array)
    expected = array
    marks = np.arange(24).reshape(2, 3, 4)  # which element of the base each one is
    for _ in range(3):
        index = data.draw(basic_indices(expected.shape))
        y, expected, marks = y[index], expected[index], marks[index]
    assert_close(y, np.asarray(expected))
    y.backward()
    hits = np.zeros(24)
    np.add.at(hits, np.asarray(marks).ravel(), 1.0)
    assert_close(x.grad, hits.reshape(2, 3, 4))


def test_scatter_puts_values_into_zeros():
    y = ndl.Scatter((slice(None, None, 2), 1), (3, 2))(Tensor([5.0, 7.0]))
    assert_close(y, [[0.0, 5.0], [0.0, 0.0], [0.0, 7.0]])


def test_gradients_of_overlapping_indices_are_summed():
    x = Tensor([1.0, 2.0, 3.0])
    (x[:2] * x[1:]).backward()
    assert_close(x.grad, [2.0, 4.0, 2.0])


def test_index_keeps_the_dtype():
    x = Tensor(np.ones(3, "float32"))
    x[1:].backward()
    assert x.grad.dtype == np.float32
    assert Tensor([1, 2])[0].dtype == np.int64


@pytest.mark.parametrize("number", [np.int64(1), np.uint8(1), np.array(1)])
def test_integers_of_numpy_are_indices(number):
    assert_close(Tensor([1.0, 2.0, 3.0])[number], np.array(2.0))
    assert_close(Tensor([1.0, 2.0, 3.0])[number:], [2.0, 3.0])


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (2, "index 2 is out of range for axis 0 of size 2"),
        (-3, "index -3 is out of range for axis 0 of size 2"),
        ((0, 3), "index 3 is out of range for axis 1 of size 3"),
        ((..., -4), "index -4 is out of range for axis 1 of size 3"),
        ((None, slice(None), 3), "index 3 is out of range for axis 1 of size 3"),
        ((0, 0, 0), r"\(0, 0, 0\) has 3 entries for the 2 axes of \(2, 3\)"),
        ((0, slice(None), ..., 0), "3 entries for the 2 axes"),
        ((..., ...), "more than one ..."),
    ],
)
def test_error_names_index_axis_and_size(index, message):
    with pytest.raises(IndexError, match=message):
        Tensor(np.ones((2, 3)))[index]


def test_index_of_a_0d_tensor_or_an_empty_axis_is_out_of_range():
    with pytest.raises(IndexError, match="1 entries for the 0 axes"):
        Tensor(1.0)[0]
    with pytest.raises(IndexError, match="index 0 is out of range for axis 0 of size 0"):
        Tensor([])[0]
    assert Tensor(1.0)[()].shape == ()
    assert Tensor(1.0)[..., None].shape == (1,)


@pytest.mark.parametrize(
    "index",
    [
        [0, 1], True, np.True_, 1.0, np.float64(1.0), "a", np.array([0, 1]),
        np.array([True, False]), np.array(True),
        (0, [1]), (slice(None), True), slice(0, 1.5), slice("a"), {},
    ],
    ids=repr,
)  # fmt: skip
def test_lists_truth_values_and_floats_are_no_indices(index):
    with pytest.raises(TypeError):
        Tensor(np.ones((2, 3)))[index]


def test_normal_index_says_everything_from_the_front_and_within_the_shape():
    assert normalize_index((-1, slice(-9, 9)), (2, 3)) == (1, slice(0, 3, 1))
    assert normalize_index((None, ..., -3), (2, 3)) == (None, slice(None), 0)
    assert normalize_index(slice(None, None, -1), (3,)) == (slice(2, None, -1),)
    assert normalize_index(slice(9, -2, -2), (5,)) == (slice(4, 3, -2),)
    assert normalize_index(slice(2, 1), (3,)) == (slice(0, 0),)
    assert normalize_index(slice(None, None, -1), (0,)) == (slice(0, 0),)


def test_tensor_is_no_index():
    with pytest.raises(TypeError, match="not by Tensor"):
        Tensor(np.ones((2, 3)))[Tensor(1)]


def test_step_of_zero_is_refused():
    with pytest.raises(ValueError, match="step cannot be zero"):
        Tensor([1.0, 2.0])[::0]


def test_items_are_not_assigned():
    with pytest.raises(TypeError, match="item assignment"):
        Tensor([1.0, 2.0])[0] = 3.0
