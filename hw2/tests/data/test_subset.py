"""Parts of a data set: chosen and at random."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_hw2 import data


@st.composite
def choices(draw):
    """Return a length, and indices of a data set that has it."""
    count = draw(st.integers(1, 30))
    return count, draw(st.lists(st.integers(0, count - 1), max_size=20))


@given(choices())
def test_subset_has_the_items_at_its_indices(choice):
    count, indices = choice
    subset = data.Subset(data.NDArrayDataset(np.arange(count) * 10), indices)
    assert len(subset) == len(indices)
    assert [int(subset[i][0]) for i in range(len(subset))] == [10 * i for i in indices]
    assert [int(x) for (x,) in subset] == [10 * i for i in indices]


@given(choices(), st.data())
def test_batches_of_a_subset_of_a_subset_are_those_of_the_data_set(choice, drawn):
    count, indices = choice
    dataset = data.NDArrayDataset(np.arange(count), np.arange(count) % 3)
    subset = data.Subset(dataset, np.array(indices, dtype="int32"))
    inner = drawn.draw(st.lists(st.integers(0, len(indices) - 1), min_size=1)) if indices else []
    x, y = data.Subset(subset, inner).batch(np.arange(len(inner)))
    expected = [indices[i] for i in inner]
    np.testing.assert_array_equal(x, expected)
    np.testing.assert_array_equal(y, np.array(expected) % 3)


def test_subset_of_a_data_set_that_stacks_and_of_a_list(numbered):
    X, y = data.Subset(numbered(9), [8, 2, 4]).batch(np.array([2, 0]))
    np.testing.assert_array_equal(X, [[4, 4], [8, 8]])
    np.testing.assert_array_equal(y, [4, 8])
    (x,) = data.Subset([3.0, 4.0, 5.0], [2, 0]).batch([1, 0])
    np.testing.assert_array_equal(x, [3, 5])


def test_subset_does_not_see_later_changes_of_its_indices():
    indices = np.array([1, 2])
    subset = data.Subset(data.NDArrayDataset(np.arange(5)), indices)
    indices[:] = 4
    assert [int(x) for (x,) in subset] == [1, 2]


def test_negative_positions_in_a_subset_count_from_its_end():
    subset = data.Subset(data.NDArrayDataset(np.arange(5)), [1, 3])
    assert subset[-1][0] == 3
    with pytest.raises(IndexError):
        subset[2]
    with pytest.raises(TypeError):
        subset[0:1]


@pytest.mark.parametrize(
    ("indices", "error", "message"),
    [
        ([0, 5], IndexError, "index 5 is outside of a data set of 5 items"),
        ([-1], IndexError, "index -1 is outside"),
        ([0, 1.5], TypeError, "whole numbers, got 1.5"),
        ([True, False, True, False, False], TypeError, "np.nonzero"),
        ([[0, 1]], ValueError, r"shape \(1, 2\)"),
        (3, ValueError, r"shape \(\)"),
    ],
)
def test_indices_that_choose_nothing_sensible_are_refused(indices, error, message):
    with pytest.raises(error, match=message):
        data.Subset(data.NDArrayDataset(np.arange(5)), indices)


@st.composite
def whole_lengths(draw):
    return draw(st.lists(st.integers(0, 12), min_size=1, max_size=5))


@st.composite
def fractions(draw):
    parts = draw(st.lists(st.integers(1, 9), min_size=1, max_size=5))
    return [part / sum(parts) for part in parts]


@given(whole_lengths(), st.integers(0, 2**32))
def test_random_split_covers_everything_once(lengths, seed):
    dataset = data.NDArrayDataset(np.arange(sum(lengths)))
    parts = data.random_split(dataset, lengths, np.random.default_rng(seed))
    assert [len(part) for part in parts] == lengths
    found = np.concatenate([part.indices for part in parts])
    np.testing.assert_array_equal(np.sort(found), np.arange(sum(lengths)))


@given(st.integers(0, 60), fractions())
def test_fractions_are_rounded_down_and_the_rest_goes_to_the_first(count, parts):
    dataset = data.NDArrayDataset(np.arange(count))
    split = data.random_split(dataset, parts, np.random.default_rng(0))
    sizes = [len(part) for part in split]
    assert sum(sizes) == count
    extra = [size - int(np.floor(count * f)) for size, f in zip(sizes, parts, strict=True)]
    assert set(extra) <= {0, 1}
    assert extra == sorted(extra, reverse=True)


def test_fractions_split_as_in_pytorch():
    dataset = data.NDArrayDataset(np.arange(10))
    assert [len(part) for part in data.random_split(dataset, [1 / 3, 1 / 3, 1 / 3])] == [4, 3, 3]
    assert [len(part) for part in data.random_split(dataset, [0.25, 0.75])] == [3, 7]
    assert [len(part) for part in data.random_split(dataset, [1.0])] == [10]


def test_split_of_nothing_into_nothing_is_empty():
    assert data.random_split([], []) == []


def test_split_draws_one_permutation(global_generator):
    dataset = data.NDArrayDataset(np.arange(20))
    global_generator.seed(5)
    expected = global_generator.permutation(20)
    after = global_generator.random()
    global_generator.seed(5)
    first, second = data.random_split(dataset, [15, 5])
    assert global_generator.random() == after
    np.testing.assert_array_equal(np.concatenate([first.indices, second.indices]), expected)


def test_split_with_a_generator_leaves_the_global_one_alone(global_generator):
    before = global_generator.get_state()[2]
    dataset = data.NDArrayDataset(np.arange(20))
    (part,) = data.random_split(dataset, [20], np.random.default_rng(8))
    np.testing.assert_array_equal(part.indices, np.random.default_rng(8).permutation(20))
    assert global_generator.get_state()[2] == before


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([3, 1], r"lengths \[3, 1\] sum to 4, the data set has 5 items"),
        ([7, -2], r"not negative, got \[7, -2\]"),
        ([0.5, 0.4], r"fractions sum to 1, \[0.5, 0.4\] to 0.9"),
        ([2.0, 3.0], "fractions sum to 1"),
        ([1.5, -0.5], "not negative"),
        ([float("nan"), 1.0], "not negative"),
        ([], r"lengths \[\] sum to 0, the data set has 5 items"),
    ],
)
def test_lengths_that_do_not_sum_up_are_refused(lengths, message):
    with pytest.raises(ValueError, match=message):
        data.random_split(data.NDArrayDataset(np.arange(5)), lengths)


@pytest.mark.parametrize("rng", [0, np.random.RandomState(0), np.random])
def test_split_takes_no_other_generator(rng):
    with pytest.raises(TypeError, match=r"numpy\.random\.Generator"):
        data.random_split(data.NDArrayDataset(np.arange(5)), [5], rng)
