"""The array contract: every operator on a device against NumPy in float64.

Run it on another device with `--device PACKAGE:FACTORY`. Each line of a table is an operator, as
it is written for tensors and for NumPy's arrays, and the numbers it is tried on.
"""

import operator

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor
from needle_shared.testing import OPERATOR_VIEWS, assert_close, unary_operator_check

DTYPES = ["float32", "float64"]

PAIRS = [
    ((), ()), ((3,), ()), ((), (2, 3)), ((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), (2, 1)),
    ((1,), (1, 1, 1)), ((2, 1, 3), (4, 1)), ((0,), (1,)), ((2, 0), (2, 1)), ((0, 3), (3,)),
]  # fmt: skip

UNARY = [
    # name, of tensors, of NumPy's arrays, numbers
    ("negate", ndl.negate, np.negative, "any"),
    ("neg", operator.neg, np.negative, "any"),
    ("exp", ndl.exp, np.exp, "any"),
    ("log", ndl.log, np.log, "positive"),
    ("relu", ndl.relu, lambda x: np.maximum(x, 0), "any"),
    ("x + s", lambda x: x + 2.5, None, "any"),
    ("s + x", lambda x: 2.5 + x, None, "any"),
    ("x - s", lambda x: x - 2.5, None, "any"),
    ("s - x", lambda x: 2.5 - x, None, "any"),
    ("x * s", lambda x: x * 2.5, None, "any"),
    ("s * x", lambda x: 2.5 * x, None, "any"),
    ("x / s", lambda x: x / 2.5, None, "any"),
    ("s / x", lambda x: 2.5 / x, None, "any"),
    ("x ** 3", lambda x: x**3, None, "any"),
    ("x ** 1", lambda x: x**1, None, "any"),
    ("x ** 0", lambda x: x**0, None, "any"),
    ("x ** -1.5", lambda x: x**-1.5, None, "positive"),
    ("s ** x", lambda x: 2.5**x, None, "any"),
    ("x * x", lambda x: x * x, None, "any"),
    ("x / x", lambda x: x / x, None, "any"),
    ("x ** x", lambda x: x**x, None, "positive"),
    ("add_scalar", lambda x: ndl.add_scalar(x, 2.5), lambda x: x + 2.5, "any"),
    ("mul_scalar", lambda x: ndl.mul_scalar(x, 2.5), lambda x: x * 2.5, "any"),
    ("divide_scalar", lambda x: ndl.divide_scalar(x, 2.5), lambda x: x / 2.5, "any"),
    ("power_scalar", lambda x: ndl.power_scalar(x, 2), lambda x: x**2, "any"),
    ("sum", lambda x: x.sum(), np.sum, "any"),
    ("reshape", lambda x: x.reshape((1, *x.shape)), None, "any"),
]  # fmt: skip

BINARY = [
    ("a + b", operator.add, None, "any", "any"),
    ("a - b", operator.sub, None, "any", "any"),
    ("a * b", operator.mul, None, "any", "any"),
    ("a / b", operator.truediv, None, "any", "any"),
    ("a ** b", operator.pow, None, "positive", "any"),
    ("add", ndl.add, np.add, "any", "any"),
    ("multiply", ndl.multiply, np.multiply, "any", "any"),
    ("divide", ndl.divide, np.divide, "any", "any"),
    ("power", ndl.power, np.power, "positive", "any"),
]

