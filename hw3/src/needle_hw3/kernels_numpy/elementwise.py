"""Operations on every element alone, from one table per number of operands.

Each line gives a name, NumPy's function and the kinds of dtypes that it takes, and becomes
`NAME(a)`, or `NAME(a, b)`, `NAME_scalar(a, value, reflected)` and `NAME_into(out, a, b)`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from needle_hw3.kernels_numpy.view import View, as_element, check_writable, evaluate
from needle_hw3.layout import broadcast_shapes

BOOL, INTEGER, FLOAT = "b", "iu", "f"
NUMERIC, ALL = INTEGER + FLOAT, BOOL + INTEGER + FLOAT


def _of_floats(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a rounding function that is the identity on integers, as in NumPy 2.1 and later."""
    return lambda a, **options: (function if a.dtype.kind == "f" else np.positive)(a, **options)


def _pow(a: Any, b: Any, **options: Any) -> Any:
    """Return a^b; of integers, 0 where the exponent is negative and the result no integer."""
    if np.result_type(a, b).kind == "f":
        if not np.any(np.equal(b, 0.5)):
            return np.power(a, b, **options)
        # NumPy takes the square root where 0.5 is the only exponent: nan of -infinity.
        infinite = np.equal(b, 0.5) & np.isneginf(a)
        return np.positive(np.where(infinite, np.inf, np.power(a, b)), **options)
    if not np.any(np.less(b, 0)):
        return np.power(a, b, **options)
    a, b = np.broadcast_arrays(a, b)
    inverse = np.where(a == -1, np.where(b % 2 == 0, 1, -1), np.where(a == 1, 1, 0))
    result = np.where(b < 0, inverse, np.power(a, np.maximum(b, 0))).astype(a.dtype)
    return np.positive(result, **options)


