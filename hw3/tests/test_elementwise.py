"""Every elementwise function on every device, dtype, shape and kind of view against NumPy."""

import itertools
import operator

import numpy as np
import pytest

import needle_hw3 as nd

INT, FLOAT = ["uint8", "int32", "int64"], ["float32", "float64"]
NUMERIC, ALL = INT + FLOAT, ["bool", *INT, *FLOAT]
VIEWS = ("compact", "reversed", "transposed", "sliced", "broadcast")


def identity_on_integers(function):
    return lambda a: function(a) if a.dtype.kind == "f" else +a


UNARY = {
    "abs": (np.abs, NUMERIC), "negative": (np.negative, NUMERIC),
    "positive": (np.positive, NUMERIC),
    "sign": (np.sign, NUMERIC), "square": (np.square, NUMERIC),
    "floor": (identity_on_integers(np.floor), NUMERIC),
    "ceil": (identity_on_integers(np.ceil), NUMERIC),
    "trunc": (identity_on_integers(np.trunc), NUMERIC),
    "round": (identity_on_integers(np.round), NUMERIC),
    "sqrt": (np.sqrt, FLOAT), "reciprocal": (np.reciprocal, FLOAT), "exp": (np.exp, FLOAT),
    "expm1": (np.expm1, FLOAT), "log": (np.log, FLOAT), "log1p": (np.log1p, FLOAT),
    "log2": (np.log2, FLOAT), "log10": (np.log10, FLOAT), "sin": (np.sin, FLOAT),
    "cos": (np.cos, FLOAT), "tan": (np.tan, FLOAT), "asin": (np.arcsin, FLOAT),
    "acos": (np.arccos, FLOAT), "atan": (np.arctan, FLOAT), "sinh": (np.sinh, FLOAT),
    "cosh": (np.cosh, FLOAT), "tanh": (np.tanh, FLOAT), "asinh": (np.arcsinh, FLOAT),
    "acosh": (np.arccosh, FLOAT), "atanh": (np.arctanh, FLOAT),
    "isnan": (np.isnan, FLOAT), "isinf": (np.isinf, FLOAT), "isfinite": (np.isfinite, FLOAT),
    "signbit": (np.signbit, FLOAT),
    "logical_not": (np.logical_not, ["bool"]), "bitwise_invert": (np.invert, ["bool", *INT]),
}  # fmt: skip

BINARY = {
    "add": (np.add, NUMERIC), "subtract": (np.subtract, NUMERIC),
    "multiply": (np.multiply, NUMERIC), "divide": (np.divide, FLOAT),
    "floor_divide": (np.floor_divide, NUMERIC), "remainder": (np.remainder, NUMERIC),
    "maximum": (np.maximum, NUMERIC), "minimum": (np.minimum, NUMERIC),
    "atan2": (np.arctan2, FLOAT), "hypot": (np.hypot, FLOAT), "copysign": (np.copysign, FLOAT),
    "logaddexp": (np.logaddexp, FLOAT), "nextafter": (np.nextafter, FLOAT),
    "bitwise_and": (np.bitwise_and, ["bool", *INT]),
    "bitwise_or": (np.bitwise_or, ["bool", *INT]), "bitwise_xor": (np.bitwise_xor, ["bool", *INT]),
    "equal": (np.equal, ALL), "not_equal": (np.not_equal, ALL), "less": (np.less, ALL),
    "less_equal": (np.less_equal, ALL), "greater": (np.greater, ALL),
    "greater_equal": (np.greater_equal, ALL),
    "logical_and": (np.logical_and, ["bool"]), "logical_or": (np.logical_or, ["bool"]),
    "logical_xor": (np.logical_xor, ["bool"]),
}  # fmt: skip

EXACT = {"add", "subtract", "multiply", "divide", "sqrt", "square", "maximum", "minimum", "abs"}


