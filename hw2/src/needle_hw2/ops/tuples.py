"""Tuples of tensors as one value of the graph, for ops with several results."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from needle_hw1.array_api import Array, array_namespace, to_numpy
from needle_hw1.autograd import Op, Value
from needle_hw1.quiet import quiet
from needle_hw1.tensor_op import T, Tensor, TensorOp, check_one_device, constant

Members: TypeAlias = tuple[Tensor, ...]


class TensorTupleOp(Op):
    """An op that makes a `TensorTuple`; `compute` returns a tuple of arrays."""

    def run(self, arrays: list[Array]) -> tuple[Array, ...]:
        """Return the arrays of the result."""
        check_one_device(arrays)
        with quiet():
            results = self.compute(*arrays)
        return tuple(array_namespace(arrays[0]).asarray(result) for result in results)


class TensorTuple(Value, made_by=TensorTupleOp):
    """Several tensors as one value: it has a length, and its members by index."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self.realize_cached_data())

    def __getitem__(self, index: int) -> Tensor:
        return tuple_get_item(self, operator.index(index))

    def __iter__(self) -> Iterator[Tensor]:
        return (self[index] for index in range(len(self)))

    @property
    def num_outputs(self) -> int:
        """The number of members."""
        return len(self)

    def numpy(self) -> tuple[np.ndarray[Any, Any], ...]:
        """Return copies of the members' values as NumPy arrays."""
        return tuple(to_numpy(array) for array in self.realize_cached_data())

    def detach(self) -> TensorTuple:
        """Return a constant that shares the arrays and has no graph."""
        return TensorTuple.make_const(self.realize_cached_data())

    def __add__(self, other: TensorTuple) -> TensorTuple:
        """Return the sums of the members at the same places, as gradients are added."""
        if not isinstance(other, TensorTuple):
            return NotImplemented
        if len(self) != len(other):
            raise ValueError(f"tuples of {len(self)} and {len(other)} tensors cannot be added")
        return make_tuple(*(a + b for a, b in zip(self, other, strict=True)))

    def tuple(self) -> Members:
        """Return the members as a tuple of Python."""
        return (*self,)

    def __repr__(self) -> str:
        return f"TensorTuple({', '.join(map(repr, self))})"

    def _check_gradient(self, grad: Any, op: Op, position: int) -> None:
        found = len(grad) if isinstance(grad, TensorTuple) else type(grad).__name__
        if found != len(self):
            raise ValueError(
                f"{type(op).__name__}.gradient returned {found} "
                f"for input {position}, a tuple of {len(self)} tensors"
            )


class MakeTensorTuple(TensorTupleOp):
    """The inputs as one value."""

    def compute(self, *arrays: Array) -> tuple[Array, ...]:
        return arrays

    def gradient(self, out_grad: TensorTuple, node: TensorTuple) -> tuple[Tensor, ...]:
        return out_grad.tuple()


class TupleGetItem(TensorOp):
    """The member at `index`."""

    def __init__(self, index: int) -> None:
        self.index = index
        self._has_made = False  # a deferred member is made by a second call, which must not fold

    def __call__(self, a: TensorTuple, fold_const: bool = True) -> Tensor:  # type: ignore[override]
        """Return the member of `a`; of a tuple just made, with `fold_const`, the tensor itself."""
        if not isinstance(a, TensorTuple):
            raise TypeError(f"tuple_get_item takes a TensorTuple, not {type(a).__name__}")
        can_fold = a.requires_grad and isinstance(a.op, MakeTensorTuple) and not self._has_made
        if fold_const and can_fold:
            return _member(a.inputs, self.index)
        self._has_made = True
        return super().__call__(a)

    def run(self, arrays: list[Any]) -> Array:
        return _member(arrays[0], self.index)

    def gradient(self, out_grad: Tensor, node: Tensor) -> TensorTuple:
        arrays = node.inputs[0].realize_cached_data()
        members = [constant(array_namespace(array).zeros_like(array)) for array in arrays]
        members[self.index] = out_grad
        return make_tuple(*members)


class FusedAddScalars(TensorTupleOp):
    """The pair (x + c0, x + c1)."""

    def __init__(self, c0: float, c1: float) -> None:
        self.c0 = c0
        self.c1 = c1

    def compute(self, x: Array) -> tuple[Array, Array]:
        return x + self.c0, x + self.c1

    def gradient(self, out_grad: TensorTuple, node: TensorTuple) -> Tensor:
        return out_grad[0] + out_grad[1]


def make_tuple(*tensors: Tensor) -> TensorTuple:
    """Return `tensors`, at least one, as one value."""
    if not tensors:
        raise ValueError("make_tuple takes at least one tensor")
    for position, tensor in enumerate(tensors):
        if isinstance(tensor, TensorTuple):
            raise TypeError(f"the members of a tuple are tensors, member {position} is a tuple")
    made: TensorTuple = MakeTensorTuple()(*tensors)
    return made


def tuple_get_item(value: TensorTuple, index: int) -> Tensor:
    """Return the tensor at `index`. Raises `IndexError` if there is none."""
    return TupleGetItem(index)(value)


def fused_add_scalars(x: T, c0: float, c1: float) -> TensorTuple:
    """Return the pair (x + c0, x + c1) as one value."""
    made: TensorTuple = FusedAddScalars(c0, c1)(x)
    return made


def _member(members: tuple[Any, ...], index: int) -> Any:
    if not -len(members) <= index < len(members):
        raise IndexError(f"index {index} is out of range for a tuple of {len(members)} tensors")
    return members[index]
