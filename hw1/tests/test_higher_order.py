"""Gradients of gradients against analytic derivatives."""

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor
from needle_shared.testing import assert_close, gradient_check

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
