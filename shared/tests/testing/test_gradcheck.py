"""`gradient_check` must accept right gradients and catch wrong ones.

No stage is installed where these tests run, so a tensor of thirty lines stands in for theirs.
"""

from __future__ import annotations

import numpy as np
import pytest

from needle_shared.testing import gradient_check


class TinyTensor:
    """An array, and how its gradient passes on to what it was made from."""

    def __init__(self, array, parents=()):
        self.array = np.asarray(array, dtype=np.float64)
        self.parents = parents  # pairs of a tensor and its vector-Jacobian product
        self.grad = None

    @classmethod
    def make_const(cls, data, *, requires_grad=False):
        return cls(data)

    @property
    def shape(self):
        return self.array.shape

    def realize_cached_data(self):
        return self.array

    def numpy(self):
        return self.array.copy()

    def backward(self, out_grad):
        self.grad = out_grad if self.grad is None else TinyTensor(self.grad.array + out_grad.array)
        for parent, product in self.parents:
            parent.backward(TinyTensor(product(out_grad.array)))


def multiply(a, b):
    return TinyTensor(a.array * b.array, [(a, lambda g: g * b.array), (b, lambda g: g * a.array)])


def function(forward, product):
    """Return a function of one tensor with this forward and vector-Jacobian product."""
    return lambda x: TinyTensor(forward(x.array), [(x, lambda g: product(g, x.array))])


SHAPES = [(), (1,), (3,), (2, 3), (0, 2), (2, 1, 2)]


@pytest.mark.parametrize("shape", SHAPES)
def test_right_gradients_are_accepted(shape, rng):
    gradient_check(
        function(np.sin, lambda g, x: g * np.cos(x)), TinyTensor(rng.standard_normal(shape))
    )
    a, b = (TinyTensor(rng.standard_normal(shape)) for _ in range(2))
    gradient_check(multiply, a, b)


def test_an_input_used_twice_has_the_sum_of_both_gradients(rng):
    gradient_check(lambda x: multiply(x, x), TinyTensor(rng.standard_normal((2, 3))))


def test_an_input_without_influence_has_gradient_zero(rng):
    gradient_check(lambda a, _: multiply(a, a), TinyTensor([1.0, 2.0]), TinyTensor([3.0]))


WRONG = {
    "sign": lambda g, x: -g * np.cos(x),
    "function": lambda g, x: g * np.sin(x),
    "factor of 1.001": lambda g, x: 1.001 * g * np.cos(x),
    "nan": lambda g, x: g * np.nan,
    "sum instead of vector": lambda g, x: np.sum(g) * np.cos(x),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_gradient_is_caught(kind, rng):
    x = TinyTensor(rng.standard_normal((2, 3)))
    with pytest.raises(AssertionError, match="gradient of input 0 is wrong at"):
        gradient_check(function(np.sin, WRONG[kind]), x)


def test_one_wrong_element_is_named(rng):
    def product(g, x):
        result = g * np.cos(x)
        result[1, 2] += 1e-3
        return result

    x = TinyTensor(rng.standard_normal((2, 3)))
    with pytest.raises(AssertionError, match=r"wrong at 1 of 6 elements; first at \(1, 2\)"):
        gradient_check(function(np.sin, product), x)


def test_a_missing_sum_over_broadcast_axes_is_caught(rng):
    def add_without_sum(a, b):
        return TinyTensor(a.array + b.array, [(a, lambda g: g), (b, lambda g: g)])

    matrix, row = TinyTensor(rng.standard_normal((4, 3))), TinyTensor(rng.standard_normal(3))
    with pytest.raises(AssertionError, match=r"input 1 has shape \(4, 3\), the input \(3,\)"):
        gradient_check(add_without_sum, matrix, row)


def test_a_sum_over_the_wrong_broadcast_axis_is_caught(rng):
    def add(a, b):
        return TinyTensor(a.array + b.array, [(a, lambda g: g), (b, lambda g: g.sum(1))])

    square, row = TinyTensor(rng.standard_normal((3, 3))), TinyTensor(rng.standard_normal(3))
    with pytest.raises(AssertionError, match="gradient of input 1 is wrong"):
        gradient_check(add, square, row)


def test_a_gradient_that_is_right_only_for_a_cotangent_of_ones_is_caught(rng):
    x = TinyTensor(rng.standard_normal(4))
    with pytest.raises(AssertionError, match="is wrong at"):
        gradient_check(function(np.sin, lambda g, x: np.cos(x)), x)


def test_large_and_small_inputs_are_both_checked(rng):
    x = TinyTensor(rng.standard_normal(3) * [1e4, 1.0, 1e-4])
    gradient_check(function(np.square, lambda g, x: 2 * g * x), x)
    with pytest.raises(AssertionError):
        gradient_check(function(np.square, lambda g, x: 2.01 * g * x), x)


def test_inputs_are_left_as_they_are(rng):
    values = rng.standard_normal(3)
    x = TinyTensor(values.copy())
    gradient_check(function(np.sin, lambda g, x: g * np.cos(x)), x)
    np.testing.assert_array_equal(x.array, values)
    assert x.grad is None
