"""Dtypes: promotion, numbers beside arrays, and what is refused."""

import itertools

import numpy as np
import pytest

import needle_hw3 as nd
from needle_hw3.dtypes import DTYPES, as_dtype, as_number, holding

NAMES = list(DTYPES)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(NAMES, NAMES)))
def test_arrays_promote_as_numpys(backend, a, b):
    expected = np.result_type(np.dtype(a), np.dtype(b))
    x, y = backend.full((2,), 1, a), backend.full((2,), 1, b)
    assert nd.result_type(x, y) == nd.result_type(a, b) == expected
    assert nd.where(x == 1, x, y).dtype == expected
    assert nd.can_cast(a, b) == (expected == b)
    if expected != "bool":
        assert (x + y).dtype == nd.maximum(x, y).dtype == expected


NUMBERS = [
    ("bool", True, "bool"), ("bool", 1, "int64"), ("bool", 1.0, "float32"),
    ("uint8", True, "uint8"), ("uint8", 1, "uint8"), ("uint8", 1.0, "float32"),
    ("int32", 1, "int32"), ("int64", 1.0, "float32"), ("int64", False, "int64"),
    ("float32", 1, "float32"), ("float32", 1.0, "float32"), ("float64", 1.0, "float64"),
    ("float64", True, "float64"), ("float32", np.float64(1), "float32"),
    ("float32", np.int64(1), "float32"), ("int32", np.uint8(1), "int32"),
    ("bool", np.True_, "bool"), ("int32", np.float32(1), "float32"),
]  # fmt: skip


@pytest.mark.parametrize(("dtype", "number", "expected"), NUMBERS)
def test_number_adopts_the_dtype_of_the_array_unless_it_is_of_a_higher_kind(
    backend, dtype, number, expected
):
    x = backend.full((2,), 1, dtype)
    assert nd.result_type(x, number) == expected
    assert nd.where(x == 1, x, number).dtype == expected
    if expected != "bool":
        assert (x * number).dtype == (number * x).dtype == expected
        assert (x * number).numpy().tolist() == [number, number]


def test_numbers_alone_have_the_default_dtypes():
    assert nd.result_type(1, True) == "int64"
    assert nd.result_type(1, 2.0) == "float32"
    assert nd.result_type(True) == "bool"
    with pytest.raises(ValueError, match="one argument or more"):
        nd.result_type()


def test_functions_of_floats_take_others_as_the_default_float(backend, dtype):
    x = backend.full((2,), 1, dtype)
    expected = dtype if dtype.startswith("float") else "float32"
    assert nd.exp(x).dtype == (x / x).dtype == (x / 2).dtype == (2 / x).dtype == expected
    assert nd.mean(x).dtype == nd.std(x).dtype == expected
    assert nd.isnan(x).numpy().tolist() == [False, False]


def test_dtypes_are_numpys():
    assert nd.float32 is np.dtype("float32")
    assert nd.float32 == "float32"
    assert as_dtype("f4") is as_dtype(np.float32) is as_dtype(">f4") is nd.float32
    assert as_dtype(float) is nd.float64
    for wrong in ("complex64", "U3", "float16", "uint64", None, object):
        with pytest.raises(TypeError, match="real numbers, not dtype"):
            as_dtype(wrong)


def test_dtype_that_arrays_lack_becomes_the_next_that_holds_it(backend):
    found = {name: holding(np.dtype(name)).name for name in
             ("int8", "int16", "uint16", "uint32", "float16", ">i4")}  # fmt: skip
    assert found == {"int8": "int32", "int16": "int32", "uint16": "int32",
                     "uint32": "int64", "float16": "float32", ">i4": "int32"}  # fmt: skip
    assert backend.array(np.array([-3, 4], "int8")).numpy().tolist() == [-3, 4]
    with pytest.raises(TypeError, match="real numbers, not dtype uint64"):
        backend.array(np.array([1], "uint64"))


KINDS = [
    ("bool", "bool"), ("signed integer", "int32 int64"), ("unsigned integer", "uint8"),
    ("integral", "uint8 int32 int64"), ("real floating", "float32 float64"),
    ("complex floating", ""), ("numeric", "uint8 int32 int64 float32 float64"),
    (("bool", "integral"), "bool uint8 int32 int64"), (np.float32, "float32"),
    (("real floating", np.uint8), "float32 float64 uint8"), ("float64", "float64"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "members"), KINDS, ids=str)
def test_kinds_have_the_members_of_the_standard(kind, members):
    assert {name for name in NAMES if nd.isdtype(np.dtype(name), kind)} == set(members.split())


def test_unknown_kind_is_named():
    with pytest.raises(ValueError, match="'floating' is no kind"):
        nd.isdtype(nd.float32, "floating")


def test_limits_are_numpys(backend):
    for name in ("float32", "float64"):
        found, expected = nd.finfo(name), np.finfo(name)
        for field in ("bits", "eps", "max", "min", "smallest_normal", "dtype"):
            assert getattr(found, field) == getattr(expected, field)
        assert type(found.eps) is float
    for name in ("uint8", "int32", "int64"):
        found, expected = nd.iinfo(name), np.iinfo(name)
        assert (found.bits, found.min, found.max) == (expected.bits, expected.min, expected.max)
        assert found.dtype == name
    assert nd.finfo(backend.full((), 1, "float64")).bits == 64
    with pytest.raises(TypeError, match="not int32"):
        nd.finfo("int32")
    with pytest.raises(TypeError, match="not bool"):
        nd.iinfo("bool")


def test_number_that_does_not_fit_is_named(backend):
    x = backend.full((2,), 1, "uint8")
    for function in (lambda: x + 256, lambda: -1 + x, lambda: backend.full((), 300, "uint8")):
        with pytest.raises(OverflowError, match=r"is outside of uint8, 0 to 255"):
            function()
    assert as_number(2.9, nd.int32) == 2
    assert as_number(10, nd.float32) == 10.0
    assert as_number(2, nd.bool) is True


def test_comparison_takes_integers_that_the_dtype_does_not_hold(backend):
    x = backend.array(np.array([0, 255], "uint8"))
    assert (x < 256).numpy().tolist() == [True, True]
    assert (x == -1).numpy().tolist() == [False, False]
    assert (backend.full((1,), 7, "int32") < 2**40).numpy().tolist() == [True]


def test_astype_converts_and_copies(backend, dtype, numbers):
    for name in NAMES:
        array = numbers((2, 3), name, 0, 5)
        if array.dtype.kind == "f" and dtype == "uint8":
            array = abs(array)
        if array.dtype.kind == "i" and dtype == "uint8":
            array = abs(array)
        x = backend.array(array)
        found = nd.astype(x, dtype)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found.numpy(), array.astype(dtype))
        found[...] = 0
        np.testing.assert_array_equal(x.numpy(), array)
    assert nd.astype(x, x.dtype, copy=False) is x


def test_astype_refuses_what_arrays_cannot_hold(backend):
    with pytest.raises(TypeError, match="real numbers, not dtype complex128"):
        nd.astype(backend.full((1,), 1), "complex128")
