"""What the training functions accept, checked before anything is written.

NumPy and C++ share these checks, so that the same mistake gives the same message. C++ accepts
less: arrays of one type and one layout, because it reads them as plain memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

Floats: TypeAlias = NDArray[np.floating[Any]]
Labels: TypeAlias = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Accepted:
    """The element types, by name, and the layout of arrays that an implementation takes."""

    floats: tuple[str, ...]
    labels: tuple[str, ...]
    plain: bool  # row-major without gaps, aligned, bytes in the machine's order


_INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
NUMPY = Accepted(floats=("float32", "float64"), labels=_INTEGERS, plain=False)
NATIVE = Accepted(floats=("float32",), labels=("uint8",), plain=True)


def check_update(
    X: Floats,
    y: Labels,
    weights: Mapping[str, Floats],
    lr: float,
    batch: int,
    accepted: Accepted = NUMPY,
) -> None:
    """Raise unless `weights`, by name and in order, can be trained on X and y in place.

    TypeError for a wrong type, IndexError for a label without a class, ValueError for the rest.
    """
    check_examples(X, y, accepted)
    for name, array in weights.items():
        _check_array(name, array, 2, accepted.floats, plain=accepted.plain)
        if not array.flags.writeable:
            raise ValueError(f"{name} is read-only; it is updated in place")
    _check_product({"X": X, **weights})
    for (left, a), (right, b) in combinations({"X": X, "y": y, **weights}.items(), 2):
        if right in weights and np.shares_memory(a, b):
            raise ValueError(f"{right} shares memory with {left}: updating one changes the other")
    *_, last = weights.values()
    check_labels(y, last.shape[1])
    _check_lr(lr, weights)
    check_count("batch", batch)


def check_examples(
    X: Floats, y: Labels, accepted: Accepted = NUMPY, names: tuple[str, str] = ("X", "y")
) -> None:
    """Raise unless X has rows of numbers and y one label for each; `names` is what to call them."""
    rows, labels = names
    _check_array(rows, X, 2, accepted.floats, plain=accepted.plain)
    _check_array(labels, y, 1, accepted.labels, plain=accepted.plain)
    if len(X) != len(y):
        raise ValueError(f"{rows} has {len(X)} rows and {labels} {len(y)} labels: each needs one")


def check_labels(y: Labels, classes: int, name: str = "y") -> None:
    """Raise IndexError unless every label is in 0 .. classes - 1."""
    if y.min() < 0 or y.max() >= classes:
        index = np.flatnonzero((y < 0) | (y >= classes))[0]
        raise IndexError(
            f"{name}[{index}] is {y[index]}; with {classes} classes a label is 0 to {classes - 1}"
        )


def check_count(name: str, value: int) -> None:
    """Raise unless `value` is an integer and at least 1."""
    if not isinstance(value, Integral):
        raise TypeError(f"{name} is {value!r}; it must be an integer")
    if value < 1:
        raise ValueError(f"{name} is {value}; it must be at least 1")


def _check_array(
    name: str, array: object, ndim: int, types: tuple[str, ...], *, plain: bool
) -> None:
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} is a {type(array).__name__}; it must be a numpy.ndarray")
    dtype = array.dtype if plain else array.dtype.newbyteorder("=")
    if dtype not in map(np.dtype, types):
        raise TypeError(f"{name} has dtype {array.dtype}; it must be {' or '.join(types)}")
    if array.ndim != ndim:
        axes = "axis" if ndim == 1 else "axes"
        raise ValueError(f"{name} has shape {array.shape}; it must have {ndim} {axes}")
    if array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {array.shape}")
    if plain and not array.flags.c_contiguous:
        raise ValueError(
            f"{name} is not C-contiguous (row-major without gaps), which C++ needs: "
            f"use {name} = np.ascontiguousarray({name})"
        )
    if plain and not array.flags.aligned:
        raise ValueError(f"{name} is not aligned in memory, which C++ needs: use {name}.copy()")


def _check_product(factors: Mapping[str, Floats]) -> None:
    for (left, a), (right, b) in pairwise(factors.items()):
        if a.shape[1] != b.shape[0]:
            raise ValueError(
                f"shapes {a.shape} of {left} and {b.shape} of {right} do not multiply: "
                f"{a.shape[1]} columns meet {b.shape[0]} rows"
            )


def _check_lr(lr: float, weights: Mapping[str, Floats]) -> None:
    if not isinstance(lr, Real):
        raise TypeError(f"lr is {lr!r}; it must be a number")
    for name, array in weights.items():
        if not abs(lr) <= float(np.finfo(array.dtype).max):  # written so that nan fails too
            raise ValueError(f"lr is {lr}; it must be finite in {array.dtype}, the type of {name}")
