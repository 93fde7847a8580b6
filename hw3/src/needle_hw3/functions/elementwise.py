"""Elementwise functions. Operands broadcast and promote; one of two may be a number.

Functions of floating-point numbers take other arrays as float32. IEEE 754 holds without warnings:
1/0 is inf, log(-1) is nan. Integers wrap around, and their division by 0 gives 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from needle_hw3.dtypes import NUMBERS, as_number
from needle_hw3.ndarray import NDArray, kernel_first
from needle_hw3.operands import binary, check_same_device, unary
from needle_hw3.operands import where as _where

F = TypeVar("F", bound=Callable[..., Any])


def _of_one(name: str, meaning: str) -> Callable[[NDArray], NDArray]:
    def function(x: NDArray, /) -> NDArray:
        check_same_device(x)
        return unary(name, x)

    return _named(function, name, meaning)


def _of_two(name: str, meaning: str) -> Callable[[Any, Any], NDArray]:
    return _named(kernel_first(name, _promoted), name, meaning)


def _promoted(name: str, x1: Any, x2: Any) -> NDArray:
    reflected = isinstance(x1, NUMBERS)
    if reflected:
        x1, x2 = x2, x1
    check_same_device(x1)
    result: NDArray = binary(name, x1, x2, reflected)
    return result


def _named(function: F, name: str, meaning: str) -> F:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Return {meaning}."
    return function


abs = _of_one("abs", "the absolute value of x")
acos = _of_one("acos", "the angle in [0, pi] whose cosine is x")
acosh = _of_one("acosh", "the number >= 0 whose hyperbolic cosine is x")
asin = _of_one("asin", "the angle in [-pi/2, pi/2] whose sine is x")
asinh = _of_one("asinh", "the number whose hyperbolic sine is x")
atan = _of_one("atan", "the angle in [-pi/2, pi/2] whose tangent is x")
atanh = _of_one("atanh", "the number whose hyperbolic tangent is x")
bitwise_invert = _of_one("bitwise_invert", "x with every bit inverted; of bools, the opposite")
ceil = _of_one("ceil", "the smallest whole number that is not below x")
cos = _of_one("cos", "the cosine of x, in radians")
cosh = _of_one("cosh", "the hyperbolic cosine of x")
exp = _of_one("exp", "e to the power of x")
expm1 = _of_one("expm1", "exp(x) - 1, also accurate near x = 0")
floor = _of_one("floor", "the largest whole number that is not above x")
isfinite = _of_one("isfinite", "whether x is neither infinite nor nan")
isinf = _of_one("isinf", "whether x is infinite")
isnan = _of_one("isnan", "whether x is nan")
log = _of_one("log", "the natural logarithm of x")
log1p = _of_one("log1p", "log(1 + x), also accurate near x = 0")
log2 = _of_one("log2", "the logarithm of x to base 2")
log10 = _of_one("log10", "the logarithm of x to base 10")
logical_not = _of_one("logical_not", "the opposite of the bool x")
negative = _of_one("negative", "-x")
positive = _of_one("positive", "+x")
reciprocal = _of_one("reciprocal", "1 / x")
round = _of_one("round", "the whole number next to x, the even one of two")
sign = _of_one("sign", "-1, 0 or 1 as x is negative, zero or positive; nan of nan")
signbit = _of_one("signbit", "whether the sign bit of x is set, as in -0.0")
sin = _of_one("sin", "the sine of x, in radians")
sinh = _of_one("sinh", "the hyperbolic sine of x")
sqrt = _of_one("sqrt", "the square root of x")
square = _of_one("square", "x * x")
tan = _of_one("tan", "the tangent of x, in radians")
tanh = _of_one("tanh", "the hyperbolic tangent of x")
trunc = _of_one("trunc", "x without its fraction")

add = _of_two("add", "x1 + x2")
atan2 = _of_two("atan2", "the angle in [-pi, pi] of the point (x2, x1)")
bitwise_and = _of_two("bitwise_and", "the bits that are set in both")
bitwise_left_shift = _of_two("bitwise_left_shift", "x1 with its bits moved up by x2 >= 0")
bitwise_or = _of_two("bitwise_or", "the bits that are set in one or both")
bitwise_right_shift = _of_two("bitwise_right_shift", "x1 with its bits moved down by x2 >= 0")
bitwise_xor = _of_two("bitwise_xor", "the bits that are set in one of the two")
copysign = _of_two("copysign", "the size of x1 with the sign of x2")
divide = _of_two("divide", "x1 / x2")
equal = _of_two("equal", "whether x1 = x2")
floor_divide = _of_two("floor_divide", "the largest whole number that is not above x1 / x2")
greater = _of_two("greater", "whether x1 > x2")
greater_equal = _of_two("greater_equal", "whether x1 >= x2")
hypot = _of_two("hypot", "sqrt(x1^2 + x2^2), without overflow on the way")
less = _of_two("less", "whether x1 < x2")
less_equal = _of_two("less_equal", "whether x1 <= x2")
logaddexp = _of_two("logaddexp", "log(exp(x1) + exp(x2)), without overflow on the way")
logical_and = _of_two("logical_and", "whether both bools are true")
logical_or = _of_two("logical_or", "whether one or both of the bools are true")
logical_xor = _of_two("logical_xor", "whether one of the two bools is true")
maximum = _of_two("maximum", "the larger of x1 and x2; nan if one of them is")
minimum = _of_two("minimum", "the smaller of x1 and x2; nan if one of them is")
multiply = _of_two("multiply", "x1 * x2")
nextafter = _of_two("nextafter", "the number of the dtype next to x1 on the way to x2")
not_equal = _of_two("not_equal", "whether x1 is not x2")
pow = _of_two("pow", "x1 to the power of x2; 0 for integers if that is no integer")
remainder = _of_two("remainder", "what division of x1 by x2 leaves, with the sign of x2")
subtract = _of_two("subtract", "x1 - x2")


def clip(
    x: NDArray, /, min: NDArray | float | None = None, max: NDArray | float | None = None
) -> NDArray:
    """Return x, but `min` where it is below and `max` where it is above; the dtype is that of x.

    A bound of None is none. Where `min` is above `max`, the result is `max`.
    """
    check_same_device(x)
    result = unary("positive", x)
    if min is not None:
        result = binary("maximum", result, _bound(x, min))
    if max is not None:
        result = binary("minimum", result, _bound(x, max))
    return result


def _bound(x: NDArray, bound: Any) -> Any:
    """Return a bound of `clip` in the dtype of x."""
    if isinstance(bound, NUMBERS):
        return as_number(bound, x.dtype)
    check_same_device(x, bound)
    return bound._cast(x.dtype)


def where(condition: NDArray, x1: NDArray | float, x2: NDArray | float, /) -> NDArray:
    """Return x1 where `condition`, of dtype bool, is true, and x2 elsewhere."""
    return _where(condition, x1, x2)
