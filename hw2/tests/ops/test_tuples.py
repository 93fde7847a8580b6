"""Tuples of tensors: values, gradients through each member, errors, and memory."""

import operator
import weakref

import numpy as np
import pytest

import needle_hw2 as ndl
from needle_hw2 import Tensor, TensorTuple, TensorTupleOp, ops
from needle_shared.testing import assert_close, gradient_check, gradient_of


@pytest.fixture
def pair(device):
    """Return two leaves of different shapes."""
    return Tensor([1.0, 2.0], device=device), Tensor([[3.0, 4.0, 5.0]], device=device)


@pytest.fixture(params=["eager", "lazy"])
def mode(request):
    """Run the test eagerly, and again with every operation deferred."""
    if request.param == "eager":
        yield
    else:
        with ndl.lazy():
            yield


class Halves(TensorTupleOp):
    """The two halves of a vector: a tuple that is not made of its members."""

    def compute(self, x):
        middle = x.shape[0] // 2
        return x[:middle], x[middle:]

    def gradient(self, out_grad, node):
        first, second = out_grad
        both = ndl.zeros_like(node.inputs[0])
        xp = first.realize_cached_data().__array_namespace__()
        arrays = [first.realize_cached_data(), second.realize_cached_data()]
        return both + Tensor(xp.concat(arrays), requires_grad=False)


def test_members_have_length_order_and_values(mode, pair):
    x, y = pair
    both = ndl.make_tuple(x, y)
    assert isinstance(both, TensorTuple)
    assert len(both) == both.num_outputs == 2
    assert_close(both[0], x)
    assert_close(both[-1], y)
    assert_close(both[np.int64(1)], y)
    assert [member.shape for member in both] == [(2,), (1, 3)]
    assert isinstance(both.tuple(), tuple)
    assert [member.shape for member in both.tuple()] == [(2,), (1, 3)]
    values = both.numpy()
    assert [type(value) for value in values] == [np.ndarray, np.ndarray]
    assert_close(values[1], y)
    values[0][:] = 0.0
    assert_close(x, [1.0, 2.0])
    assert repr(both).startswith("TensorTuple(Tensor([1., 2.]")


def test_fused_addition_makes_two_sums(mode, device, rng):
    array = rng.standard_normal((2, 3))
    x = Tensor(array, device=device)
    both = ndl.fused_add_scalars(x, 1.5, -2.0)
    assert_close(both[0], array + 1.5)
    assert_close(both[1], array - 2.0)
    (both[0] * 2 + both[1] * both[1]).backward()
    assert_close(x.grad, 2 + 2 * (array - 2.0))


FUNCTIONS = [
    lambda x: ndl.fused_add_scalars(x, 1.0, 2.0)[1],
    lambda x: ndl.fused_add_scalars(x, 1.0, 2.0)[-2] * x,
    lambda x: operator.mul(*ndl.fused_add_scalars(x, 1.0, 2.0)),
    lambda x: operator.mul(*ndl.make_tuple(x, ndl.exp(x))),
    lambda x: operator.mul(*ndl.make_tuple(x, x)),
    lambda x: ndl.TupleGetItem(1)(ndl.make_tuple(x, ndl.exp(x)), fold_const=False),
    lambda x: operator.mul(*(ndl.make_tuple(x, ndl.exp(x)) + ndl.fused_add_scalars(x, 1.0, 2.0))),
    lambda x: operator.mul(*ndl.make_tuple(*ndl.fused_add_scalars(x, 1.0, 2.0))),
    lambda x: sum((member * member for member in ndl.fused_add_scalars(x, 1.0, 2.0)), x),
    lambda x: ndl.fused_add_scalars(ndl.fused_add_scalars(x, 1.0, 2.0)[0] * x, 3.0, 4.0)[1],
]


