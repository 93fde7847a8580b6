"""`DataLoader`: passes over a data set, in batches of tensors."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from needle_hw1 import CPUDevice, Device, Tensor, default_device
from needle_hw2.data.checks import whole_number
from needle_hw2.data.dataset import Arrays, count_items, gather
from needle_hw2.data.prefetch import prefetched
from needle_hw2.data.randomness import checked_generator, drawing_from, permutation

Batches: TypeAlias = Generator[tuple[Tensor, ...], None, None]


class DataLoader:
    """Goes over a data set in batches: `for X, y in loader`.

    Each loop over it is a pass of its own, so several may be under way at once. A batch is a
    tuple of tensors, one per field, with the items along axis 0 and the dtypes of the data set;
    they require no gradient and share no memory with the data set.

    Parameters
    ----------
    dataset
        A `Dataset`, or anything else with `__len__` and `__getitem__`.
    batch_size
        The number of items in a batch. The last batch is smaller if they do not divide.
    shuffle
        Whether to visit the items in a new random order in each pass. Without `rng` it is one
        `numpy.random.permutation` of the global generator, drawn when the pass begins.
    drop_last
        Whether to leave out a last batch that is smaller, even if it is the only one.
    num_workers
        Threads that read the next batches in the background; 0 reads where the batch is asked for.
        They pay if items take long to read; rows of arrays in memory do not.
    rng
        The generator of orders, and of the random transforms that have none of their own. A pass
        draws its order, if it shuffles, and one seed for the transforms when it begins: from the
        same state of `rng`, passes are the same whatever the number of workers. Without `rng`,
        workers make it depend on time which image gets which draw of the global generator.
    device
        Where the tensors are; the default device of whoever asks for a batch if None.

    Attributes
    ----------
    ordering
        The indices of each batch in the pass that began last; before the first, in the data set's
        order.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        num_workers: int = 0,
        rng: np.random.Generator | None = None,
        device: Device | None = None,
    ) -> None:
        if device is not None and not isinstance(device, Device):
            raise TypeError(f"device is a device or None, got {device!r}")
        self.dataset = dataset
        self.batch_size = whole_number("batch_size", batch_size, at_least=1)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.num_workers = whole_number("num_workers", num_workers, at_least=0)
        self.rng = checked_generator(rng)
        self.device = device
        self.ordering = self._in_batches(np.arange(count_items(dataset)))

    def __len__(self) -> int:
        """Return the number of batches in a pass."""
        full, rest = divmod(count_items(self.dataset), self.batch_size)
        return full if self.drop_last or not rest else full + 1

    def __iter__(self) -> Batches:
        """Begin a pass, and return its batches."""
        return self.batches()

    def batches(self, start: int = 0) -> Batches:
        """Begin a pass, and return its batches from number `start` on, without reading the others.

        To go on with a pass that was left after b batches: put `rng` back into the state that it
        had when that pass began, and ask for `batches(b)`.
        """
        count = len(self)
        if whole_number("start", start, at_least=0) > count:
            raise ValueError(f"start is at most {count}, the number of batches, got {start}")
        items = count_items(self.dataset)
        order = permutation(items, self.rng) if self.shuffle else np.arange(items)
        seed = None if self.rng is None else int(self.rng.integers(2**63))
        self.ordering = self._in_batches(order)
        reads = [
            partial(_read, self.dataset, indices, None if seed is None else (seed, number))
            for number, indices in enumerate(self.ordering)
        ]
        return self._tensors(reads[start:])

    def _in_batches(self, order: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
        size = self.batch_size
        return [order[number * size : (number + 1) * size] for number in range(len(self))]

    def _tensors(self, reads: Sequence[Callable[[], Arrays]]) -> Batches:
        if self.num_workers:
            batches = prefetched(reads, self.num_workers)
        else:
            batches = (read() for read in reads)
        for arrays in batches:
            device = self.device or default_device()
            yield tuple(_constant(array, device) for array in arrays)


def _read(dataset: Any, indices: np.ndarray[Any, Any], entropy: tuple[int, int] | None) -> Arrays:
    """Return a batch, whose transforms draw from a generator made of `entropy`."""
    with drawing_from(None if entropy is None else np.random.default_rng(entropy)):
        return gather(dataset, indices)


def _constant(array: np.ndarray[Any, Any], device: Device) -> Tensor:
    """Return an array as a tensor on `device`, without a copy if it is fresh memory there."""
    is_number = array.dtype.kind in "biuf" and array.dtype.isnative
    # A view might be of what the data set holds.
    if isinstance(device, CPUDevice) and is_number and array.flags.owndata:
        return Tensor.make_const(array)
    return Tensor.make_const(device.array(array))