def _shift(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a shift that moves every bit out where the count is negative or too large."""

    def shifted(a: Any, b: Any, **options: Any) -> Any:
        width = 8 * np.result_type(a, b).itemsize
        none_left = (b < 0) | (b >= width)
        sign = np.where(a < 0, -1, 0) if function is np.right_shift else 0
        result = np.where(none_left, sign, function(a, np.where(none_left, 0, b)))
        return np.positive(result.astype(np.result_type(a, b)), **options)

    return shifted


def _plainly(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of arrays in the form of NumPy's: with the options `order` and `out`."""

    def formula(*operands: Any, **options: Any) -> Any:
        dtype = np.result_type(*operands)
        return np.positive(np.asarray(function(*operands)).astype(dtype), **options)

    return formula


UNARY: list[tuple[str, Callable[..., Any], str]] = [
    ("negative", np.negative, NUMERIC),
    ("positive", np.positive, NUMERIC),
    ("abs", np.abs, NUMERIC),
    ("sign", np.sign, NUMERIC),
    ("square", np.square, NUMERIC),
    ("floor", _of_floats(np.floor), NUMERIC),
    ("ceil", _of_floats(np.ceil), NUMERIC),
    ("trunc", _of_floats(np.trunc), NUMERIC),
    ("round", _of_floats(np.rint), NUMERIC),
    *[(name, getattr(np, name), FLOAT) for name in (
        "sqrt", "reciprocal", "exp", "expm1", "exp2", "log", "log1p", "log2", "log10",
        "sin", "cos", "tan", "sinh", "cosh", "tanh", "signbit",
    )],
    *[(f"a{name}", getattr(np, f"arc{name}"), FLOAT) for name in (
        "sin", "cos", "tan", "sinh", "cosh", "tanh",
    )],
    ("sigmoid", _plainly(lambda a: 1 / (1 + np.exp(-a))), FLOAT),
    ("relu", _plainly(lambda a: np.maximum(a, 0)), NUMERIC),
    *[(name, getattr(np, name), NUMERIC) for name in ("isnan", "isinf", "isfinite")],
    ("logical_not", np.logical_not, BOOL),
    ("bitwise_invert", np.invert, BOOL + INTEGER),
]  # fmt: skip

BINARY: list[tuple[str, Callable[..., Any], str]] = [
    ("add", np.add, NUMERIC),
    ("subtract", np.subtract, NUMERIC),
    ("multiply", np.multiply, NUMERIC),
    ("divide", np.true_divide, FLOAT),
    ("floor_divide", np.floor_divide, NUMERIC),
    ("remainder", np.remainder, NUMERIC),
    ("pow", _pow, NUMERIC),
    ("maximum", np.maximum, NUMERIC),
    ("minimum", np.minimum, NUMERIC),
    ("atan2", np.arctan2, FLOAT),
    ("hypot", np.hypot, FLOAT),
    ("copysign", np.copysign, FLOAT),
    ("logaddexp", np.logaddexp, FLOAT),
    ("nextafter", np.nextafter, FLOAT),
    ("sigmoid_gradient", _plainly(lambda grad, y: grad * y * (1 - y)), FLOAT),
    ("tanh_gradient", _plainly(lambda grad, y: grad * (1 - y * y)), FLOAT),
    ("relu_gradient", _plainly(lambda grad, x: np.where(x > 0, grad, 0)), NUMERIC),
    ("bitwise_and", np.bitwise_and, BOOL + INTEGER),
    ("bitwise_or", np.bitwise_or, BOOL + INTEGER),
    ("bitwise_xor", np.bitwise_xor, BOOL + INTEGER),
    ("bitwise_left_shift", _shift(np.left_shift), INTEGER),
    ("bitwise_right_shift", _shift(np.right_shift), INTEGER),
    ("equal", np.equal, ALL),
    ("not_equal", np.not_equal, ALL),
    ("less", np.less, ALL),
    ("less_equal", np.less_equal, ALL),
    ("greater", np.greater, ALL),
    ("greater_equal", np.greater_equal, ALL),
    ("logical_and", np.logical_and, BOOL),
    ("logical_or", np.logical_or, BOOL),
    ("logical_xor", np.logical_xor, BOOL),
]


def _check_kind(name: str, view: View, kinds: str) -> None:
    if view.array.dtype.kind not in kinds:
        raise TypeError(f"{name} is not defined for dtype {view.dtype}")


def _check_dtypes(name: str, a: View, b: View, kinds: str) -> None:
    if a.array.dtype != b.array.dtype:
        raise TypeError(f"{name} takes arrays of one dtype, not {a.dtype} and {b.dtype}")
    _check_kind(name, a, kinds)


def _check_pair(name: str, a: View, b: View, kinds: str) -> None:
    _check_dtypes(name, a, b, kinds)
    if a.array.shape != b.array.shape:
        broadcast_shapes(a.shape, b.shape)  # whose error names the axis


@cache
def _result_dtype(function: Callable[..., Any], dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype of a binary function's results for operands of `dtype`."""
    one = np.ones((), dtype)
    result: np.dtype[Any] = function(one, one).dtype
    return result


def _unary(name: str, function: Callable[..., Any], kinds: str) -> Callable[..., View]:
    def kernel(a: View) -> View:
        _check_kind(name, a, kinds)
        with np.errstate(all="ignore"):
            return evaluate(function, a.array)

    return kernel


def _binary(name: str, function: Callable[..., Any], kinds: str) -> Callable[..., View]:
    def kernel(a: View, b: View) -> View:
        _check_pair(name, a, b, kinds)
        with np.errstate(all="ignore"):
            return evaluate(function, a.array, b.array)

    return kernel


def _scalar(name: str, function: Callable[..., Any], kinds: str) -> Callable[..., View]:
    def kernel(a: View, value: Any, reflected: bool = False) -> View:
        number = as_element(value, a.array.dtype)
        _check_kind(name, a, kinds)
        with np.errstate(all="ignore"):
            return evaluate(function, *((number, a.array) if reflected else (a.array, number)))

    return kernel


def _into(name: str, function: Callable[..., Any], kinds: str) -> Callable[..., None]:
    def kernel(out: View, a: View, b: View) -> None:
        _check_dtypes(name, a, b, kinds)
        result = _result_dtype(function, a.array.dtype)
        if out.array.dtype != result:
            raise TypeError(f"{name} gives {result}, which does not go into {out.dtype}")
        check_writable(out)
        shape = broadcast_shapes(a.shape, b.shape)
        if shape != out.shape:
            raise ValueError(
                f"{name} of shapes {a.shape} and {b.shape} gives shape {shape}, not {out.shape}"
            )
        with np.errstate(all="ignore"):
            function(a.array, b.array, out=out.array)

    return kernel


def where(condition: View, a: View, b: View) -> View:
    """Return a where `condition`, of dtype bool, is true, and b elsewhere; the three broadcast."""
    _check_kind("where", condition, BOOL)
    _check_pair("where", a, b, ALL)
    broadcast_shapes(condition.shape, a.shape, b.shape)
    arrays = (condition.array, a.array, b.array)
    return evaluate(lambda *turned, **_: np.where(*turned), *arrays)


def make_kernels() -> dict[str, Callable[..., Any]]:
    """Return the functions of both tables, by their names."""
    kernels: dict[str, Callable[..., Any]] = {}
    for line in UNARY:
        kernels[line[0]] = _unary(*line)
    for line in BINARY:
        kernels[line[0]] = _binary(*line)
        kernels[f"{line[0]}_scalar"] = _scalar(*line)
        kernels[f"{line[0]}_into"] = _into(*line)
    for name, kernel in kernels.items():
        kernel.__name__ = kernel.__qualname__ = name
        kernel.__doc__ = f"The kernel `{name}`: see the tables in `kernels_numpy.elementwise`."
    return kernels
