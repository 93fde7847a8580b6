"""A long text as many short ones: batches for truncated backpropagation through time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from needle_hw1 import Device, Tensor
from needle_hw1.array_api import whole_numbers
from needle_hw2.data.checks import whole_number

Words = np.ndarray[Any, Any]


def batchify(
    data: Sequence[int] | Words,
    batch_size: int,
    device: Device | None = None,
    dtype: DTypeLike | None = None,
) -> Words:
    r"""Return a text as columns: a NumPy array of shape (len(data) // batch_size, batch_size).

    Column b is the b-th of `batch_size` parts of equal length, so that words which follow each
    other stand below each other; what is left over at the end is dropped:

    .. math:: \text{result}_{t, b} = \text{data}_{b n + t}, \quad 0 \le t < n

    `data` are numbers of words, from 0 on; `dtype` is that of the result: int32 if None, and in
    the course "float32". `device` has no effect: `get_batch` is told where its tensors are.

    Raises `ValueError` if a number is below 0 or `dtype` cannot hold it exactly, or if a column
    would be empty; `TypeError` for numbers that are not whole.
    """
    del device
    batch_size = whole_number("batch_size", batch_size, at_least=1)
    words = np.asarray(data)
    if words.ndim != 1:
        raise ValueError(f"a text is a list of numbers, got an array of shape {words.shape}")
    length = len(words) // batch_size
    if length == 0:
        raise ValueError(f"{len(words)} words are not enough for batch_size {batch_size}")
    words = whole_numbers(words, "batchify")
    columns = words[: length * batch_size].reshape(batch_size, length).T
    # In row-major order, so that the rows which `get_batch` takes are one piece of memory.
    return np.ascontiguousarray(_exactly(columns, np.dtype(dtype or np.int32)))


def get_batch(
    batches: Words,
    i: int,
    bptt: int,
    device: Device | None = None,
    dtype: DTypeLike | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the words in rows i, i + 1, ... of `batches`, and for each the word that follows it.

    These are two tensors of shapes (L, batch_size) and (L * batch_size,), the second one row after
    row, with L = min(bptt, len(batches) - 1 - i): `bptt` rows, or what is left. They require no
    gradient, share no memory with `batches`, and are on `device`, the default one if None. With
    `dtype` None they have that of `batches`.

    `i` is the number of a row, so the next batch is at i + bptt. Raises `IndexError` unless i has
    a row after it, `ValueError` if `bptt` is below 1, or for a `dtype` if a number is below 0 or
    it cannot hold one exactly.
    """
    batches = np.asarray(batches)
    if batches.ndim != 2:
        raise ValueError(f"batches have shape (rows, batch_size), got {batches.shape}")
    bptt = whole_number("bptt", bptt, at_least=1)
    last = len(batches) - 2
    if not 0 <= i <= last:
        raise IndexError(
            f"row {i} has no row after it: batches of {len(batches)} rows have starts 0 to {last}"
        )
    rows = batches[i : i + bptt + 1]
    if dtype is not None:
        rows = _exactly(rows, np.dtype(dtype))
    count = min(bptt, len(rows) - 1)
    data, target = rows[:count], rows[1 : count + 1].reshape(-1)
    return (
        Tensor(data, device=device, requires_grad=False),
        Tensor(target, device=device, requires_grad=False),
    )


def _exactly(words: Words, dtype: np.dtype[Any]) -> Words:
    """Return numbers in a dtype; `ValueError` if one is negative or changes."""
    with np.errstate(all="ignore"):
        converted = words.astype(dtype, copy=False)
    wrong = (converted != words) | (words < 0)
    if wrong.any():
        raise ValueError(f"{words[wrong][0]} is no number of a word that {dtype} holds exactly")
    return converted