@pytest.mark.parametrize("number", range(len(FUNCTIONS)))
@pytest.mark.parametrize("shape", [(), (2,), (0,), (2, 1, 3)])
def test_gradients_through_members(mode, device, rng, number, shape):
    x = Tensor(rng.uniform(0.5, 1.5, shape), device=device)
    gradient_check(FUNCTIONS[number], x)
    if gradient_of(FUNCTIONS[number])(x).requires_grad:
        gradient_check(gradient_of(FUNCTIONS[number]), x)


@pytest.mark.parametrize("number", range(len(FUNCTIONS)))
def test_gradient_without_a_graph_is_the_same(mode, device, rng, number):
    x = Tensor(rng.uniform(0.5, 1.5, 4), device=device)
    y = FUNCTIONS[number](x)
    y.backward()
    expected = x.grad.numpy()
    for _ in range(2):
        y.backward(create_graph=False)
        assert not x.grad.requires_grad
        assert_close(x.grad, expected)


def test_members_that_are_not_used_have_no_part(mode, pair):
    x, y = pair
    both = ndl.make_tuple(x, y)
    ndl.TupleGetItem(1)(both, fold_const=False).backward()
    assert_close(y.grad, np.ones((1, 3)))
    assert_close(x.grad, np.zeros(2))  # a leaf of the graph, whose gradient is 0


def test_tuple_of_a_user_is_differentiated(mode):
    x = Tensor(np.arange(1.0, 7.0))
    first, second = Halves()(x)
    (first * second).backward()
    assert_close(x.grad, [4.0, 5.0, 6.0, 1.0, 2.0, 3.0])


def test_member_of_a_tuple_just_made_is_the_tensor_itself(pair):
    x, y = pair
    both = ndl.make_tuple(x, y)
    assert both[0] is x
    assert ndl.tuple_get_item(both, 1) is y
    unfolded = ndl.TupleGetItem(1)(both, fold_const=False)
    assert isinstance(unfolded.op, ops.TupleGetItem)
    assert_close(unfolded, y)


def test_folding_sees_the_value_that_the_tuple_was_made_of(pair):
    x, y = pair
    both = ndl.make_tuple(x, y)
    x.data = x.data * 10
    assert_close(both[0], [1.0, 2.0])
    assert_close(both.numpy()[0], [1.0, 2.0])


def test_members_are_constants_where_no_graph_is_recorded(mode, pair):
    x, y = pair
    with ndl.no_grad():
        for both in (ndl.make_tuple(x, y), ndl.fused_add_scalars(x, 1.0, 2.0)):
            assert not both.requires_grad
            assert not both[0].requires_grad
    constants = [Tensor(t.numpy(), requires_grad=False) for t in (x, y)]
    assert not ndl.make_tuple(*constants).requires_grad
    assert not ndl.make_tuple(*constants)[0].requires_grad


def test_detached_tuple_is_a_constant(mode, pair):
    detached = ndl.make_tuple(*pair).detach()
    assert isinstance(detached, TensorTuple)
    assert not detached.requires_grad
    assert detached.is_leaf()
    assert_close(detached[1], pair[1])
    assert not detached[1].requires_grad


def test_kept_gradient_of_a_tuple_is_a_tuple(pair):
    both = ndl.fused_add_scalars(pair[0], 1.0, 2.0)
    both.retain_grad()
    (both[0] * 2 + both[1] * 3).backward()
    assert [grad.numpy().tolist() for grad in both.grad] == [[2.0, 2.0], [3.0, 3.0]]
    both.grad = None


def test_tuples_work_over_another_library(strict):
    x = Tensor(strict.asarray([1.0, 2.0]))
    both = ndl.fused_add_scalars(x, 1.0, 2.0)
    (both[0] * both[1]).backward()
    assert strict.exported(x.grad).tolist() == [5.0, 7.0]
    made = ndl.make_tuple(x, both[0])
    ndl.TupleGetItem(1)(made, fold_const=False).backward()
    assert strict.exported(x.grad).tolist() == [1.0, 1.0]


