"""The distinct elements of an array. Each nan is distinct from the others."""

from __future__ import annotations

from typing import NamedTuple

from needle_hw3.functions.creation import zeros
from needle_hw3.functions.manipulation import concat
from needle_hw3.functions.searching import nonzero
from needle_hw3.functions.sorting import argsort
from needle_hw3.functions.statistical import cumulative_sum
from needle_hw3.ndarray import NDArray
from needle_hw3.operands import binary, check_same_device


class UniqueAll(NamedTuple):
    """Distinct elements, where each occurs first, which one each element is, and how often."""

    values: NDArray
    indices: NDArray
    inverse_indices: NDArray
    counts: NDArray


class UniqueCounts(NamedTuple):
    """Distinct elements, and how often each occurs."""

    values: NDArray
    counts: NDArray


class UniqueInverse(NamedTuple):
    """Distinct elements, and which of them each element of the array is."""

    values: NDArray
    inverse_indices: NDArray


def unique_all(x: NDArray, /) -> UniqueAll:
    """Return the distinct elements of x in order, and how to find them in x and x in them."""
    check_same_device(x)
    flat = x.reshape(-1)
    order = argsort(flat)
    sorted_ = flat[order]
    # An element that differs from the one before it begins a run of equal ones.
    begins = zeros((flat.size,), dtype="bool", device=x.device)
    if flat.size:
        begins[0] = True
        begins[1:] = binary("not_equal", sorted_[1:], sorted_[:-1])
    (starts,) = nonzero(begins)
    end = zeros((1,), dtype="int64", device=x.device) + flat.size
    counts = concat([starts[1:], end])[: starts.size] - starts
    inverse = zeros((flat.size,), dtype="int64", device=x.device)
    inverse[order] = cumulative_sum(begins) - 1
    return UniqueAll(sorted_[starts], order[starts], inverse.reshape(x.shape), counts)


def unique_counts(x: NDArray, /) -> UniqueCounts:
    """Return the distinct elements of x in order, and how often each occurs."""
    every = unique_all(x)
    return UniqueCounts(every.values, every.counts)


def unique_inverse(x: NDArray, /) -> UniqueInverse:
    """Return the distinct elements of x in order, and which of them each element of x is."""
    every = unique_all(x)
    return UniqueInverse(every.values, every.inverse_indices)


def unique_values(x: NDArray, /) -> NDArray:
    """Return the distinct elements of x in order."""
    return unique_all(x).values
