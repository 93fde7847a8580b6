"""The graph: the order of its values, and what is recorded in it."""

import threading

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor
from needle_hw1.autograd import find_topo_sort
from needle_shared.testing import assert_close


def leaf(values=(1.0, 2.0, 3.0)):
    return Tensor(np.array(values, dtype="float64"))


def recursive_post_order(roots):
    """List `roots` and their ancestors by the definition, for small graphs."""
    order = []

    def visit(value):
        if not any(value is known for known in order):
            for x in value.inputs:
                visit(x)
            if not any(value is known for known in order):
                order.append(value)

    for root in roots:
        visit(root)
    return order


def assert_same_objects(found, expected):
    assert [id(x) for x in found] == [id(x) for x in expected]


def test_order_lists_each_value_once_after_its_inputs_from_left_to_right():
    a, b, c = leaf(), leaf(), leaf()
    left, right = a * b, b + c
    top = left / right
    assert_same_objects(find_topo_sort([top]), [a, b, left, c, right, top])


def test_order_of_a_diamond_and_of_a_value_used_twice():
    x = leaf()
    square = x * x
    up, down = ndl.exp(square), -square
    top = up + down
    assert_same_objects(find_topo_sort([top]), [x, square, up, down, top])


def test_order_of_several_roots_starts_with_the_first_and_skips_what_is_listed():
    x, y = leaf(), leaf()
    a, b = x + y, y * x
    assert_same_objects(find_topo_sort([b, a, b, x]), [y, x, b, a])
    assert find_topo_sort([]) == []


def test_order_of_random_graphs_is_that_of_the_recursive_definition(rng):
    for _ in range(20):
        values = [leaf(), leaf(), leaf()]
        for _ in range(25):
            i, j = rng.integers(len(values), size=2)
            values.append(values[i] + values[j] if rng.random() < 0.7 else -values[i])
        roots = [values[-1], values[-5]]
        assert_same_objects(find_topo_sort(roots), recursive_post_order(roots))


def test_order_goes_by_the_shorter_path_first_without_listing_a_value_early():
    x = leaf()
    y = x + ndl.negate(ndl.negate(-x))  # x is an input, and the end of a longer path
    deep = y * x
    assert_same_objects(find_topo_sort([deep]), recursive_post_order([deep]))


def test_difference_is_two_nodes_and_a_number_is_none():
    a, b = leaf(), leaf()
    assert [type(v.op) for v in find_topo_sort([a - b])] == [
        type(None), type(None), ndl.Negate, ndl.EWiseAdd
    ]  # fmt: skip
    assert [type(v.op) for v in find_topo_sort([3 * a])] == [type(None), ndl.MulScalar]
    subtracted = a - 3
    assert type(subtracted.op) is ndl.AddScalar
    assert subtracted.op.scalar == -3
    assert len(find_topo_sort([a * a])) == 2


def test_inputs_are_the_tensors_of_the_user_and_leaves_have_none():
    a, b = leaf(), leaf()
    y = a + b
    assert y.inputs[0] is a
    assert y.inputs[1] is b
    assert a.inputs == ()
    assert a.is_leaf()
    assert not y.is_leaf()
    assert y.num_outputs == 1


def test_broadcasting_is_recorded_in_the_graph():
    y = Tensor(np.ones((2, 3))) + leaf()
    assert isinstance(y.inputs[1].op, ndl.BroadcastTo)


def test_result_of_constants_is_a_constant_without_a_graph():
    x = Tensor([1.0], requires_grad=False)
    y = x * 2 + x
    assert y.is_leaf()
    assert y.inputs == ()
    assert not y.requires_grad


def test_no_grad_records_nothing():
    x = leaf()
    with ndl.no_grad():
        y = x * 2
        with ndl.no_grad():
            inner = x * 3
        z = x * 4
    for result in (y, inner, z):
        assert result.is_leaf()
        assert not result.requires_grad
    assert (x * 2).requires_grad


def test_no_grad_ends_with_an_exception():
    with pytest.raises(KeyError), ndl.no_grad():
        raise KeyError
    assert (leaf() * 2).requires_grad


def test_no_grad_decorates_a_function():
    @ndl.no_grad()
    def evaluate(x):
        return x * 2

    for _ in range(2):
        assert not evaluate(leaf()).requires_grad
    assert (leaf() * 2).requires_grad


def test_backward_inside_no_grad_gives_constants():
    x = leaf()
    y = x * x
    with ndl.no_grad():
        y.backward()
    assert_close(x.grad, 2 * x.numpy())
    assert not x.grad.requires_grad


def test_modes_of_one_thread_do_not_reach_another():
    seen = {}

    def work():
        y = leaf() * 2
        seen.update(requires_grad=y.requires_grad, computed=y.cached_data is not None)

    with ndl.no_grad(), ndl.lazy():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == {"requires_grad": True, "computed": True}


def test_threads_differentiate_functions_of_shared_tensors():
    shared = Tensor(np.arange(1.0, 5.0))
    failures = []

    def work(number):
        for _ in range(50):
            own = Tensor(np.full(4, float(number)))
            (own * shared * shared).backward(create_graph=False)
            if not np.array_equal(own.grad.numpy(), shared.numpy() ** 2):
                failures.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
