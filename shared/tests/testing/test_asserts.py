from __future__ import annotations

import numpy as np
import pytest

from needle_shared.testing import assert_close
from needle_shared.testing.asserts import as_numpy


@pytest.mark.parametrize(
    ("dtype", "error", "passes"),
    [
        ("float64", 1e-11, True),
        ("float64", 1e-8, False),
        ("float32", 3e-6, True),
        ("float32", 1e-4, False),
        ("float16", 3e-3, True),
        ("float16", 5e-2, False),
    ],
)
def test_tolerance_follows_the_dtype(dtype, error, passes):
    expected = np.ones(3, dtype=dtype)
    actual = (np.ones(3) + error).astype(dtype)
    if passes:
        assert_close(actual, expected)
    else:
        with pytest.raises(AssertionError):
            assert_close(actual, expected)


def test_the_coarser_dtype_of_the_two_decides():
    exact = np.full(3, 1 / 3)
    assert_close(exact.astype("float32"), exact)
    assert_close(exact, exact.astype("float32"))


def test_integers_must_be_equal():
    assert_close([1, 2], np.array([1, 2], dtype="uint8"))
    with pytest.raises(AssertionError):
        assert_close(np.array([10**9]), np.array([10**9 + 1]))


@pytest.mark.parametrize(("a", "b"), [((3, 1), (3,)), ((), (1,)), ((0,), (0, 1)), ((2, 3), (3, 2))])
def test_shapes_do_not_broadcast(a, b):
    with pytest.raises(AssertionError, match="shape"):
        assert_close(np.zeros(a), np.zeros(b))


def test_nan_equals_nan_and_infinities_have_a_sign():
    assert_close([np.nan, np.inf, -np.inf], [np.nan, np.inf, -np.inf])
    for wrong in ([0.0, np.inf, -np.inf], [np.nan, -np.inf, -np.inf], [np.nan, 1e300, -np.inf]):
        with pytest.raises(AssertionError):
            assert_close(wrong, [np.nan, np.inf, -np.inf])


def test_explicit_tolerances_replace_the_default():
    assert_close(1.1, 1.0, rtol=0.2)
    with pytest.raises(AssertionError):
        assert_close(np.float32(1) + np.float32(1e-6), 1.0, rtol=0, atol=1e-9)


def test_values_are_read_from_whatever_holds_them():
    class WithNumpy:
        def numpy(self):
            return np.arange(3)

    class WithDLPack:
        def __dlpack__(self, **options):
            return np.arange(3).__dlpack__(**options)

        def __dlpack_device__(self):
            return np.arange(3).__dlpack_device__()

    for value in (WithNumpy(), WithDLPack(), [0, 1, 2], np.arange(3)):
        np.testing.assert_array_equal(as_numpy(value), [0, 1, 2])