SHAPED = [
    # tensors, NumPy's arrays, shapes
    (lambda x: x.sum(0), None, [(3,)]),
    (lambda x: x.sum(-1), None, [(2, 3)]),
    (lambda x: x.sum((0, -1)), lambda x: x.sum((0, 2)), [(2, 3, 4)]),
    (lambda x: x.sum([1]), lambda x: x.sum(1), [(2, 3, 4)]),
    (lambda x: x.sum(()), None, [(2, 3)]),
    (lambda x: x.sum(1, keepdims=True), lambda x: x.sum(1, keepdims=True), [(2, 3)]),
    (lambda x: x.sum(None, keepdims=True), lambda x: x.sum(keepdims=True), [(2, 3)]),
    (lambda x: x.sum((0, 1)), None, [(5, 4, 1)]),
    (lambda x: x.sum(0), None, [(0, 3)]),
    (lambda x: x.sum(1), None, [(0, 3)]),
    (lambda x: x.sum(), None, [(0, 3)]),
    (lambda x: ndl.summation(x, 1), lambda x: x.sum(1), [(3, 2)]),
    (lambda x: x.reshape((3, 2)), None, [(2, 3)]),
    (lambda x: x.reshape(3, -1), None, [(2, 3)]),
    (lambda x: x.reshape(()), None, [(1, 1)]),
    (lambda x: x.reshape(1, 1), None, [()]),
    (lambda x: x.reshape(0, 7), None, [(2, 0)]),
    (lambda x: ndl.reshape(x, (6,)), lambda x: x.reshape(6), [(2, 3)]),
    (lambda x: x.transpose(), lambda x: x.swapaxes(-1, -2), [(2, 3)]),
    (lambda x: x.transpose(), lambda x: x.swapaxes(-1, -2), [(4, 2, 3)]),
    (lambda x: x.transpose((0, 2)), lambda x: x.swapaxes(0, 2), [(4, 2, 3)]),
    (lambda x: x.transpose((-3, 1)), lambda x: x.swapaxes(0, 1), [(4, 2, 3)]),
    (lambda x: ndl.transpose(x, (1, 0)), lambda x: x.T, [(0, 3)]),
    (lambda x: x.broadcast_to((2, 3)), lambda x: np.broadcast_to(x, (2, 3)), [(3,)]),
    (lambda x: x.broadcast_to((2, 3)), lambda x: np.broadcast_to(x, (2, 3)), [(2, 1)]),
    (lambda x: x.broadcast_to((2, 3, 2)), lambda x: np.broadcast_to(x, (2, 3, 2)), [()]),
    (lambda x: x.broadcast_to((3, 3, 3)), lambda x: np.broadcast_to(x, (3, 3, 3)), [(1,)]),
    (lambda x: x.broadcast_to((0, 3)), lambda x: np.broadcast_to(x, (0, 3)), [(1, 3)]),
    (lambda x: ndl.broadcast_to(x, (2, 3)), lambda x: np.broadcast_to(x, (2, 3)), [(2, 3)]),
    (lambda x: x[1], None, [(2, 3)]),
    (lambda x: x[..., -1], None, [(2, 3)]),
    (lambda x: x[1, 2], None, [(2, 3)]),
    (lambda x: x[None, ::-1, 1:], None, [(2, 3)]),
    (lambda x: x[5:], None, [(3,)]),
    (lambda x: x[-9:2], None, [(3,)]),
    (lambda x: x[9:0:-2], None, [(4,)]),
    (operator.matmul, None, [(2, 3), (3, 4)]),
    (operator.matmul, None, [(3,), (3,)]),
    (operator.matmul, None, [(3,), (3, 4)]),
    (operator.matmul, None, [(2, 3), (3,)]),
    (operator.matmul, None, [(3,), (2, 3, 4)]),
    (operator.matmul, None, [(2, 4, 3), (3,)]),
    (operator.matmul, None, [(5, 2, 3), (5, 3, 4)]),
    (operator.matmul, None, [(2, 3), (5, 3, 4)]),
    (operator.matmul, None, [(5, 2, 3), (3, 4)]),
    (operator.matmul, None, [(2, 5, 2, 3), (3, 4)]),
    (operator.matmul, None, [(2, 3), (2, 2, 3, 4)]),
    (operator.matmul, None, [(3, 2, 1), (3, 3, 1, 2)]),
    (operator.matmul, None, [(1, 2, 3), (4, 3, 1)]),
    (operator.matmul, None, [(1, 1), (1, 1)]),
    (operator.matmul, None, [(3, 0), (0, 4)]),
    (operator.matmul, None, [(0, 3), (3, 4)]),
    (operator.matmul, None, [(0, 2, 3), (3, 4)]),
    (ndl.matmul, np.matmul, [(2, 3), (3, 4)]),
    (lambda a, b: a.matmul(b), np.matmul, [(2, 3), (3, 4)]),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("view", OPERATOR_VIEWS)
@pytest.mark.parametrize("case", UNARY, ids=lambda case: case[0])
def test_operator_of_one_tensor(check_operator, draw, case, view, dtype):
    unary_operator_check(check_operator, draw, case, view, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", BINARY, ids=lambda case: case[0])
def test_operator_of_two_tensors_broadcasts(check_operator, draw, case, dtype):
    _, function, reference, left, right = case
    for a, b in PAIRS:
        check_operator(function, reference, draw(a, left, dtype), draw(b, right, dtype))
        check_operator(function, reference, draw(b, left, dtype), draw(a, right, dtype))


@pytest.mark.parametrize("view", list(OPERATOR_VIEWS)[1:])
@pytest.mark.parametrize("case", BINARY, ids=lambda case: case[0])
def test_operator_of_two_tensors_takes_views(check_operator, draw, case, view):
    _, function, reference, left, right = case
    of_tensor, of_array = OPERATOR_VIEWS[view]
    check_operator(
        lambda a, b: function(of_tensor(a), of_tensor(b)),
        lambda a, b: (reference or function)(of_array(a), of_array(b)),
        draw((3, 2), left),
        draw((3, 2), right),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", SHAPED, ids=lambda case: str(case[2]))
def test_operator_that_depends_on_shape(check_operator, draw, case, dtype):
    function, reference, shapes = case
    check_operator(function, reference, *[draw(shape, dtype=dtype) for shape in shapes])


@pytest.mark.parametrize("view", list(OPERATOR_VIEWS)[1:])
def test_matmul_takes_views(check_operator, draw, view):
    of_tensor, of_array = OPERATOR_VIEWS[view]
    check_operator(
        lambda a, b: of_tensor(a) @ of_tensor(b),
        lambda a, b: of_array(a) @ of_array(b),
        draw((3, 3)),
        draw((3, 3)),
    )


@pytest.mark.parametrize("case", [*UNARY, *BINARY], ids=lambda case: case[0])
def test_lazy_result_and_gradient_equal_the_eager(device, draw, case):
    _, function, _, *numbers = case
    arrays = [draw((2, 3), kind) for kind in numbers]
    arrays[-1] = arrays[-1][0]  # a broadcast, too, where there are two

    def run():
        leaves = [Tensor(array, device=device) for array in arrays]
        result = function(*leaves)
        result.backward()
        return [result, *(leaf.grad for leaf in leaves)]

    eager = run()
    with ndl.lazy():
        deferred = run()
    for a, b in zip(deferred, eager, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_random_views_match_numpy(device, rng):
    # Many views of views: what a stride or an offset forgets shows here.
    array = rng.uniform(1, 2, (3, 4, 5))
    for _ in range(50):
        x, a = Tensor(array, device=device), array
        for _ in range(3):
            step = rng.integers(4)
            if step == 0 and x.ndim > 1:
                x, a = x.transpose(), a.swapaxes(-1, -2)
            elif step == 1 and x.ndim:
                x, a = x[..., ::-1], a[..., ::-1]
            elif step == 2 and x.ndim and x.shape[0] > 1:
                x, a = x[1:], a[1:]
            else:
                x, a = x.reshape(-1), a.reshape(-1)
        assert_close((x * 2 + x).sum().numpy(), (a * 3).sum())
        assert_close(ndl.log(x).numpy(), np.log(a))