def close(name, found, expected):
    """Assert equality: of transcendental functions to a few units of the last place."""
    expected = np.asarray(expected)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    if name in EXACT or expected.dtype.kind != "f":
        np.testing.assert_array_equal(found.numpy(), expected)
    else:
        rtol = 4 * float(np.finfo(expected.dtype).eps)
        np.testing.assert_allclose(found.numpy(), expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", UNARY)
def test_function_of_one_array(views, numbers, name, shape):
    function, dtypes = UNARY[name]
    for view, dtype in itertools.product(VIEWS, dtypes):
        x, a = views.pair(numbers(shape, dtype), view)
        with np.errstate(all="ignore"):
            close(name, getattr(nd, name)(x), function(a))


@pytest.mark.parametrize("name", BINARY)
def test_function_of_two_arrays(views, numbers, name, shape):
    function, dtypes = BINARY[name]
    for view, dtype in itertools.product(VIEWS, dtypes):
        x, a = views.pair(numbers(shape, dtype), view)
        y, b = views.pair(numbers(shape, dtype), view)
        with np.errstate(all="ignore"):
            close(name, getattr(nd, name)(x, y), function(a, b))


PAIRS = [
    ((), ()), ((3,), ()), ((), (2, 3)), ((2, 3), (3,)), ((3,), (2, 1)), ((1,), (1, 1, 1)),
    ((2, 1, 3), (4, 1)), ((0,), (1,)), ((2, 0), (2, 1)), ((0, 3), (3,)),
]  # fmt: skip


@pytest.mark.parametrize("name", BINARY)
def test_operands_broadcast_and_numbers_stand_on_either_side(views, numbers, name):
    function, dtypes = BINARY[name]
    for dtype in dtypes:
        for left, right in [*PAIRS, *(pair[::-1] for pair in PAIRS)]:
            x, a = views.pair(numbers(left, dtype))
            y, b = views.pair(numbers(right, dtype))
            with np.errstate(all="ignore"):
                close(name, getattr(nd, name)(x, y), function(a, b))
        number = numbers((), dtype).item()
        scalar = np.dtype(dtype).type(number)
        with np.errstate(all="ignore"):
            close(name, getattr(nd, name)(x, number), function(a, scalar))
            close(name, getattr(nd, name)(number, x), function(scalar, a))


@pytest.mark.parametrize("dtype", NUMERIC)
def test_powers(views, numbers, dtype, shape):
    x, a = views.pair(abs(numbers(shape, dtype)), "reversed")
    y, b = views.pair(abs(numbers(shape, dtype, 0, 4)), "compact")
    for found, expected in [
        (x**y, a**b), (x**2, a**2), (3**x, 3**a), (nd.pow(x, y), a**b),
    ]:  # fmt: skip
        close("pow", found, expected)


def test_negative_integer_powers_are_cut_to_integers(backend):
    base = np.array([-2, -1, 0, 1, 2], "int32")
    x = backend.array(base)
    for exponent, expected in [(-1, [0, -1, 0, 1, 0]), (-2, [0, 1, 0, 1, 0])]:
        assert (x ** backend.full((5,), exponent, "int32")).tolist() == expected
        assert (x**exponent).tolist() == expected


@pytest.mark.parametrize("dtype", INT)
def test_shifts(views, numbers, dtype, shape):
    x, a = views.pair(numbers(shape, dtype))
    y, b = views.pair(abs(numbers(shape, dtype, 0, 5)))
    for found, expected in [
        (x << y, a << b), (x >> y, a >> b), (x << 2, a << 2), (nd.bitwise_right_shift(x, y), a >> b)
    ]:  # fmt: skip
        close("shift", found, expected)


def test_shifts_by_more_bits_than_there_are_leave_the_sign(backend):
    for dtype, values in [("int32", [-5, 5]), ("int64", [-5, 5]), ("uint8", [200, 5])]:
        x = backend.array(np.array(values, dtype))
        for count in (8 * x.itemsize, 100) if dtype == "uint8" else (8 * x.itemsize, 100, -1):
            assert (x << count).tolist() == [0, 0]
            assert (x >> count).tolist() == [-1 if values[0] < 0 else 0, 0]


INF, NAN = np.inf, np.nan
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, INF, -INF, NAN, 1e-45, 3e38, 88.8, -104.0]


@pytest.mark.parametrize("dtype", FLOAT)
@pytest.mark.parametrize("name", [name for name, line in {**UNARY}.items() if line[1] != ["bool"]])
def test_special_values_follow_ieee_without_warnings(backend, name, dtype):
    function, dtypes = UNARY[name]
    if dtype not in dtypes:
        return
    values = np.array(SPECIAL, dtype)
    before = np.geterr()
    found = getattr(nd, name)(backend.array(values))
    assert np.geterr() == before
    with np.errstate(all="ignore"):
        expected = function(values)
    close(name, found, expected)
    if expected.dtype.kind == "f":
        numbers = ~np.isnan(expected)
        np.testing.assert_array_equal(
            np.signbit(found.numpy())[numbers], np.signbit(expected)[numbers]
        )


@pytest.mark.parametrize("dtype", FLOAT)
@pytest.mark.parametrize("name", [name for name, line in BINARY.items() if "float32" in line[1]])
def test_special_pairs_follow_ieee_without_warnings(backend, name, dtype):
    values = np.array(SPECIAL, dtype)
    left, right = (each.ravel() for each in np.meshgrid(values, values))
    if name in {"maximum", "minimum"}:  # which zero is larger is left open
        left, right = left + 0.0, right + 0.0
    found = getattr(nd, name)(backend.array(left), backend.array(right))
    with np.errstate(all="ignore"):
        close(name, found, BINARY[name][0](left, right))


