"""The check of operators: it passes what is right and finds each kind of fault."""

import numpy as np
import pytest

from needle_shared.testing import gradient_check, gradient_of, operator_check

ndl = pytest.importorskip("needle_hw1", reason="needle_hw1 is not installed")
Tensor, TensorOp = ndl.Tensor, ndl.TensorOp


class Scale(TensorOp):
    """3 x, with faults to choose from."""

    def __init__(self, result=lambda y: y, grad=lambda g: g, without_graph=lambda g: g):
        self.result, self.grad, self.without_graph = result, grad, without_graph

    def compute(self, x):
        return self.result(x * 3)

    def gradient(self, out_grad, node):
        grad = self.grad(out_grad * 3 + node * 0)  # of the graph, if there is one
        return grad if grad.requires_grad else self.without_graph(grad)


def leaf(dtype="float64"):
    return Tensor(np.array([[1.0, -2.0, 0.5]], dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_right_operators_pass(dtype):
    operator_check(Scale(), lambda x: 3 * x, leaf(dtype))
    operator_check(ndl.exp, np.exp, leaf(dtype))
    operator_check(lambda a, b: a * b, None, leaf(dtype), leaf("float64"))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (Scale(result=lambda y: y + 1e-4), "Not equal"),
        (Scale(result=lambda y: y.reshape(3)), "shape"),
        (Scale(result=lambda y: y.astype("float32")), "dtype"),
        (Scale(grad=lambda g: g * 1.001), "gradient of input 0 is wrong|Not equal"),
        (Scale(grad=lambda g: g.astype("float32")), "gradient float32"),
        (Scale(without_graph=lambda g: g * 2), "Not equal"),
    ],
)
def test_each_fault_is_found(function, message):
    with pytest.raises(AssertionError, match=message):
        operator_check(function, lambda x: 3 * x, leaf())


def test_gradient_of_a_function_is_checked_for_second_derivatives():
    gradient_check(gradient_of(lambda x: x * x * x), leaf())
    gradient_check(gradient_of(lambda a, b: a * a * b, position=1), leaf(), leaf())
    (x,) = [leaf()]
    np.testing.assert_allclose(gradient_of(lambda x: x * x)(x).numpy(), [[2.0, -8.0, 3.0]])


def test_gradient_without_a_graph_is_found_by_its_derivative():
    class Square(TensorOp):
        def compute(self, x):
            return x * x

        def gradient(self, out_grad, node):
            return out_grad * node.inputs[0].detach() * 2

    operator_check(Square(), np.square, leaf())
    with pytest.raises(RuntimeError, match="depends on nothing"):
        gradient_check(gradient_of(Square()), leaf())
