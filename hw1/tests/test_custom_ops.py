"""Ops and values that users define: they work, and their mistakes are named."""

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Op, Tensor, TensorOp, Value
from needle_shared.testing import assert_close, gradient_check


class Cube(TensorOp):
    def compute(self, x):
        return x * x * x

    def gradient(self, out_grad, node):
        (x,) = node.inputs
        return out_grad * 3 * x * x


class Product(TensorOp):
    """Multiplies; `parts` makes what it returns as gradients of a (3,) and a (3,) tensor."""

    def __init__(self, parts):
        self.parts = parts

    def compute(self, a, b):
        return a * b

    def gradient(self, out_grad, node):
        return self.parts(out_grad, *node.inputs)


def pair():
    return Tensor([1.0, 2.0, 3.0]), Tensor([4.0, 5.0, 6.0])


def test_op_of_a_user_is_differentiated_twice():
    x = Tensor([1.0, -2.0])
    gradient_check(Cube(), x)
    Cube()(x).backward()
    x.grad.backward()
    assert_close(x.grad, 6 * x.numpy())


@pytest.mark.parametrize("kind", [tuple, list])
def test_gradients_may_be_a_tuple_or_a_list_and_none_where_not_needed(kind):
    a, b = pair()
    Product(lambda g, x, y: kind([g * y, None]))(a, b).backward()
    assert_close(a.grad, b.numpy())
    assert b.grad is None


MISTAKES = [
    (lambda g, x, y: g, ValueError, "Product.gradient returned 1 gradients for 2 inputs"),
    (lambda g, x, y: (g, g, g), ValueError, "Product.gradient returned 3 gradients for 2 inputs"),
    (lambda g, x, y: (g * y, g.sum()), ValueError,
     r"Product.gradient returned shape \(\) for input 1 of shape \(3,\)"),
    (lambda g, x, y: (g.reshape(1, 3), g), ValueError,
     r"Product.gradient returned shape \(1, 3\) for input 0 of shape \(3,\)"),
    (lambda g, x, y: (g.numpy(), g), TypeError, "Product.gradient returned ndarray for input 0"),
    (lambda g, x, y: (g, 1.0), TypeError, "Product.gradient returned float for input 1"),
    (lambda g, x, y: None, ValueError, "Product.gradient returned 1 gradients for 2 inputs"),
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda case: case[2])
def test_wrong_number_shape_or_type_of_gradients_is_reported_with_the_name_of_the_op(mistake):
    parts, kind, message = mistake
    with pytest.raises(kind, match=message):
        Product(parts)(*pair()).backward()


def test_op_without_compute_or_gradient_names_what_is_missing():
    class Nothing(TensorOp):
        pass

    class ForwardOnly(TensorOp):
        def compute(self, x):
            return x

    with pytest.raises(NotImplementedError, match=r"Nothing\.compute"):
        Nothing()(Tensor([1.0]))
    with pytest.raises(NotImplementedError, match=r"ForwardOnly\.gradient"):
        ForwardOnly()(Tensor([1.0])).backward()


def test_compute_that_forgets_to_return_is_reported():
    class Forgetful(TensorOp):
        def compute(self, x):
            x + 1

    with pytest.raises(TypeError, match=r"Forgetful\.compute returned None"):
        Forgetful()(Tensor([1.0]))


def test_attribute_error_inside_an_op_is_not_hidden():
    class Typo(TensorOp):
        def compute(self, x):
            return x.shap

    with pytest.raises(AttributeError, match="shap"):
        Typo()(Tensor([1.0]))


def test_gradient_as_tuple_wraps_one_value():
    a, b = pair()
    node = a * b
    assert len(node.op.gradient_as_tuple(Tensor(np.ones(3)), node)) == 2
    (only,) = Cube().gradient_as_tuple(Tensor(np.ones(3)), Cube()(a))
    assert_close(only, 3 * a.numpy() ** 2)


def test_op_may_use_default_device_and_other_tensors_while_it_computes():
    class Nested(TensorOp):
        def compute(self, x):
            return (Tensor(x) / 0).realize_cached_data()  # quiet inside, too

    assert np.isinf(Nested()(Tensor([1.0])).numpy()).all()


def test_make_from_op_and_make_const_are_as_in_the_course():
    a, b = pair()
    y = Tensor.make_from_op(ndl.EWiseAdd(), (a, b))
    assert_close(y, [5.0, 7.0, 9.0])
    constant = Tensor.make_const(y)
    assert constant.cached_data is y.cached_data
    assert not constant.requires_grad
    assert Tensor.make_const(np.ones(2), requires_grad=True).requires_grad


# What a later stage adds: a second kind of value, and ops that make it, without an edit here.


class PairOp(Op):
    """An op that makes a `Pair`."""


class Pair(Value, made_by=PairOp):
    """Two tensors in one value."""

    __slots__ = ()

    def __getitem__(self, position):
        return Member(position)(self)

    def __add__(self, other):
        return MakePair()(self[0] + other[0], self[1] + other[1])

    @property
    def num_outputs(self):
        return 2


class MakePair(PairOp):
    def compute(self, a, b):
        return a, b

    def gradient(self, out_grad, node):
        return out_grad[0], out_grad[1]


class Member(TensorOp):
    def __init__(self, position):
        self.position = position

    def run(self, arrays):
        return arrays[0][self.position]

    def gradient(self, out_grad, node):
        (pair,) = node.inputs
        parts = [ndl.zeros_like(x) for x in (pair[0], pair[1])]
        parts[self.position] = out_grad
        return MakePair()(*parts)


def test_value_of_another_kind_binds_itself_to_its_ops_and_is_differentiated():
    a, b = pair()
    both = MakePair()(a, b)
    assert type(both) is Pair
    assert type(both[0]) is Tensor
    (both[0] * both[0] * both[1]).backward()
    assert_close(a.grad, 2 * a.numpy() * b.numpy())
    assert_close(b.grad, a.numpy() ** 2)
    assert [type(x) for x in ndl.autograd.find_topo_sort([both[1]])] == [
        Tensor,
        Tensor,
        Pair,
        Tensor,
    ]


def test_subclass_of_tensor_is_a_leaf_whose_results_are_tensors():
    class Parameter(Tensor):
        pass

    p = Parameter([1.0, 2.0])
    y = p * p
    assert type(y) is Tensor
    assert type(p.data) is Tensor
    assert y.inputs[0] is p
    y.backward()
    assert type(p.grad) is Tensor
    assert_close(p.grad, [2.0, 4.0])
