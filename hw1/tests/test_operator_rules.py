"""Operators on each device: dtypes, numbers beside tensors, special values, and errors."""

import operator

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor
from needle_shared.testing import assert_close

DTYPES = ["float32", "float64"]
BINARY_OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]


@pytest.mark.parametrize("function", BINARY_OPERATORS)
@pytest.mark.parametrize(
    "number", [3, 2.5, True, np.float64(2.5), np.float32(2.5), np.int64(3), np.uint8(3), np.True_],
    ids=lambda number: f"{type(number).__name__}",
)  # fmt: skip
@pytest.mark.parametrize("dtype", DTYPES)
def test_number_beside_a_tensor_keeps_its_dtype(device, draw, function, number, dtype):
    array = draw((3,), "positive", dtype)
    exact = array.astype("float64")
    x = Tensor(array, device=device)
    for result, expected in [
        (function(x, number), function(exact, float(number))),
        (function(number, x), function(float(number), exact)),
    ]:
        assert result.numpy().dtype == dtype
        assert_close(result.numpy(), expected, rtol=1e-5)
        result.backward()
        assert x.grad.numpy().dtype == dtype


@pytest.mark.parametrize("function", BINARY_OPERATORS)
@pytest.mark.parametrize("other", ["float64", "int32", "uint8", "bool"])
def test_tensors_of_two_dtypes_promote_as_numpy_does(device, rng, function, other):
    a = rng.uniform(1, 2, (2, 3)).astype("float32")
    b = np.array([1, 0, 3]).astype(other)
    if function is operator.truediv:
        b = np.ones(3, other)  # division by 0 has tests of its own
    for x, y in [(a, b), (b, a)]:
        expected = function(x, y)
        p, q = Tensor(x, device=device), Tensor(y, device=device)
        result = function(p, q)
        assert result.numpy().dtype == expected.dtype
        assert_close(result.numpy(), expected, rtol=1e-6)
        result.backward()
        for tensor, array in ((p, x), (q, y)):
            assert tensor.grad.shape == array.shape
            if array.dtype.kind == "f":
                assert tensor.grad.numpy().dtype == array.dtype


@pytest.mark.parametrize("dtype", ["uint8", "bool"])
def test_subtraction_does_not_wrap_around_in_the_narrower_dtype(device, dtype):
    small = np.array([1, 0, 1], dtype)
    x = np.array([0.5, 1.5, 2.5], "float32")
    tensor, other = Tensor(x, device=device), Tensor(small, device=device)
    assert_close((tensor - other).numpy(), x - small)
    assert_close((other - tensor).numpy(), small - x)
    assert_close((tensor - small).numpy(), x - small)
    assert_close((small - tensor).numpy(), small - x)
    assert_close((0.5 - other).numpy(), 0.5 - small)
    assert_close((1 - other).numpy(), 1 - small)
    assert_close((other - 0.5).numpy(), small - 0.5)


def test_matmul_of_two_dtypes_promotes(device, draw):
    a, b = draw((2, 3), dtype="float32"), draw((3, 4), dtype="float64")
    x, y = Tensor(a, device=device), Tensor(b, device=device)
    result = x @ y
    assert_close(result.numpy(), a.astype("float64") @ b)
    result.backward()
    assert x.grad.numpy().dtype == "float32"
    assert y.grad.numpy().dtype == "float64"
    assert_close(y.grad.numpy(), a.astype("float64").T @ np.ones((2, 4)))


def test_integers_divide_to_floats_and_sum_to_integers(device):
    x = Tensor(np.array([1, 2, 4], "int32"), device=device)
    assert_close((x / 2).numpy(), [0.5, 1.0, 2.0])
    assert x.sum().numpy().dtype.kind == "i"
    assert (x * 2).numpy().dtype == "int32"


def test_astype_is_part_of_the_graph(device):
    x = Tensor(np.array([1.0, 2.0]), device=device)
    y = x.astype("float32") * 3
    assert y.numpy().dtype == "float32"
    y.backward()
    assert x.grad.numpy().dtype == "float64"
    assert_close(x.grad.numpy(), [3.0, 3.0])


def test_gradient_of_an_integer_leaf_is_not_cut_to_whole_numbers(device):
    x = Tensor(np.array([1, 2]), device=device)
    (x.astype("float64") * 0.5).backward()
    assert_close(x.grad.numpy(), [0.5, 0.5])


def test_divide_scalar_takes_an_array_of_one_number(device):
    x = Tensor(np.array([1.0, 2.0]), device=device)
    assert_close(ndl.divide_scalar(x, np.array([4.0])).numpy(), [0.25, 0.5])
    with pytest.raises(ValueError, match="one number"):
        ndl.divide_scalar(x, np.array([4.0, 5.0]))


INF, NAN = np.inf, np.nan
SPECIAL = [
    ("log", ndl.log, [0.0, -1.0, INF, NAN], [-INF, NAN, INF, NAN]),
    ("exp", ndl.exp, [1000.0, -1000.0, -INF, NAN], [INF, 0.0, 0.0, NAN]),
    ("relu", ndl.relu, [NAN, INF, -INF, -0.0], [NAN, INF, 0.0, 0.0]),
    ("1 / x", lambda x: 1 / x, [0.0, -0.0, INF, NAN], [INF, -INF, 0.0, NAN]),
    ("x / 0", lambda x: x / 0, [1.0, -1.0, 0.0, NAN], [INF, -INF, NAN, NAN]),
    ("0 * x", lambda x: 0 * x, [INF, -INF, NAN, 1.0], [NAN, NAN, NAN, 0.0]),
    ("x - x", lambda x: x - x, [INF, NAN, 1.0], [NAN, NAN, 0.0]),
    ("x ** 0.5", lambda x: x**0.5, [-1.0, INF, 0.0], [NAN, INF, 0.0]),
    ("x ** -1", lambda x: x**-1, [0.0, INF], [INF, 0.0]),
    ("0 ** x", lambda x: 0.0**x, [0.0, 2.0, -1.0], [1.0, 0.0, INF]),
    ("x * 1e300", lambda x: x * 1e300, [1e300, -1e300], [INF, -INF]),
]


