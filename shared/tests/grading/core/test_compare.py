import numpy as np
import pytest

from needle_shared.grading.compare import TOLERANCES, difference
from needle_shared.grading.inside.records import Record, array_of


def close(value: object, **more: float) -> Record:
    return Record("x", "close", np.asarray(value), **more)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e4])
def test_the_tolerance_is_that_of_the_expected_dtype(dtype: str, size: float) -> None:
    want = np.array([size, -size], dtype)
    rtol, atol = TOLERANCES[want.dtype.itemsize]
    bound = atol + rtol * float(want[0])
    inside = want.astype(np.float64) + 0.9 * bound
    outside = want.astype(np.float64) + np.array([0.0, 1.1 * bound])
    assert difference(close(want), close(inside)) is None
    assert "1 of 2 values are wrong" in str(difference(close(want), close(outside)))


def test_tolerances_of_the_answer_do_not_matter() -> None:
    assert difference(close([1.0]), close([2.0], rtol=1e9, atol=1e9))
    assert difference(close([1.0], atol=2.0), close([2.0])) is None


def test_the_first_wrong_place_is_named() -> None:
    want = np.arange(12.0).reshape(3, 4)
    got = want.copy()
    got[1, 2] += 1
    got[2, 0] -= 3
    text = str(difference(close(want), close(got)))
    assert "2 of 12" in text
    assert "[1, 2]" in text
    assert "7.0, expected 6.0" in text
    assert "largest error 3" in text


@pytest.mark.parametrize(
    ("want", "got", "word"),
    [
        (np.zeros((2, 3)), np.zeros((3, 2)), "shape (3, 2), expected (2, 3)"),
        (np.zeros(()), np.zeros((1,)), "shape (1,), expected ()"),
        (np.zeros(2), np.zeros(2, int), "dtype int64, expected real numbers"),
        (np.zeros(2, int), np.zeros(2), "dtype float64, expected whole numbers"),
        (np.zeros(2, bool), np.zeros(2, int), "expected truth values"),
        (np.array([1, 2]), np.array([1, 3]), "1 of 2"),
        (np.array([True]), np.array([False]), "False, expected True"),
        (np.array([2**53], "int64"), np.array([2**53 + 1], "int64"), "93, expected 90071992"),
        (np.array([np.inf]), np.array([1e300]), "1e+300, expected inf"),
        (np.array([np.inf]), np.array([-np.inf]), "-inf, expected inf"),
        (np.array([1.0]), np.array([np.nan]), "nan, expected 1.0"),
        (np.array([np.nan]), np.array([1.0]), "1.0, expected nan"),
        (np.array([1.0]), np.array([np.inf]), "inf, expected 1.0"),
        (np.array(2.0), np.array(3.0), "x: 3.0, expected 2.0; largest error 1, relative 0.5"),
        (np.array([0.1, 1]), np.array([0.1, 1], "float32"), "float32, expected float64"),
    ],
)
def test_what_differs_is_said(want: np.ndarray, got: np.ndarray, word: str) -> None:
    assert word in str(difference(close(want), close(got)))


def test_relative_errors_are_those_of_values_that_are_not_zero() -> None:
    text = str(difference(close([0.0, 4.0]), close([1.0, 5.0])))
    assert "largest error 1, relative 0.25;" in text
    text = str(difference(close([0.0, 0.0]), close([1.0, 5.0])))
    assert "largest error 5; the first at [0]" in text


@pytest.mark.parametrize(
    ("want", "got"),
    [
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (np.array([np.nan, np.inf, -np.inf, 0.0]), np.array([np.nan, np.inf, -np.inf, -0.0])),
        (np.float32(0.1), np.float64(0.1)),
        (np.array([3], "int32"), np.array([3], "uint8")),
    ],
)
def test_equal_values_do_not_differ(want: np.ndarray, got: np.ndarray) -> None:
    assert difference(close(want), close(got)) is None


@pytest.mark.parametrize(
    ("want", "got"), [(1, 2), (1, 1.0), (1, True), ([1], [1, 2]), ("a", "b"), (None, 0), ([], None)]
)
def test_plain_data_must_be_equal_in_value_and_type(want: object, got: object) -> None:
    assert difference(Record("x", "value", want), Record("x", "value", got))
    assert difference(Record("x", "value", want), Record("x", "value", want)) is None


def test_another_name_or_kind_is_a_difference() -> None:
    assert difference(close(1.0), Record("y", "close", np.asarray(1.0)))
    assert difference(close(1.0), Record("x", "value", 1.0))


def test_exceptions_are_compared_by_name() -> None:
    want = Record("x", "raises", "ValueError")
    assert difference(want, want) is None
    assert difference(want, Record("x", "raises", "")) == ("x: raised nothing, expected ValueError")
    assert "raised TypeError" in str(difference(want, Record("x", "raises", "TypeError")))


def test_numbers_of_more_bits_than_frames_have_are_those_of_64() -> None:
    array = array_of("x", np.array([0.1, -2.5], np.longdouble))
    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, [0.1, -2.5])
