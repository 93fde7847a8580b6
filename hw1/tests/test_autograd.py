"""Backward: the sums over uses, what fills `.grad`, and at which values."""

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor
from needle_hw1.autograd import compute_gradient_of_variables, find_topo_sort
from needle_shared.testing import assert_close, gradient_check


def leaf(values=(1.0, 2.0, 3.0)):
    return Tensor(np.array(values, dtype="float64"))


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


@pytest.mark.parametrize("create_graph", [True, False])
@pytest.mark.parametrize("lazy", [True, False])
def test_gradient_of_many_uses_is_the_same_with_and_without_a_graph(create_graph, lazy):
    x = leaf()
    y = x + x + ndl.exp(x) + x * x + ndl.log(x)
    if lazy:
        with ndl.lazy():
            y.backward(create_graph=create_graph)
    else:
        y.backward(create_graph=create_graph)
    v = x.numpy()
    assert_close(x.grad, 2 + np.exp(v) + 2 * v + 1 / v)
    if create_graph:
        x.grad.backward()
        assert_close(x.grad, np.exp(v) + 2 - 1 / v**2)


def test_sum_of_gradients_is_not_made_in_memory_that_others_see():
    x, z = leaf(), leaf()
    given = Tensor(np.ones(3))
    (x + x + x + z).backward(given, create_graph=False)
    assert_close(given, np.ones(3))
    assert_close(z.grad, np.ones(3))
    assert_close(x.grad, np.full(3, 3.0))


def test_gradients_of_two_dtypes_are_summed_in_the_wider():
    class Twice(ndl.TensorOp):
        def compute(self, a):
            return a + a

        def gradient(self, out_grad, node):
            return out_grad.astype("float64") * (2 + 1e-9)

    x = Tensor(np.ones(2, dtype="float32"))
    (Twice()(x) + x + x).backward(create_graph=False)  # those that are added last come first
    assert_close(x.grad, np.full(2, 4 + 1e-9), rtol=1e-14, atol=0)


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
