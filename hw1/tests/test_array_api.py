"""Tensors over a second library, array_api_strict, which has the standard and nothing else.

Its arrays must never be converted to NumPy's on the way: the fixture `strict` forbids it.
"""

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor
from needle_hw1.array_api import (
    AxisError,
    array_namespace,
    broadcast_shapes,
    is_array,
    normalize_axes,
    normalize_axis,
)  # fmt: skip
from needle_shared.testing import assert_close

RNG = np.random.default_rng(0)
X, W1, B1, W2 = (RNG.standard_normal(shape) for shape in [(6, 4), (4, 5), (5,), (5, 3)])
Y = np.eye(3)[[0, 2, 1, 1, 0, 2]]


def mlp_loss(simple_ml, x, y, w1, b1, w2):
    return simple_ml.softmax_loss(ndl.relu(x @ w1 + b1) @ w2, y)


def test_loss_and_gradients_of_a_network_equal_those_over_numpy(strict, simple_ml):
    arrays = [X, Y, W1, B1, W2]
    mine = [Tensor(array) for array in arrays]
    theirs = [Tensor(strict.asarray(array)) for array in arrays]
    losses = [mlp_loss(simple_ml, *mine), mlp_loss(simple_ml, *theirs)]
    for loss in losses:
        loss.backward()
    assert array_namespace(losses[1].cached_data).__name__ == "array_api_strict"
    assert_close(strict.exported(losses[1]), losses[0].numpy())
    for a, b in zip(mine, theirs, strict=True):
        assert array_namespace(b.grad.cached_data).__name__ == "array_api_strict"
        assert_close(strict.exported(b.grad), a.grad.numpy())


def test_second_derivatives_of_a_network_equal_those_over_numpy(strict, simple_ml):
    def second(convert):
        leaves = [Tensor(convert(array)) for array in (X, Y, W1, B1, W2)]
        mlp_loss(simple_ml, *leaves).backward()
        norm = sum((leaf.grad * leaf.grad).sum() for leaf in leaves[2:])
        norm.backward()
        return [leaf.grad for leaf in leaves[2:]]

    for a, b in zip(second(np.asarray), second(strict.asarray), strict=True):
        assert_close(strict.exported(b), a.numpy())


EXPRESSIONS = [
    lambda x: x + 1.5, lambda x: 1.5 - x, lambda x: x / 3.0, lambda x: 3.0 / x, lambda x: x**2.0,
    lambda x: 2.0**x, lambda x: x**x, lambda x: x**0.0, lambda x: -x * x,
    lambda x: x / x.sum(0),
    ndl.exp, ndl.log, ndl.relu, lambda x: x.sum((0, -1)), lambda x: x.sum(1, keepdims=True) * x,
    lambda x: x.transpose() @ x, lambda x: x @ x[0], lambda x: x[1] @ x[0], lambda x: x.reshape(-1),
    lambda x: x[1, 0], lambda x: x[::-1, None, 1:], lambda x: x[5:], lambda x: x[-9:9:2],
    lambda x: x[9:-9:-1], lambda x: x.broadcast_to((2, 2, 3)), lambda x: x[..., 0] - x[..., -1],
    lambda x: x.sum(), lambda x: x.sum() ** 2.0, lambda x: ndl.relu(x.sum()),
    lambda x: x.sum() ** x,
]  # fmt: skip


@pytest.mark.parametrize("function", EXPRESSIONS, ids=range(len(EXPRESSIONS)))
def test_operator_equals_that_over_numpy_forward_and_backward(strict, function):
    array = np.array([[1.0, 0.5, 2.0], [0.1, 3.0, 1.5]])
    mine, theirs = Tensor(array), Tensor(strict.asarray(array))
    expected, result = function(mine), function(theirs)
    expected.backward()
    result.backward()
    assert_close(strict.exported(result), expected.numpy())
    assert_close(strict.exported(theirs.grad), mine.grad.numpy())


def test_dtypes_of_the_library_are_kept_and_promote(strict):
    x = Tensor(strict.asarray([1.0, 2.0], dtype=strict.float32))
    y = Tensor(strict.asarray([1.0, 2.0], dtype=strict.float64))
    assert (x * 2.0).dtype == strict.float32
    result = x * y
    assert result.dtype == strict.float64
    result.backward()
    assert x.grad.dtype == strict.float32
    assert x.astype(strict.float64).dtype == strict.float64


def test_constants_are_made_in_the_library(strict):
    x = Tensor(strict.asarray([1.0, 2.0]))
    for like in (ndl.zeros_like(x), ndl.ones_like(x)):
        assert array_namespace(like.cached_data).__name__ == "array_api_strict"
        assert like.dtype == strict.float64


