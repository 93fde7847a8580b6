"""The array contract: every operator on a device against NumPy in float64.

Run it on another device with `--device PACKAGE:FACTORY`. Each line of a table is an operator, as
it is written for tensors and for NumPy's arrays, and the numbers it is tried on.
"""

import operator

import numpy as np
import pytest

import needle_hw1 as ndl
from needle_hw1 import Tensor
from needle_shared.testing import assert_close, gradient_check

DTYPES = ["float32", "float64"]
SHAPES = [(), (1,), (3,), (0,), (2, 3), (1, 3), (2, 0), (2, 1, 3)]

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

VIEWS = {
    "compact": (lambda t: t, lambda a: a),
    "reversed": (lambda t: t[..., ::-1] if t.ndim else t, lambda a: a[..., ::-1] if a.ndim else a),
    "transposed": (
        lambda t: t.transpose() if t.ndim > 1 else t,
        lambda a: a.swapaxes(-1, -2) if a.ndim > 1 else a,
    ),
    "broadcast": (
        lambda t: t.broadcast_to((2, *t.shape)),
        lambda a: np.broadcast_to(a, (2, *a.shape)),
    ),
}


@pytest.fixture
def draw(rng):
    """Draw numbers that are a distance away from 0, where 1/x and relu have corners."""

    def make(shape, numbers="any", dtype="float64"):
        size = rng.uniform(0.5, 2.0, shape)
        sign = 1.0 if numbers == "positive" else rng.choice([-1.0, 1.0], shape)
        return np.asarray(size * sign, dtype=dtype)

    return make


@pytest.fixture
def check(device):
    """Check value, dtype and shape against NumPy in float64, and the gradient by differences."""

    def run(function, reference, *arrays):
        leaves = [Tensor(array, device=device) for array in arrays]
        result = function(*leaves)
        dtype = np.result_type(*arrays)
        tolerance = {"rtol": 2e-5, "atol": 1e-5} if dtype == np.float32 else {}
        expected = (reference or function)(*[array.astype(np.float64) for array in arrays])
        assert_close(result.numpy(), expected, **tolerance)
        assert result.numpy().dtype == dtype
        assert result.device == device
        result.backward()
        for leaf, array in zip(leaves, arrays, strict=True):
            assert leaf.grad.shape == array.shape
            assert leaf.grad.numpy().dtype == array.dtype
            assert leaf.grad.device == device
        if dtype == np.float64:
            gradient_check(function, *leaves)

    return run


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("case", UNARY, ids=lambda case: case[0])
def test_operator_of_one_tensor(check, draw, case, view, dtype):
    _, function, reference, numbers = case
    of_tensor, of_array = VIEWS[view]
    for shape in SHAPES:
        check(
            lambda x: function(of_tensor(x)),
            lambda x: (reference or function)(of_array(x)),
            draw(shape, numbers, dtype),
        )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", BINARY, ids=lambda case: case[0])
def test_operator_of_two_tensors_broadcasts(check, draw, case, dtype):
    _, function, reference, left, right = case
    for a, b in PAIRS:
        check(function, reference, draw(a, left, dtype), draw(b, right, dtype))
        check(function, reference, draw(b, left, dtype), draw(a, right, dtype))


@pytest.mark.parametrize("view", list(VIEWS)[1:])
@pytest.mark.parametrize("case", BINARY, ids=lambda case: case[0])
def test_operator_of_two_tensors_takes_views(check, draw, case, view):
    _, function, reference, left, right = case
    of_tensor, of_array = VIEWS[view]
    check(
        lambda a, b: function(of_tensor(a), of_tensor(b)),
        lambda a, b: (reference or function)(of_array(a), of_array(b)),
        draw((3, 2), left),
        draw((3, 2), right),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", SHAPED, ids=lambda case: str(case[2]))
def test_operator_that_depends_on_shape(check, draw, case, dtype):
    function, reference, shapes = case
    check(function, reference, *[draw(shape, dtype=dtype) for shape in shapes])


@pytest.mark.parametrize("view", list(VIEWS)[1:])
def test_matmul_takes_views(check, draw, view):
    of_tensor, of_array = VIEWS[view]
    check(
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
