"""Every elementwise kernel against NumPy: dtypes, shapes, layouts and instruction sets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

DTYPES = ["bool", "uint8", "int32", "int64", "float32", "float64"]
NUMERIC, FLOATING, INTEGERS = DTYPES[1:], DTYPES[4:], DTYPES[1:4]
NUMPY = {
    "pow": np.power, "round": np.rint, "bitwise_invert": np.invert,
    "bitwise_left_shift": np.left_shift, "bitwise_right_shift": np.right_shift,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
}  # fmt: skip
UNARY = {
    "negative abs sign square positive floor ceil trunc round isnan isinf isfinite": NUMERIC,
    "sqrt reciprocal exp expm1 exp2 log log1p log2 log10 sin cos tan asin acos atan": FLOATING,
    "sinh cosh tanh asinh acosh atanh signbit": FLOATING,
    "logical_not": ["bool"],
    "bitwise_invert": DTYPES[:4],
}
BINARY = {
    "add subtract multiply floor_divide remainder pow maximum minimum": NUMERIC,
    "divide atan2 hypot copysign logaddexp nextafter": FLOATING,
    "bitwise_and bitwise_or bitwise_xor": DTYPES[:4],
    "bitwise_left_shift bitwise_right_shift": INTEGERS,
    "equal not_equal less less_equal greater greater_equal": DTYPES,
    "logical_and logical_or logical_xor": ["bool"],
}
SHAPES = [
    (), (0,), (1,), (3, 0, 2), (7,), (15,), (16,), (17,), (33,), (65,), (1025,), (3, 5), (33, 70),
    (700, 2), (2, 700), (2, 3, 4, 5), (1, 2, 1, 3, 2, 1, 2, 1, 3),
]  # fmt: skip
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -3.5, np.inf, -np.inf, np.nan, 1e-310, -1e-40, 3e38]


def lines(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Return the pairs of a name and a dtype in a table."""
    return [
        (name, dtype) for names, types in table.items() for name in names.split() for dtype in types
    ]