def test_comparisons_give_arrays_of_the_library(strict):
    x = Tensor(strict.asarray([1.0, 3.0]))
    result = x < 2.0
    assert strict.exported(result).tolist() == [True, False]
    assert array_namespace(result).__name__ == "array_api_strict"


@pytest.mark.parametrize("function", [lambda a, b: a + b, lambda a, b: a @ b, lambda a, b: b * a])
def test_two_libraries_do_not_mix(strict, function):
    theirs = Tensor(strict.asarray([1.0, 2.0]))
    for other in (Tensor([1.0, 2.0]), np.array([1.0, 2.0])):
        with pytest.raises(ValueError, match=r"one device.*array_api_strict.*numpy|numpy.*strict"):
            function(theirs, other)


def test_array_of_the_library_is_an_operand(strict):
    array = strict.asarray([1.0, 2.0])
    x = Tensor(strict.asarray([3.0, 4.0]))
    for result, expected in [(x - array, [2.0, 2.0]), (x * array, [3.0, 8.0])]:
        assert type(result) is Tensor
        assert strict.exported(result).tolist() == expected


def test_ban_on_conversion_holds(strict):
    array = strict.asarray([1.0])
    for convert in (np.asarray, np.from_dlpack, ndl.Tensor.numpy):
        with pytest.raises(AssertionError, match="converted to NumPy's"):
            convert(Tensor(array) if convert is ndl.Tensor.numpy else array)


def test_values_come_out_as_numpys():
    xp = pytest.importorskip("array_api_strict", reason="needs the extra `test`")
    x = Tensor(xp.asarray([[1.0, 2.0]]))
    assert type(x.numpy()) is np.ndarray
    assert_close(x, [[1.0, 2.0]])
    x.numpy()[0, 0] = 100.0
    assert_close(x, [[1.0, 2.0]])
    assert x[0, 1].item() == 2.0
    assert "[[1., 2.]]" in repr(x)


def test_is_array_tells_arrays_from_scalars_and_lists(strict):
    assert is_array(np.ones(2))
    assert is_array(np.array(1.0))
    assert is_array(strict.asarray(1.0))
    for other in (np.float64(1.0), 1.0, [1.0], None, Tensor([1.0])):
        assert not is_array(other)


@pytest.mark.parametrize(
    ("axis", "ndim", "expected"), [(0, 1, 0), (-1, 3, 2), (-3, 3, 0), (2, 3, 2)]
)
def test_axis_counts_from_the_front(axis, ndim, expected):
    assert normalize_axis(axis, ndim) == expected
    assert normalize_axis(np.int8(axis), ndim) == expected


@pytest.mark.parametrize(("axis", "ndim"), [(1, 1), (-2, 1), (0, 0), (-1, 0), (3, 3), (-4, 3)])
def test_axis_out_of_range_is_named(axis, ndim):
    with pytest.raises(AxisError, match=f"axis {axis} is out of bounds.*{ndim}"):
        normalize_axis(axis, ndim)
    assert issubclass(AxisError, IndexError)


def test_axes_are_a_tuple_without_repeats():
    assert normalize_axes(None, 3) == (0, 1, 2)
    assert normalize_axes(-1, 3) == (2,)
    assert normalize_axes([0, -1], 3) == (0, 2)
    assert normalize_axes((), 3) == ()
    assert normalize_axes(None, 0) == ()
    with pytest.raises(ValueError, match=r"\(2, 0, -1\) repeat axis 2"):
        normalize_axes((2, 0, -1), 3)


SIZES = [0, 1, 2, 3]
SHAPES = [(), *[(a,) for a in SIZES], *[(a, b) for a in SIZES for b in SIZES]]


def test_shapes_broadcast_as_numpys_or_the_axis_is_named():
    for a in SHAPES:
        for b in SHAPES:
            try:
                expected = np.broadcast_shapes(a, b)
            except ValueError:
                with pytest.raises(ValueError, match="do not broadcast: axis"):
                    broadcast_shapes(a, b)
            else:
                assert broadcast_shapes(a, b) == expected
    assert broadcast_shapes() == ()
    assert broadcast_shapes((2, 1), (3,), (1, 1, 1)) == (1, 2, 3)
    with pytest.raises(
        ValueError, match=r"\(3, 4\) and \(5, 4\) do not broadcast: axis 0 is 3 and 5"
    ):
        broadcast_shapes((3, 4), (5, 4))
