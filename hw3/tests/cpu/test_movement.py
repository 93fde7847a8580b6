"""Copies, conversions and assignments against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

DTYPES = ["bool", "uint8", "int32", "int64", "float32", "float64"]
SHAPES = [
    (), (0,), (1,), (3, 0, 2), (17,), (1025,), (3, 5), (4, 4), (65, 130), (2, 700), (700, 3),
    (2, 3, 4, 5), (1, 2, 1, 3, 2, 1, 2, 1, 3),
]  # fmt: skip


def count_up(shape, dtype):
    return (np.arange(np.prod(shape, dtype=int)).reshape(shape) % 120).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_copy_is_compact_and_apart(dtype, layout, view, cpu):
    for shape in SHAPES:
        array = layout(count_up(shape, dtype))
        copied = cpu.copy(view(array))
        np.testing.assert_array_equal(copied.numpy(), array)
        assert copied.numpy().flags.c_contiguous
        assert not np.may_share_memory(copied.numpy(), array)


@pytest.mark.parametrize("axes", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_copies_of_permuted_axes(axes, dtype, view, cpu, rng):
    for shape in [(5, 66, 67), (70, 3, 129), (129, 130, 2)]:
        array = rng.integers(0, 100, shape).astype(dtype).transpose(axes)
        np.testing.assert_array_equal(cpu.copy(view(array)).numpy(), array)


def test_copies_that_bypass_the_caches_are_whole(view, cpu, threads):
    array = np.arange(3001 * 3003, dtype="float32").reshape(3001, 3003)
    for count in (1, 2):
        threads(count)
        np.testing.assert_array_equal(cpu.copy(view(array.T)).numpy(), array.T)
        np.testing.assert_array_equal(cpu.copy(view(array[:, 1:])).numpy(), array[:, 1:])
        target = np.zeros((3002, 3005), "float32")
        cpu.assign(view(target[1:, 1:3004]), view(array))
        np.testing.assert_array_equal(target[1:, 1:3004], array)
        assert not target[0].any()
        assert not target[:, [0, 3004]].any()


@pytest.mark.parametrize("to", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_casts_agree_with_numpy(dtype, to, isa, layout, view, cpu, rng):
    for shape in SHAPES:
        array = layout(np.asarray(rng.integers(0, 200, shape) / 2).astype(dtype))
        result = cpu.cast(view(array), to).numpy()
        np.testing.assert_array_equal(result, array.astype(to), strict=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("to", ["uint8", "int32", "int64"])
def test_floats_outside_of_an_integer_dtype_become_its_ends(dtype, to, isa, view, cpu):
    limits = np.iinfo(to)
    inside = np.array([-0.9, 0.9, 100.5], dtype)
    outside = np.array([np.nan, -np.inf, np.inf, -1e30, 1e30, limits.max + 1.0], dtype)
    result = cpu.cast(view(np.concatenate([inside, outside])), to).numpy()
    ends = [0, limits.min, limits.max, limits.min, limits.max, limits.max]
    np.testing.assert_array_equal(result, [0, 0, 100, *ends])


def test_integers_lose_their_high_bits(isa, view, cpu):
    values = np.array([-1, 256, 2**40 + 7, -(2**63)])
    for to in ("uint8", "int32"):
        np.testing.assert_array_equal(cpu.cast(view(values), to).numpy(), values.astype(to))


def test_nan_and_tiny_numbers_are_true_and_zeros_are_not(isa, view, cpu):
    values = view(np.array([np.nan, 1e-310, 0.0, -0.0, np.inf]))
    assert cpu.cast(values, "bool").numpy().tolist() == [True, True, False, False, True]


def test_a_byte_that_is_neither_zero_nor_one_is_true(view, cpu):
    odd = view(np.array([0, 1, 2, 255], "uint8").view(bool))
    assert cpu.logical_not(odd).numpy().tolist() == [True, False, False, False]
    assert cpu.where(odd, view([1] * 4), view([0] * 4)).numpy().tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_assignment_broadcasts_converts_and_touches_nothing_else(dtype, view, cpu, rng):
    source = rng.integers(0, 100, (70,)).astype(dtype)
    for cut in (np.s_[::2, 9:79], np.s_[5:45, 79:9:-1], np.s_[::-3, :70]):
        memory, reference = np.zeros((2, 50, 80), "float64")
        cpu.assign(view(memory[cut]), view(source))
        reference[cut] = source
        np.testing.assert_array_equal(memory, reference)


@pytest.mark.parametrize("size", [10, 5000])
def test_assignment_between_overlapping_views_reads_first(size, view, cpu):
    for to, source in (
        (np.s_[1:], np.s_[:-1]), (np.s_[:-1], np.s_[1:]), (np.s_[:], np.s_[::-1]),
        (np.s_[:], np.s_[:]), (np.s_[: size // 2], np.s_[: size // 2 * 2 : 2]),
    ):  # fmt: skip
        memory, reference = np.arange(size), np.arange(size)
        cpu.assign(view(memory[to]), view(memory[source]))
        reference[to] = reference[source].copy()
        np.testing.assert_array_equal(memory, reference)


def test_a_matrix_is_assigned_its_own_transpose(view, cpu, rng):
    matrix = rng.standard_normal((200, 200))
    reference = matrix.T.copy()
    cpu.assign(view(matrix), view(matrix.T))
    np.testing.assert_array_equal(matrix, reference)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("bool", True),
        ("uint8", 255),
        ("int32", -7),
        ("int64", -(2**63)),
        ("float32", 0.1),
        ("float64", 0.1),
    ],
)
def test_fill_sets_what_the_view_reaches(dtype, value, view, cpu):
    for shape in [(), (0, 3), (7,), (100_000,), (40, 60)]:
        memory = np.zeros((3, *shape, 2), dtype)
        target = memory[1, ..., 0].T
        cpu.fill(view(target), value)
        assert (target == np.array(value, dtype)).all()
        assert not memory[[0, 2]].any()
        assert not memory[..., 1].any()


def test_what_is_read_only_or_too_large_is_refused(view, cpu):
    with pytest.raises(ValueError, match="read-only"):
        cpu.assign(view([1, 2]).readonly(), view([1, 2]))
    with pytest.raises(ValueError, match="read-only"):
        cpu.fill(view([1, 2]).readonly(), 1)
    with pytest.raises(ValueError, match="does not broadcast"):
        cpu.assign(view([1, 2]), view([1, 2, 3]))
    with pytest.raises(OverflowError, match="out of bounds for int32"):
        cpu.fill(view([1], "int32"), 2**31)
