"""Tensors beside numbers, arrays and other objects: which operators answer, and with what."""

import operator
from decimal import Decimal

import numpy as np
import pytest

from needle_hw1 import Tensor
from needle_shared.testing import assert_close

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
B = np.array([3.0, 1.0, 2.0])


@pytest.mark.parametrize("function", OPERATORS)
@pytest.mark.parametrize("array", [B, B[:, None].T, np.array(2.0), np.array([2, 1, 3]), A[::-1]],
                         ids=["row", "1x3", "0-d", "int", "reversed"])  # fmt: skip
def test_array_on_either_side_gives_one_tensor_that_is_differentiated(function, array):
    x = Tensor(A)
    for result, expected in [
        (function(x, array), function(A, array)),
        (function(array, x), function(array, A)),
    ]:
        assert type(result) is Tensor
        assert_close(result, expected)
        result.backward()
        assert x.grad.shape == A.shape


def test_gradient_beside_an_array_on_the_left():
    x = Tensor(B)
    (A - x).backward()
    assert_close(x.grad, [-2.0, -2.0, -2.0])
    (A / x).backward()
    assert_close(x.grad, -A.sum(0) / B**2)
    (2.0 - x).backward()
    assert_close(x.grad, [-1.0, -1.0, -1.0])


def test_matrix_product_with_an_array_on_either_side():
    x = Tensor(A)
    right = A.T @ x
    assert type(right) is Tensor
    assert_close(right, A.T @ A)
    right.backward()
    assert_close(x.grad, A @ np.ones((3, 3)))
    left = x @ B
    assert_close(left, A @ B)
    left.backward()
    assert_close(x.grad, np.broadcast_to(B, (2, 3)))


def test_array_beside_a_tensor_is_copied():
    array = B.copy()
    x = Tensor(A)
    y = x * array
    array[:] = 0.0
    y.backward()
    assert_close(x.grad, np.broadcast_to(B, (2, 3)))


def test_array_is_no_part_of_the_graph():
    x = Tensor(A)
    y = x * B
    assert [value.requires_grad for value in y.inputs] == [True, False]


def test_array_keeps_its_dtype_but_a_number_does_not():
    x = Tensor(B, dtype="float32")
    assert (x * np.array(2.0)).dtype == np.float64
    assert (x * np.float64(2.0)).dtype == np.float32
    assert (Tensor([1, 2]) * 0.5).dtype == np.float64


def test_array_cannot_be_changed_in_place_by_a_tensor():
    array = B.copy()
    with pytest.raises(TypeError):
        array += Tensor(B)
    assert_close(array, B)


@pytest.mark.parametrize("function", [*OPERATORS, operator.matmul])
@pytest.mark.parametrize("other", [None, "1", [1.0, 2.0, 3.0], 1j, {}, Decimal(1), object()],
                         ids=lambda value: type(value).__name__)  # fmt: skip
def test_other_objects_are_refused_as_python_does(function, other):
    with pytest.raises(TypeError, match="Tensor"):
        function(Tensor(B), other)
    with pytest.raises(TypeError, match="Tensor"):
        function(other, Tensor(B))


@pytest.mark.parametrize(
    "function", [operator.floordiv, operator.mod, operator.and_, operator.lshift]
)
def test_operators_without_a_derivative_are_refused(function):
    with pytest.raises(TypeError, match="unsupported operand"):
        function(Tensor(B), 2)


def test_matrix_product_with_a_number_is_refused():
    with pytest.raises(ValueError, match="0-d"):
        Tensor(B) @ 2.0


def test_other_object_may_answer_for_itself():
    class Answers:
        def __radd__(self, other):
            return "radd"

        def __rmatmul__(self, other):
            return "rmatmul"

        def __gt__(self, other):
            return "gt"

    assert Tensor(B) + Answers() == "radd"
    assert Tensor(B) @ Answers() == "rmatmul"
    assert (Tensor(B) < Answers()) == "gt"


def test_sum_of_python_starts_from_zero():
    parts = [Tensor(B), Tensor(A)]
    assert_close(sum(parts), A + B)


C = np.array([1.0, np.nan, 3.0, -0.0])
D = np.array([np.nan, np.nan, 3.0, 0.0])


@pytest.mark.parametrize("relation", COMPARISONS)
def test_comparison_gives_an_array_of_bool_with_numpys_rules_for_nan(relation):
    x = Tensor(C)
    for other in (D, 3.0, 3, True, np.float32(3.0), np.array(3.0), D[:, None], np.nan):
        expected = relation(C, other)
        for result in (relation(x, other), relation(C, Tensor(other))):
            assert type(result) is np.ndarray
            assert result.dtype == bool
            np.testing.assert_array_equal(result, expected)
        np.testing.assert_array_equal(relation(other, x), relation(other, C))
        np.testing.assert_array_equal(relation(x, Tensor(other)), expected)


@pytest.mark.parametrize("relation", COMPARISONS)
def test_comparison_of_0d_tensors_is_a_0d_array(relation):
    result = relation(Tensor(2.0), Tensor(3.0))
    assert type(result) is np.ndarray
    assert result.shape == ()
    assert bool(result) is relation(2.0, 3.0)


@pytest.mark.parametrize("other", [None, "x", [1.0], object()])
def test_tensor_equals_no_object_of_another_kind_and_is_not_ordered_with_it(other):
    assert (Tensor([1.0]) == other) is False
    assert (Tensor([1.0]) != other) is True
    with pytest.raises(TypeError, match="not supported"):
        _ = Tensor([1.0]) < other


def test_comparison_of_shapes_that_do_not_broadcast_is_an_error():
    with pytest.raises(ValueError, match="broadcast"):
        _ = Tensor([1.0, 2.0]) == Tensor([1.0, 2.0, 3.0])
