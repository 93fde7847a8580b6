"""Deferred computation: nothing is computed before it is asked for, and then all that is needed."""

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor, TensorOp
from needle_shared.testing import assert_close


class Counted(TensorOp):
    """Doubles, and counts how often."""

    def __init__(self):
        self.count = 0

    def compute(self, x):
        self.count += 1
        return x * 2

    def gradient(self, out_grad, node):
        return out_grad * 2


def leaf():
    return Tensor(np.array([1.0, 2.0, 3.0]))


@pytest.mark.parametrize(
    "ask",
    [
        lambda y: y.numpy(), lambda y: y.shape, lambda y: y.dtype, lambda y: y.device, repr, len,
        lambda y: y.ndim, lambda y: y.realize_cached_data(), lambda y: y.detach(), lambda y: y == 1,
        lambda y: y.backward(), list, np.asarray,
    ],
)  # fmt: skip
def test_nothing_is_computed_before_it_is_asked_for_and_then_once(ask):
    op = Counted()
    with ndl.lazy():
        y = op(op(leaf()) + 1) * 3
        assert op.count == 0
        assert y.cached_data is None
        ask(y)
        assert op.count == 2
        ask(y)
    assert op.count == 2
    assert_close(y.numpy(), [18.0, 30.0, 42.0])


def test_only_what_is_asked_for_is_computed():
    used, unused = Counted(), Counted()
    with ndl.lazy():
        y, other = used(leaf()), unused(leaf())
    y.numpy()
    assert (used.count, unused.count) == (1, 0)
    assert other.requires_grad


def test_shared_part_is_computed_once():
    op = Counted()
    with ndl.lazy():
        shared = op(leaf())
        a, b = shared + 1, shared * 2
    a.numpy()
    b.numpy()
    assert op.count == 1


def test_deferred_value_can_be_asked_for_outside_and_used_by_eager_operations():
    op = Counted()
    x = leaf()
    with ndl.lazy():
        y = op(x)
    z = y * 5
    assert op.count == 1
    z.backward()
    assert_close(x.grad, [10.0, 10.0, 10.0])


def test_deferred_value_is_computed_from_what_its_leaf_held_at_the_time():
    x = leaf()
    with ndl.lazy():
        y = x * 2
    x.data = Tensor([100.0, 100.0, 100.0])
    assert_close(y, [2.0, 4.0, 6.0])


def test_error_surfaces_when_the_value_is_asked_for_and_again():
    with ndl.lazy():
        y = leaf() + Tensor([1.0, 2.0])
        z = y * 2
    for value in (z, z, y):
        with pytest.raises(ValueError, match="do not broadcast"):
            value.numpy()


def test_deferred_broadcasts_are_recorded_when_computed():
    a, b = Tensor(np.ones((2, 3))), leaf()
    with ndl.lazy():
        y = a * b
        y.backward()
    assert isinstance(y.inputs[1].op, ndl.BroadcastTo)
    assert b.grad.shape == (3,)
    assert_close(b.grad, [2.0, 2.0, 2.0])


def test_lazy_and_no_grad_combine():
    x = leaf()
    with ndl.lazy(), ndl.no_grad():
        y = x * 2
        assert y.cached_data is None
    assert not y.requires_grad
    assert_close(y, [2.0, 4.0, 6.0])
    assert y.is_leaf()
    with pytest.raises(RuntimeError, match="requires grad"):
        y.backward()


def test_value_deferred_with_gradient_keeps_it_when_computed_inside_no_grad():
    x = leaf()
    with ndl.lazy():
        y = x * x
    with ndl.no_grad():
        y.numpy()
    y.backward()
    assert_close(x.grad, 2 * x.numpy())


def test_lazy_ends_with_its_block():
    with ndl.lazy():
        pass
    assert (leaf() * 2).cached_data is not None


def test_function_of_the_course_differentiates_a_value_that_is_not_computed_yet():
    x = leaf()
    with ndl.lazy():
        y = ndl.relu(x * x)
        ndl.autograd.compute_gradient_of_variables(y, Tensor(np.ones(3)))
    assert_close(x.grad, 2 * x.numpy())


def test_gradient_of_a_deferred_value_that_asked_to_keep_it():
    x = leaf()
    with ndl.lazy():
        y = x * 2
        y.retain_grad()
        (y * y).backward()
    assert_close(y.grad, 4 * x.numpy())


def test_mistake_in_an_op_inside_lazy_is_a_type_error_at_once():
    with ndl.lazy(), pytest.raises(TypeError, match="EWiseAdd takes tensors"):
        ndl.add(leaf(), 3)


def test_subtraction_is_deferred():
    op = Counted()
    with ndl.lazy():
        deferred = op(leaf()) * 2
        left, right = deferred - leaf(), leaf() - deferred
        both = deferred - deferred
    assert op.count == 0
    assert_close(left, [3.0, 6.0, 9.0])
    assert_close(right, [-3.0, -6.0, -9.0])
    assert_close(both, [0.0, 0.0, 0.0])


def test_subtraction_of_a_deferred_unsigned_tensor_is_refused_rather_than_wrapped():
    with ndl.lazy():
        y = leaf() - Tensor(np.array([1, 2, 3], dtype="uint8")) * 2
        z = leaf() * 2 - Tensor(np.array([1, 2, 3], dtype="uint8"))
    with pytest.raises(OverflowError):
        y.realize_cached_data()
    assert_close(z, 2 * leaf().numpy() - [1, 2, 3])


def test_gradient_of_a_formula_that_is_not_computed_yet():
    class Line(TensorOp):
        def compute(self, x, a, b):
            return x * a + b

        def gradient(self, out_grad, node):
            x, a, b = node.inputs
            return ndl.autograd.vector_jacobian_product(x * a + b, node.inputs, out_grad)

    def run():
        x, a, b = leaf(), Tensor(2.0), Tensor([1.0])
        Line()(x, a, b).backward()
        return [t.grad.numpy() for t in (x, a, b)]

    expected = run()
    with ndl.lazy():
        for found, grad in zip(run(), expected, strict=True):
            assert_close(found, grad)