def test_members_live_on_one_device(strict):
    with pytest.raises(ValueError, match="one device"):
        ndl.make_tuple(Tensor([1.0]), Tensor(strict.asarray([1.0])))


def test_tuple_ops_overflow_without_a_warning(device):
    both = ndl.fused_add_scalars(Tensor([1e308], device=device), 1e308, 0.0)
    assert both.numpy()[0].tolist() == [np.inf]


def test_index_out_of_range_is_named(mode, pair):
    both = ndl.make_tuple(*pair)
    for index in (2, -3):
        for read in (operator.getitem, ndl.tuple_get_item):
            with pytest.raises(IndexError, match=f"index {index} .* 2 tensors"):
                read(both, index)
        with pytest.raises(IndexError, match=f"index {index} .* 2 tensors"):
            ndl.TupleGetItem(index)(both, fold_const=False).numpy()


@pytest.mark.parametrize("index", [slice(0, 1), 1.0, "0", None, (0,)])
def test_index_that_is_no_integer_is_refused(pair, index):
    with pytest.raises(TypeError, match="integer"):
        ndl.make_tuple(*pair)[index]


def test_tuples_of_nothing_or_of_what_is_no_tensor_are_refused(pair):
    x, y = pair
    with pytest.raises(ValueError, match="at least one"):
        ndl.make_tuple()
    for bad in (1.0, np.ones(2), [x], None):
        with pytest.raises(TypeError, match=f"input 1 is {type(bad).__name__}"):
            ndl.make_tuple(x, bad)
    both = ndl.make_tuple(x, y)
    for nested in (lambda: ndl.make_tuple(both, x), lambda: ndl.make_tuple(both)):
        with pytest.raises(TypeError, match="members of a tuple are tensors, member 0 is a tuple"):
            nested()
    for bad in (x, (x, y), None):
        with pytest.raises(TypeError, match=f"TensorTuple, not {type(bad).__name__}"):
            ndl.tuple_get_item(bad, 0)


def test_op_of_tensors_refuses_a_tuple(pair):
    with pytest.raises(TypeError, match="tuple is no array"):
        ndl.exp(ndl.make_tuple(*pair))


def test_tuples_add_to_tuples_of_their_length_only(pair):
    x, y = pair
    with pytest.raises(ValueError, match="2 and 1 tensors cannot be added"):
        ndl.make_tuple(x, y) + ndl.make_tuple(x)
    for other in (x, 1.0, (x, y)):
        with pytest.raises(TypeError, match="unsupported operand"):
            ndl.make_tuple(x, y) + other


def test_gradient_of_a_tuple_must_be_a_tuple_of_its_length(pair):
    class Wrong(ops.TupleGetItem):
        def gradient(self, out_grad, node):
            return self.wrong(out_grad)

    both = ndl.fused_add_scalars(pair[0], 1.0, 2.0)
    for wrong, message in [
        (lambda g: g, "Wrong.gradient returned Tensor for input 0, a tuple of 2 tensors"),
        (ndl.make_tuple, "returned 1 for input 0, a tuple of 2 tensors"),
    ]:
        op = Wrong(0)
        op.wrong = wrong
        with pytest.raises(ValueError, match=message):
            op(both).backward()


def test_tuples_leave_no_reference_cycles(without_gc, mode):
    x = Tensor(np.ones(3))
    seen = []
    for create_graph in (True, False):
        both = ndl.fused_add_scalars(x, 1.0, 2.0)
        made = ndl.make_tuple(both[0], both[1] * x)
        unfolded = ndl.TupleGetItem(1)(made, fold_const=False)
        loss = (both[0] * both[1] * made[0] * unfolded).sum()
        loss.backward(create_graph=create_graph)
        seen += [weakref.ref(v) for v in (both, made, unfolded, loss, x.grad)]
        del both, made, unfolded, loss
        x.grad = None
        assert [reference() for reference in seen if reference() is not None] == []