@pytest.mark.parametrize("dtype", INT)
def test_integers_wrap_around_and_divide_by_zero_to_zero(backend, dtype):
    limits = np.iinfo(dtype)
    a = np.array([limits.min, limits.max, 0, 1, limits.max], dtype)
    b = np.array([limits.max, limits.max, 0, 0, 2], dtype)
    x, y = backend.array(a), backend.array(b)
    for name in ("add", "subtract", "multiply", "floor_divide", "remainder"):
        with np.errstate(all="ignore"):
            close(name, getattr(nd, name)(x, y), BINARY[name][0](a, b))
    if limits.min:
        minus = backend.full((1,), -1, dtype)
        assert (x[:1] // minus).tolist() == [limits.min]
        assert (x[:1] % minus).tolist() == [0]


OPERATORS = [
    (operator.add, NUMERIC), (operator.sub, NUMERIC), (operator.mul, NUMERIC),
    (operator.truediv, FLOAT), (operator.floordiv, NUMERIC), (operator.mod, NUMERIC),
    (operator.and_, ["bool", *INT]), (operator.or_, ["bool", *INT]), (operator.xor, ["bool", *INT]),
    (operator.eq, ALL), (operator.ne, ALL), (operator.lt, ALL), (operator.le, ALL),
    (operator.gt, ALL), (operator.ge, ALL),
]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "dtypes"), OPERATORS, ids=lambda x: getattr(x, "__name__", "")
)
def test_operators_are_the_functions(views, numbers, function, dtypes):
    for dtype in dtypes:
        x, a = views.pair(numbers((2, 3), dtype))
        y, b = views.pair(numbers((2, 3), dtype))
        close("", function(x, y), function(a, b))
        number = numbers((), dtype).item()
        scalar = np.dtype(dtype).type(number)
        close("", function(x, number), function(a, scalar))
        close("", function(number, x), function(scalar, a))


@pytest.mark.parametrize("function", [operator.neg, operator.pos, operator.abs, operator.invert])
def test_operators_of_one_operand(views, numbers, function):
    for dtype in ["bool", *INT] if function is operator.invert else NUMERIC:
        x, a = views.pair(numbers((2, 3), dtype), "transposed")
        close("", function(x), function(a))


def test_where_chooses_and_broadcasts(views, numbers, dtype, shape):
    c, condition = views.pair(numbers(shape, "bool"), "reversed")
    x, a = views.pair(numbers(shape, dtype), "transposed")
    if x.shape != c.shape:
        x, a = views.pair(numbers(shape, dtype))
    y, b = views.pair(numbers((), dtype))
    close("", nd.where(c, x, y), np.where(condition, a, b))
    close("", nd.where(c, y, x), np.where(condition, b, a))
    close("", nd.where(c, x, b.item()), np.where(condition, a, b))
    assert nd.where(c, 1.0, 2).dtype == "float32"


def test_where_takes_a_bool_condition(backend):
    x = backend.full((2,), 1.0)
    with pytest.raises(TypeError):
        nd.where(x, x, x)


@pytest.mark.parametrize("dtype", NUMERIC)
def test_clip_bounds_and_keeps_the_dtype(views, numbers, dtype, shape):
    x, a = views.pair(numbers(shape, dtype), "reversed")
    for low, high in [(2, 4), (None, 3), (3, None), (4, 2)]:
        close("", nd.clip(x, low, high), np.clip(a, low, high) if (low, high) != (4, 2)
              else np.full(a.shape, 2, dtype))  # fmt: skip
    y, b = views.pair(np.array(3, dtype))
    close("", nd.clip(x, y), np.maximum(a, b))
    close("", nd.clip(x, max=y), np.minimum(a, b))
    copy = nd.clip(x)
    close("", copy, a)
    assert copy is not x


def test_clip_with_bounds_of_another_dtype_keeps_the_dtype(backend):
    x = backend.array(np.array([1, 5, 9], "int32"))
    assert nd.clip(x, 2.9, backend.full((), 7.0)).tolist() == [2, 5, 7]
    assert nd.clip(x, 2.9).dtype == "int32"


REFUSED = [
    ("add", "bool"), ("negative", "bool"), ("logical_and", "int32"), ("logical_not", "float32"),
    ("bitwise_and", "float32"), ("bitwise_invert", "float64"), ("bitwise_left_shift", "float32"),
    ("bitwise_left_shift", "bool"), ("sign", "bool"), ("pow", "bool"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "dtype"), REFUSED)
def test_dtype_that_a_function_is_not_defined_for_is_named(backend, name, dtype):
    x = backend.full((2,), 1, dtype)
    function = getattr(nd, name)
    with pytest.raises(TypeError, match=dtype):
        function(x) if name in UNARY else function(x, x)


def test_shapes_that_do_not_broadcast_are_named(backend):
    x, y = backend.full((2, 3), 1), backend.full((2, 2), 1)
    for function in (operator.add, operator.lt, nd.maximum, nd.atan2):
        with pytest.raises(ValueError, match=r"\(2, 3\).*\(2, 2\)"):
            function(x, y)


def test_what_is_no_array_is_refused(backend):
    x = backend.full((2,), 1.0)
    for wrong in (np.ones(2), [1.0, 2.0], None, "a", 1j):
        for function in (operator.add, nd.add, nd.maximum):
            with pytest.raises(TypeError):
                function(x, wrong)
            with pytest.raises(TypeError):
                function(wrong, x)
    with pytest.raises(TypeError, match="ndarray is no array of needle_hw3"):
        nd.exp(np.ones(2))
