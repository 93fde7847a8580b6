"""The checks of rules pass what is right, and find each kind of fault."""

import numpy as np
import pytest

from needle_shared.testing import (
    constant_check,
    lazy_check,
    module_check,
    partial_gradient_check,
    purity_check,
    release_check,
    reuse_check,
    second_derivative_check,
)

ndl = pytest.importorskip("needle_hw1", reason="needle_hw1 is not installed")
Tensor, TensorOp = ndl.Tensor, ndl.TensorOp
RULES = [
    second_derivative_check,
    lazy_check,
    constant_check,
    purity_check,
    partial_gradient_check,
    release_check,
]


def leaves():
    return Tensor([[1.0, -2.0, 0.5]]), Tensor([[0.5], [3.0]])


class Product(TensorOp):
    """a b, with faults to choose from."""

    def __init__(self, fault=""):
        self.fault = fault
        self.count = 0

    def compute(self, a, b):
        self.known = a, b
        self.count += 1
        if self.fault == "writes":
            a += 1.0
        return a * b + (self.count if self.fault == "counts" else 0)

    def gradient(self, out_grad, node):
        a, b = node.inputs
        if self.fault == "remembers":
            a, b = (Tensor(x, requires_grad=False) for x in self.known)
        if self.fault == "is constant":
            a, b = a.detach(), b.detach()
        grads = out_grad * b, out_grad * a
        if self.fault == "writes into gradients":
            array = out_grad.realize_cached_data()
            array += 1.0
        if self.fault == "knows all":
            grads = tuple(g if x.requires_grad and y.requires_grad else g * 2
                          for g, x, y in zip(grads, (a, b), (b, a), strict=True))  # fmt: skip
        return grads


def equal(shape=(2, 3)):
    return [Tensor(np.linspace(k, k + 1, 6).reshape(shape)) for k in (1, 3)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_right_functions_pass(without_gc, rule):
    rule(lambda a, b: ndl.exp(a * b), *leaves())
    rule(Product(), *equal())


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (second_derivative_check, "is constant"),
        (lazy_check, "counts"),
        (constant_check, "counts"),
        (purity_check, "writes"),
        (purity_check, "writes into gradients"),
        (partial_gradient_check, "knows all"),
    ],
)
def test_each_fault_is_found(rule, fault):
    with pytest.raises(AssertionError):
        rule(Product(fault), *equal())


def test_op_that_is_used_again_keeps_what_belongs_to_each_use():
    reuse_check(Product(), lambda y: y, equal(), [x * 2 for x in equal()])
    with pytest.raises(AssertionError):
        reuse_check(Product("remembers"), lambda y: y, equal(), [x * 2 for x in equal()])


def test_cycle_is_found(without_gc):
    kept = []

    def keeps(x):
        y = x * x
        kept.append(y)
        return y

    with pytest.raises(AssertionError, match="still there"):
        release_check(keeps, leaves()[0])


def test_module_is_checked_in_values_and_all_gradients():
    nn = pytest.importorskip("needle_hw2", reason="needle_hw2 is not installed").nn

    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(Tensor([2.0]))

        def forward(self, x):
            return x * self.weight

    class Wrong(Scale):
        def forward(self, x):
            return x * self.weight.detach()

    x = leaves()[0]
    module = Scale()
    weight = module.weight
    module_check(module, lambda x, weight: x * weight, x)
    assert module.weight is weight
    with pytest.raises(AssertionError):
        module_check(module, lambda x, weight: x * weight * 1.001, x)
    with pytest.raises(AssertionError, match="gradient of input 1"):
        module_check(Wrong(), lambda x, weight: x * weight, x)
