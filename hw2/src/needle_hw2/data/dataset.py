"""`Dataset`: items by number, and batches of them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np

Arrays: TypeAlias = tuple[np.ndarray[Any, Any], ...]
Indices: TypeAlias = "np.ndarray[Any, Any] | list[int]"


class Dataset:
    """The base class of data sets.

    A subclass defines `__len__` and `__getitem__`, which returns a tuple of fields: arrays,
    tensors or numbers. It calls `apply_transforms` where it wants its transforms. A loader with
    workers reads items in several threads.

    Parameters
    ----------
    transforms
        Functions of an array, for `apply_transforms`.
    """

    transforms: list[Callable[[Any], Any]] | None = None

    def __init__(self, transforms: Iterable[Callable[[Any], Any]] | None = None) -> None:
        self.transforms = None if transforms is None else list(transforms)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # A class that changes its items must not inherit a `batch` that knows nothing of that.
        what_items_are = ("__getitem__", "apply_transforms")
        latest = next(
            base for base in cls.__mro__ if {"batch", *what_items_are} & vars(base).keys()
        )
        if "batch" not in vars(latest):
            cls.batch = Dataset.batch  # type: ignore[method-assign]

    def __getitem__(self, index: Any) -> Any:
        """Return the fields of an item."""
        raise NotImplementedError(f"{type(self).__name__}.__getitem__")

    def __len__(self) -> int:
        """Return the number of items."""
        raise NotImplementedError(f"{type(self).__name__}.__len__")

    def apply_transforms(self, x: Any) -> Any:
        """Return `x` after all transforms, the first of the list first."""
        for transform in self.transforms or ():
            x = transform(x)
        return x

    def batch(self, indices: Indices) -> Arrays:
        """Return the items at `indices` as one new array per field, with the items along axis 0.

        Here this stacks `self[i]`; a subclass may do better. One that defines other items than
        its base, but no `batch`, stacks again.
        """
        return stack_items(self, indices)


def gather(dataset: Any, indices: Indices) -> Arrays:
    """Return a batch of any object with `__getitem__`, by its `batch` if it is a `Dataset`."""
    if isinstance(dataset, Dataset):
        return dataset.batch(indices)
    return stack_items(dataset, indices)


def stack_items(dataset: Any, indices: Indices) -> Arrays:
    """Return the items at `indices`, read one by one, as one new array per field.

    A tuple or list is one field for each member, anything else is one field. Raises `ValueError`
    if two items have different fields, or if there are no indices.
    """
    if len(indices) == 0:
        raise ValueError("a stack of items needs at least one of them, got no indices")
    items = [_fields(dataset[operator.index(index)]) for index in indices]
    shapes = [field.shape for field in items[0]]
    for index, item in zip(indices, items, strict=True):
        found = [field.shape for field in item]
        if found != shapes:
            raise ValueError(
                f"items of a batch have equal shapes: the fields of item {index} have "
                f"{_listed(found)}, those of item {indices[0]} {_listed(shapes)}"
            )
    return tuple(np.stack(values) for values in zip(*items, strict=True))


def count_items(dataset: Any) -> int:
    """Return the length of a data set.

    Raises `TypeError` if it has none, `ValueError` if it is empty.
    """
    try:
        count = len(dataset)
    except (TypeError, NotImplementedError) as error:
        raise TypeError(
            f"a loader needs to know how many items there are: {type(dataset).__name__} has no "
            "len()"
        ) from error
    if count == 0:
        raise ValueError(f"the data set, a {type(dataset).__name__}, is empty")
    return count


def _fields(item: Any) -> list[np.ndarray[Any, Any]]:
    values = item if isinstance(item, tuple | list) else (item,)
    return [np.asarray(value) for value in values]


def _listed(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes))