@pytest.mark.parametrize("case", SPECIAL, ids=lambda case: case[0])
def test_special_values_follow_ieee_without_warnings(device, case):
    _, function, values, expected = case  # a warning would be an error here
    before = np.geterr()
    x = Tensor(np.array(values), device=device)
    result = function(x)
    np.testing.assert_array_equal(result.numpy(), expected)
    result.backward()
    for value, number in zip(values, expected, strict=True):  # 0-d arrays take other code in NumPy
        scalar = Tensor(value, device=device)
        y = function(scalar)
        np.testing.assert_array_equal(y.numpy(), number)
        y.backward()
    assert np.geterr() == before


def test_settings_of_the_user_do_not_turn_ieee_into_errors(device):
    with np.errstate(all="raise"):
        x = Tensor(np.array([0.0]), device=device)
        y = 1 / x
        y.backward()
        assert y.item() == INF
        assert x.grad.item() == -INF
        assert np.geterr()["divide"] == "raise"
        with pytest.raises(FloatingPointError):
            np.array([1.0]) / np.array([0.0])


def test_number_too_large_for_the_dtype_becomes_infinite_on_either_side(device):
    x = Tensor(np.array([1.0, 2.0], "float32"), device=device)
    assert (x * 1e300).numpy().tolist() == [INF, INF]
    assert (1e300 / x).numpy().tolist() == [INF, INF]


POWERS_AT_ZERO = [(3, 0.0), (2, 0.0), (1, 1.0), (0, 0.0)]


@pytest.mark.parametrize(("exponent", "slope"), POWERS_AT_ZERO)
def test_power_is_differentiable_at_zero(device, exponent, slope):
    for power in (lambda x: x**exponent, lambda x: x ** Tensor(float(exponent), device=device)):
        x = Tensor(np.array([0.0, 0.0]), device=device)
        power(x).backward()
        assert_close(x.grad.numpy(), [slope, slope])


@pytest.mark.parametrize("exponent", [1.0, 0.5, 0.0])
def test_power_by_the_exponent_has_gradient_zero_at_base_zero(device, exponent):
    b = Tensor(exponent, device=device)
    (Tensor(0.0, device=device) ** b).backward()
    assert b.grad.item() == 0.0


def test_power_keeps_the_gradient_of_a_negative_base_where_the_exponent_is_whole(device):
    x = Tensor(np.array([-2.0, -3.0]), device=device)
    (x ** Tensor(np.array([2.0, 3.0]), device=device, requires_grad=False)).backward()
    assert_close(x.grad.numpy(), [-4.0, 27.0])


def test_axes_may_come_from_a_generator(device):
    x = Tensor(np.ones((2, 3, 4)), device=device)
    y = x.sum(axis for axis in (0, 2))
    y.backward()
    assert y.shape == (3,)
    assert x.grad.shape == (2, 3, 4)


def test_relu_has_derivative_zero_at_zero(device):
    x = Tensor(np.array([-1.0, 0.0, 1e-300, 2.0]), device=device)
    ndl.relu(x).backward()
    assert x.grad.numpy().tolist() == [0.0, 0.0, 1.0, 1.0]


ERRORS = [
    (lambda x: x + x[:, :2], ValueError, r"\(2, 3\) and \(2, 2\).*axis 1 is 3 and 2"),
    (lambda x: x @ x, ValueError, r"\(2, 3\) and \(2, 3\).*3 columns.*2 rows"),
    (lambda x: x @ x.sum(), ValueError, "0-d"),
    (lambda x: x.sum() @ x, ValueError, "0-d"),
    (lambda x: x.sum(2), IndexError, "axis 2 is out of bounds.*2"),
    (lambda x: x.sum(-3), IndexError, "axis -3"),
    (lambda x: x.sum((1, -1)), ValueError, r"\(1, -1\) repeat axis 1"),
    (lambda x: x.sum(0.5), TypeError, "float"),
    (lambda x: x.reshape(4, 2), ValueError, r"size 6 into shape \(4, ?2\)"),
    (lambda x: x.broadcast_to((2, 2)), ValueError, r"\(2, 3\) does not broadcast to \(2, 2\)"),
    (lambda x: x.broadcast_to((3,)), ValueError, r"\(2, 3\) does not broadcast to \(3,\)"),
    (lambda x: x.astype("U3"), TypeError, "real numbers, not dtype <U3"),
    (lambda x: x.astype("complex128"), TypeError, "real numbers, not dtype complex128"),
    (lambda x: x.transpose((0, 1, 2)), ValueError, r"two axes, got axes \(0, 1, 2\)"),
    (lambda x: x.transpose((1, 1)), ValueError, "repeat axis 1"),
    (lambda x: x.transpose((0, 2)), IndexError, "axis 2"),
    (lambda x: x[0].transpose(), ValueError, r"two axes.*\(3,\)"),
    (lambda x: ndl.add(x, 3), TypeError, "EWiseAdd takes tensors, but input 1 is int"),
    (lambda x: ndl.exp(np.ones(3)), TypeError, "Exp takes tensors, but input 0 is ndarray"),
]  # fmt: skip


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case[2])
def test_errors_name_the_value_and_the_rule(device, case):
    function, kind, message = case
    x = Tensor(np.ones((2, 3)), device=device)
    with pytest.raises(kind, match=message):
        function(x)
