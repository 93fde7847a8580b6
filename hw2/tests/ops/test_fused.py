"""Ops that have their gradient twice: both ways are one, whatever the op was used for."""

import numpy as np
import pytest

from needle_hw2 import Tensor, ops
from needle_shared.testing import (
    assert_close,
    gradient_check,
    partial_gradient_check,
    reuse_check,
)


def case_affine():
    return ops.Affine(), lambda r: [r.standard_normal(s) for s in [(4, 3), (3, 2), (2,)]]


def case_normalize():
    return ops.Normalize(0), lambda r: [r.standard_normal(s) for s in [(4, 3), (3,), (3,)]]


def case_cross_entropy():
    return ops.CrossEntropy(np.array([0, 2, 1])), lambda r: [r.standard_normal((3, 4))]


CASES = [case_affine, case_normalize, case_cross_entropy]


@pytest.mark.parametrize("case", CASES)
def test_one_op_object_serves_several_inputs(rng, case):
    _, make = case()
    first, second = ([Tensor(array) for array in make(rng)] for _ in range(2))
    reuse_check(lambda: case()[0], lambda result: result, first, second)


@pytest.mark.parametrize("case", CASES)
def test_only_inputs_that_require_a_gradient_have_one(rng, case):
    op, make = case()
    partial_gradient_check(op, *[Tensor(array) for array in make(rng)])


def test_what_compute_left_belongs_to_all_inputs():
    class Product(ops.FusedOp):
        def compute(self, a, b):
            self.known = a * b
            return self.known * 1.0

        def gradient(self, out_grad, node):
            a, b = node.inputs
            return out_grad * b, out_grad * a

        def array_gradient(self, out_grad, node):
            a, b = (x.realize_cached_data() for x in node.inputs)
            return out_grad * self.known / a, out_grad * self.known / b

    op, a, b = Product(), Tensor([2.0]), Tensor([3.0])
    result = op(a, b)
    op(a, Tensor([5.0]))
    result.backward(create_graph=False)
    assert_close(a.grad, [3.0])
    assert_close(b.grad, [2.0])


def test_op_with_two_ways_needs_both():
    class Half(ops.FusedOp):
        def compute(self, x):
            return x * 2

        def gradient(self, out_grad, node):
            return out_grad * 2

    x = Tensor([1.0, 2.0])
    gradient_check(Half(), x)
    with pytest.raises(NotImplementedError, match=r"Half.array_gradient"):
        Half()(x).backward(create_graph=False)
