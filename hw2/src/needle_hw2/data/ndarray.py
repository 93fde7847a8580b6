"""A data set of arrays in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from needle_hw2.data.dataset import Arrays, Dataset, Indices


class NDArrayDataset(Dataset):
    """The items `(a[i], b[i], ...)` of some arrays of one length.

    The arrays (`arrays`) are NumPy's, which are not copied, or tensors, whose values are. Items and
    batches are copies. Raises `ValueError` if there are no arrays or their lengths differ.
    """

    def __init__(self, *arrays: Any) -> None:
        super().__init__()
        if not arrays:
            raise ValueError("a data set of arrays needs at least one array")
        self.arrays = tuple(np.asarray(array) for array in arrays)
        for position, array in enumerate(self.arrays):
            if array.ndim == 0:
                raise ValueError(f"array {position} is 0-d, so it has no items")
            if len(array) != len(self.arrays[0]):
                raise ValueError(
                    f"all arrays have one length: array 0 has {len(self.arrays[0])} items, "
                    f"array {position} has {len(array)}"
                )

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        """Return item `index`; for a slice, the items as `batch` does."""
        return tuple(array[index].copy() for array in self.arrays)

    def __len__(self) -> int:
        """Return the length of the arrays."""
        return len(self.arrays[0])

    def batch(self, indices: Indices) -> Arrays:
        """Return the rows `indices` of each array, as new arrays."""
        return tuple(array[indices] for array in self.arrays)
