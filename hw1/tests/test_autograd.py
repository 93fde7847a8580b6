"""The graph: its order, differentiation of it, and what a user's own op may do wrong."""

import threading

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor
from needle_hw1.autograd import compute_gradient_of_variables, find_topo_sort
from needle_shared.testing import assert_close, gradient_check


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


def test_gradient_of_a_value_used_twice_is_the_sum_over_its_uses():
    x = leaf()
    (x * x + ndl.exp(x) * x).backward()
    v = x.numpy()
    assert_close(x.grad, 2 * v + np.exp(v) * (v + 1))


def test_gradient_of_a_diamond():
    x = leaf()
    y = x * x
    (ndl.log(y) * y).backward()
    v = x.numpy()
    assert_close(x.grad, 2 * v * (np.log(v**2) + 1))


def test_gradient_of_a_random_graph_agrees_with_differences(rng):
    choices = rng.integers(4, size=30)
    pairs = rng.integers(100, size=(30, 2))

    def function(a, b):
        values = [a, b]
        for kind, (i, j) in zip(choices, pairs, strict=True):
            p, q = values[i % len(values)], values[j % len(values)]
            values.append([p + q, p * q * 0.5, p - q * 0.3, p / (q * q + 1)][kind])
        return sum(values)

    gradient_check(function, Tensor(rng.uniform(-1, 1, (2, 3))), Tensor(rng.uniform(-1, 1, (3,))))


def test_backward_of_a_non_scalar_starts_with_ones():
    x = leaf()
    (x * 3).backward()
    assert_close(x.grad, [3.0, 3.0, 3.0])


def test_backward_takes_the_gradient_of_what_follows():
    x = leaf()
    (x * x).backward(Tensor([1.0, 0.0, -2.0]))
    assert_close(x.grad, [2.0, 0.0, -12.0])


def test_backward_of_a_leaf_is_the_gradient_itself():
    x = leaf()
    x.backward()
    assert_close(x.grad, np.ones(3))


@pytest.mark.parametrize("shape", [(), (1,), (2,), (1, 3), (3, 1)])
def test_gradient_of_another_shape_is_refused(shape):
    y = leaf() * 2
    with pytest.raises(ValueError, match=r"out_grad has shape \(.*\), the tensor \(3,\)"):
        y.backward(Tensor(np.ones(shape)))


def test_gradient_that_is_no_tensor_is_refused():
    with pytest.raises(TypeError, match="out_grad is a tensor, not ndarray"):
        (leaf() * 2).backward(np.ones(3))


def test_gradient_is_of_the_dtype_of_its_leaf_whatever_backward_was_given():
    x = Tensor(np.ones(3, "float32"))
    (x + 1).backward(Tensor(np.ones(3, "float64")))
    assert x.grad.dtype == np.float32


def test_backward_of_what_depends_on_no_leaf_is_refused():
    constant = Tensor([1.0], requires_grad=False)
    for value in (constant, constant * 2, (leaf() * 2).detach()):
        with pytest.raises(RuntimeError, match="requires grad"):
            value.backward()


def test_gradient_is_replaced_by_default_and_added_to_on_request():
    x = leaf()
    y = x * 2
    y.backward()
    y.backward()
    assert_close(x.grad, [2.0, 2.0, 2.0])
    (x * 5).backward(accumulate=True)
    assert_close(x.grad, [7.0, 7.0, 7.0])
    (x * 5).backward()
    assert_close(x.grad, [5.0, 5.0, 5.0])


def test_accumulating_into_no_gradient_sets_it():
    x = leaf()
    (x * 5).backward(accumulate=True)
    assert_close(x.grad, [5.0, 5.0, 5.0])


def test_leaf_that_requires_no_gradient_gets_none():
    x, c = leaf(), Tensor([1.0, 2.0, 3.0], requires_grad=False)
    (x * c).backward()
    assert c.grad is None
    assert_close(x.grad, [1.0, 2.0, 3.0])


def test_leaf_that_the_loss_does_not_use_keeps_its_gradient():
    x, other = leaf(), leaf()
    (other * 2).backward()
    (x * 3).backward()
    assert_close(other.grad, [2.0, 2.0, 2.0])


def test_gradient_of_a_result_is_kept_only_on_request():
    x = leaf()
    y = x * 2
    z = ndl.exp(y)
    z.backward()
    assert y.grad is None
    y.retain_grad()
    z.backward()
    assert_close(y.grad, np.exp(2 * x.numpy()))
    assert_close(x.grad, 2 * np.exp(2 * x.numpy()))


def test_gradient_kept_of_the_output_is_what_backward_was_given():
    y = leaf() * 2
    y.retain_grad()
    y.backward(Tensor([1.0, 2.0, 3.0]))
    assert_close(y.grad, [1.0, 2.0, 3.0])


def test_function_of_the_course_differentiates_too():
    x = leaf()
    y = x * x
    compute_gradient_of_variables(y, Tensor(np.ones(3)))
    assert_close(x.grad, 2 * x.numpy())


def test_gradient_is_a_constant_without_create_graph():
    x = leaf()
    (x * x * x).backward(create_graph=False)
    assert_close(x.grad, 3 * x.numpy() ** 2)
    assert x.grad.is_leaf()
    assert not x.grad.requires_grad