def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Return values of the whole range of an integer dtype, and moderate ones of the others."""
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype in FLOATING:
        return np.asarray(rng.standard_normal(shape) * 3, dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def expected(name: str, *arrays: Any) -> np.ndarray:
    """Return what NumPy says, without warnings; integers are rounded already."""
    if name in ("floor", "ceil", "trunc", "round") and arrays[0].dtype.kind != "f":
        return arrays[0]
    with np.errstate(all="ignore"):
        return np.asarray(NUMPY.get(name, getattr(np, name, None))(*arrays))


def check(name: str, view: Any, reference: np.ndarray) -> None:
    """Compare a view with an array: exactly, or within 4 units in the last place for floats."""
    result = view.numpy()
    assert result.shape == reference.shape
    assert result.dtype == reference.dtype
    if reference.dtype.kind != "f":
        np.testing.assert_array_equal(result, reference)
        return
    epsilon = float(np.finfo(reference.dtype).eps)
    # log(e^a + e^b) may cancel: its error is one of the larger of the two.
    absolute = 20 * epsilon if name == "logaddexp" else 0
    np.testing.assert_allclose(result, reference, rtol=4 * epsilon, atol=absolute)


@pytest.mark.parametrize(("name", "dtype"), lines(UNARY))
def test_unary_operations_agree_with_numpy(name, dtype, isa, layout, view, cpu, rng):
    for shape in SHAPES:
        array = layout(draw(rng, shape, dtype))
        check(name, getattr(cpu, name)(view(array)), expected(name, array))


@pytest.mark.parametrize(("name", "dtype"), lines(BINARY))
def test_binary_operations_agree_with_numpy(name, dtype, isa, layout, view, cpu, rng):
    for shape in SHAPES:
        a, b = layout(draw(rng, shape, dtype)), draw(rng, shape, dtype)
        if name == "pow" and dtype in ("int32", "int64"):
            b = b % 9  # NumPy refuses negative exponents
        for left, right in ((a, b), (a, b[..., :1] if b.ndim else b), (a[:1] if a.ndim else a, b)):
            result = getattr(cpu, name)(view(left), view(right))
            check(name, result, expected(name, left, right))


@pytest.mark.parametrize(
    ("name", "dtype"), [line for line in lines(UNARY) + lines(BINARY) if line[1] in FLOATING]
)
def test_special_values_are_as_in_numpy(name, dtype, isa, view, cpu):
    values = np.array(SPECIAL, "float64").astype(dtype)
    arrays = [values] if (name, dtype) in lines(UNARY) else list(np.meshgrid(values, values))
    result, reference = getattr(cpu, name)(*map(view, arrays)), expected(name, *arrays)
    check(name, result, reference)
    if name not in ("maximum", "minimum", "sign"):  # their zeros have any sign
        zeros = reference == 0
        signs = np.signbit(result.numpy()[zeros]), np.signbit(reference[zeros])
        np.testing.assert_array_equal(*signs)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "floor_divide", "remainder"])
@pytest.mark.parametrize("dtype", INTEGERS)
def test_extreme_integers_wrap_and_division_by_zero_gives_zero(name, dtype, isa, view, cpu):
    limits = np.iinfo(dtype)
    values = [limits.min, limits.min + 1, limits.max, limits.max - 1, 0, 1, 2, 3]
    values += [-1, -2, -3] if limits.min else []
    a, b = np.meshgrid(np.array(values, dtype), np.array(values, dtype))
    check(name, getattr(cpu, name)(view(a), view(b)), expected(name, a, b))


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_integer_powers_with_negative_exponents_are_truncated(dtype, isa, view, cpu):
    bases, exponents = (
        np.array([0, 1, -1, -1, 2, -7], dtype),
        np.array([-1, -5, -2, -3, -1, -9], dtype),
    )
    result = cpu.pow(view(bases), view(exponents))
    np.testing.assert_array_equal(result.numpy(), [0, 1, 1, -1, 0, 0])


@pytest.mark.parametrize("dtype", INTEGERS)
def test_shifts_beyond_the_width_lose_every_bit(dtype, isa, view, cpu):
    top = np.iinfo(dtype).max
    counts = [0, 1, 7, 8, 31, 32, 63, 64, 100] + ([-1, -100] if dtype != "uint8" else [])
    a, b = np.meshgrid(np.array([1, 5, top], dtype), np.array(counts, dtype))
    for name in ("bitwise_left_shift", "bitwise_right_shift"):
        check(name, getattr(cpu, name)(view(a), view(b)), expected(name, a, b))


@pytest.mark.parametrize(("name", "dtype"), lines(BINARY))
@pytest.mark.parametrize("reflected", [False, True])
def test_scalars_are_arrays_of_one_value(name, dtype, reflected, layout, view, cpu, rng):
    number = {"bool": True, "float32": 2.0, "float64": 2.0}.get(dtype, 2)
    for shape in [(), (0,), (5,), (1100,), (40, 60)]:
        array = layout(abs(draw(rng, shape, dtype)) if dtype != "bool" else draw(rng, shape, dtype))
        if name == "pow" and dtype in INTEGERS:
            array = np.asarray(array % 8, dtype)
        value = np.array(number, dtype)
        arrays = (value, array) if reflected else (array, value)
        result = getattr(cpu, f"{name}_scalar")(view(array), number, reflected)
        check(name, result, expected(name, *arrays))


def test_a_square_of_any_float_is_the_power_with_exponent_two(view, cpu):
    values = view(np.array([3.0, -0.0, -np.inf, np.nan]))
    np.testing.assert_array_equal(cpu.pow_scalar(values, 2.0).numpy(), [9, 0, np.inf, np.nan])


@pytest.mark.parametrize("number", [256, -1, 2**70])
def test_a_number_that_the_dtype_cannot_hold_is_an_overflow(number, view, cpu):
    with pytest.raises(OverflowError, match=f"{number} out of bounds for uint8"):
        cpu.add_scalar(view([1], "uint8"), number)


@pytest.mark.parametrize(
    ("dtype", "number"), [("int32", 1.5), ("bool", 1), ("float32", "1"), ("int64", None)]
)
def test_numbers_of_another_kind_are_refused(dtype, number, view, cpu):
    with pytest.raises(TypeError, match="no number for an array of"):
        cpu.equal_scalar(view([1], dtype), number)


def test_operations_name_the_dtypes_that_they_do_not_have(view, cpu):
    with pytest.raises(TypeError, match="exp is not defined for dtype int32"):
        cpu.exp(view([1], "int32"))
    with pytest.raises(TypeError, match="add is not defined for dtype bool"):
        cpu.add(view([1], "bool"), view([1], "bool"))
    with pytest.raises(TypeError, match="one dtype, not int32 and int64"):
        cpu.add(view([1], "int32"), view([1], "int64"))
    with pytest.raises(ValueError, match="do not broadcast"):
        cpu.add(view([1.0, 2.0]), view([1.0, 2.0, 3.0]))


def test_results_may_be_written_over_operands_that_they_overlap(layout, view, cpu, rng):
    memory = rng.standard_normal(3000)
    for out, a in ((memory[1:], memory[:-1]), (memory[:-1], memory[1:]), (memory[::-1], memory)):
        reference = a + 2 * a
        cpu.add_into(view(out), view(a), view(2 * a))
        np.testing.assert_array_equal(out, reference)


def test_results_are_written_into_strided_memory_and_nowhere_else(view, cpu, rng):
    memory = np.zeros((50, 80))
    a, b = rng.standard_normal((20, 70)), rng.standard_normal((70,))
    cpu.multiply_into(view(memory[10:50:2, 79:9:-1]), view(a), view(b))
    reference = np.zeros((50, 80))
    reference[10:50:2, 79:9:-1] = a * b
    np.testing.assert_array_equal(memory, reference)


def test_results_are_not_written_where_they_do_not_belong(view, cpu):
    out = np.zeros(3)
    with pytest.raises(TypeError, match="equal gives bool"):
        cpu.equal_into(view(out), view(out), view(out))
    with pytest.raises(ValueError, match="gives shape"):
        cpu.add_into(view(out), view(np.zeros(4)), view(np.zeros(4)))
    with pytest.raises(ValueError, match="read-only"):
        cpu.add_into(view(out).readonly(), view(out), view(out))


@pytest.mark.parametrize("dtype", DTYPES)
def test_where_chooses_and_broadcasts(dtype, isa, layout, view, cpu, rng):
    a, b = layout(draw(rng, (33, 70), dtype)), draw(rng, (70,), dtype)
    for condition in (draw(rng, (33, 1), "bool"), draw(rng, (33, 70), "bool"), np.array(True)):
        check("where", cpu.where(view(condition), view(a), view(b)), np.where(condition, a, b))


@pytest.mark.parametrize("shape", [(1500, 130), (130, 1500), (200_000,), (2, 3, 40_000)])
def test_threads_change_nothing(shape, threads, layout, view, cpu, rng):
    a, b = layout(rng.standard_normal(shape)), rng.standard_normal(shape)
    results = []
    for count in (1, 3):
        threads(count)
        results.append(cpu.tanh(cpu.add(view(a), view(b))).numpy())
    np.testing.assert_array_equal(results[0], results[1])


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5)])
def test_single_elements_beside_few(cpu, isa, view, rng, shape):
    array = rng.standard_normal(shape)
    one, two = (np.broadcast_to(number, shape) for number in (1.5, -2.5))
    for a, b in ((array, one), (one, array), (one, two), (array, array)):
        np.testing.assert_array_equal(cpu.subtract(view(a), view(b)).numpy(), a - b)
        chosen = cpu.where(view(array > 0), view(a), view(b)).numpy()
        np.testing.assert_array_equal(chosen, np.where(array > 0, a, b))
    for reflected, want in ((False, array - 3), (True, 3 - array)):
        got = cpu.subtract_scalar(view(array), 3.0, reflected).numpy()
        np.testing.assert_array_equal(got, want)