V = np.array([0.5, 1.5, 2.0])
A = np.array([[1.0, 2.0], [3.0, 4.0]])
DERIVATIVES = [
    # f, then its first, second and third derivative, as arrays
    (lambda x: x**3 - 2 * x * x + 5, [3 * V**2 - 4 * V, 6 * V - 4, np.full(3, 6.0)]),
    (ndl.exp, [np.exp(V)] * 3),
    (lambda x: ndl.exp(x * 2), [2 * np.exp(2 * V), 4 * np.exp(2 * V), 8 * np.exp(2 * V)]),
    (ndl.log, [1 / V, -1 / V**2, 2 / V**3]),
    (lambda x: x**5, [5 * V**4, 20 * V**3, 60 * V**2]),
    (lambda x: x**-1.5, [-1.5 * V**-2.5, 3.75 * V**-3.5, -13.125 * V**-4.5]),
    (lambda x: 1 / x, [-1 / V**2, 2 / V**3, -6 / V**4]),
    (lambda x: x * x * x * x, [4 * V**3, 12 * V**2, 24 * V]),
    (lambda x: x / (x + 1), [1 / (V + 1) ** 2, -2 / (V + 1) ** 3, 6 / (V + 1) ** 4]),
    (lambda x: 2.0**x, [np.log(2) ** k * 2**V for k in (1, 2, 3)]),
    (
        lambda x: x**x,
        [
            V**V * (np.log(V) + 1),
            V**V * ((np.log(V) + 1) ** 2 + 1 / V),
            V**V * ((np.log(V) + 1) ** 3 + 3 * (np.log(V) + 1) / V - 1 / V**2),
        ],
    ),
    (lambda x: (x * x)[::-1], [2 * V, np.full(3, 2.0), np.zeros(3)]),
    (lambda x: ndl.relu(x) * x * x, [3 * V**2, 6 * V, np.full(3, 6.0)]),
]


@pytest.mark.parametrize("case", range(len(DERIVATIVES)))
@pytest.mark.parametrize("mode", ["eager", "lazy"])
def test_gradients_of_gradients_are_the_analytic_derivatives(case, mode):
    function, expected = DERIVATIVES[case]

    def check():
        x = Tensor(V)
        y = function(x)
        for derivative in expected:
            y.backward()
            y = x.grad
            assert_close(y, derivative)
            if not y.requires_grad:  # a constant: all that follow are 0
                break

    if mode == "lazy":
        with ndl.lazy():
            check()
    else:
        check()


def test_second_derivative_of_a_quadratic_form_through_matmul():
    x = Tensor([[1.0], [-2.0]])
    (x.transpose() @ Tensor(A, requires_grad=False) @ x).backward()
    gradient = x.grad
    assert_close(gradient, (A + A.T) @ x.numpy())
    gradient.backward(Tensor([[1.0], [10.0]]))
    assert_close(x.grad, (A + A.T) @ [[1.0], [10.0]])


def test_third_derivative_through_matmul_of_matrices():
    x = Tensor(A)
    ((x @ x) * x).sum().backward()  # cubic in the elements of x
    first = x.grad
    direction = Tensor([[0.5, -1.0], [2.0, 1.0]], requires_grad=False)
    (first * direction).sum().backward()
    second = x.grad
    (second * direction).sum().backward()

    def value(t):
        moved = A + t * direction.numpy()
        return np.sum((moved @ moved) * moved)

    # The third difference of a cubic is its third derivative, exactly.
    third = value(1.5) - 3 * value(0.5) + 3 * value(-0.5) - value(-1.5)
    assert_close((x.grad * direction).sum().item(), third)


def test_mixed_derivatives_agree():
    x, y = Tensor(2.0), Tensor(3.0)
    (x**2 * ndl.exp(y)).backward()
    by_x, by_y = x.grad, y.grad
    by_x.backward()
    assert_close(y.grad, 4 * np.exp(3.0))
    by_y.backward()
    assert_close(x.grad, 4 * np.exp(3.0))


def test_gradients_by_way_of_broadcast_sum_and_indexing_can_be_differentiated():
    def function(a, b):
        y = ((a + b) ** 3).sum(0) * a[1]
        y.backward()
        return a.grad * 2 + b.grad.sum()

    a, b = Tensor(np.array([[0.5, 1.0, 2.0], [1.0, 1.5, 0.2]])), Tensor([0.1, 0.2, 0.3])
    gradient_check(lambda a: function(a, b), a)


def test_detach_stops_the_gradient_and_shares_the_array():
    x = leaf()
    y = x * 2
    constant = y.detach()
    assert constant.cached_data is y.cached_data
    (constant * x).backward()
    assert_close(x.grad, 2 * x.numpy())


def test_gradient_is_taken_where_the_function_was_computed():
    w = Tensor([2.0])
    y = w * w
    w.data = Tensor([10.0])  # a step of an optimizer between forward and backward
    y.backward()
    assert_close(w.grad, [4.0])
    (w * w).backward()
    assert_close(w.grad, [20.0])


def test_gradients_at_two_values_of_one_leaf_are_summed():
    w = Tensor([2.0])
    before = w * w
    w.data = Tensor([10.0])
    (before + w * w * w).backward()
    assert_close(w.grad, [4.0 + 300.0])
    (before + w).backward(accumulate=True)
    assert_close(w.grad, [304.0 + 5.0])


def test_result_of_a_leaf_that_is_gone_is_differentiated_all_the_same():
    x = leaf()
    y = (x * leaf()) * x
    y.backward()
    assert_close(x.grad, 2 * x.numpy() * np.array([1.0, 2.0, 3.0]))
    assert len(find_topo_sort([y])) == 4


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
