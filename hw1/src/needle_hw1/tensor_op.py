"""Ops from arrays to one array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from numpy import ndarray

from needle_hw1.array_api import Array, array_namespace
from needle_hw1.autograd import Op, Value
from needle_hw1.device import device_of
from needle_hw1.quiet import is_quiet, quiet_context

# In signatures of ops, which stand below the class Tensor and cannot import it. A function of
# tensors returns what it is given: `relu(a: T) -> T`.
Tensor: TypeAlias = Any
T = TypeVar("T", bound=Value)


class TensorOp(Op):
    """An op whose inputs and result are tensors.

    `compute` may rely on arrays of one library that live on one device. It follows IEEE 754:
    1/0 is inf and log(-1) is nan, without a warning.
    """

    if TYPE_CHECKING:

        def __call__(self, *inputs: T) -> T:
            """Return the tensor that this op makes of `inputs`."""

    def run(self, arrays: list[Array]) -> Array:
        """Return the array of the result."""
        first = arrays[0]
        kind = type(first)
        if kind is not ndarray or type(arrays[-1]) is not ndarray or len(arrays) > 2:
            check_one_device(arrays)
        if is_quiet.get() or kind is not ndarray:
            result = self.compute(*arrays)
        else:
            result = quiet_context.context.run(self.compute, *arrays)
        if type(result) is not kind:  # NumPy makes a scalar of every 0-d result
            if result is None:
                raise TypeError(f"{type(self).__name__}.compute returned None, not an array")
            result = array_namespace(first).asarray(result)
        return result


def check_one_device(arrays: list[Array]) -> None:
    """Raise `ValueError` unless all arrays are of one library and live on one device."""
    first = arrays[0]
    for other in arrays[1:]:
        if type(other) is type(first) and other.device is first.device:
            continue  # asking only whether they are equal takes longer
        if type(other) is not type(first) or other.device != first.device:
            homes = " and ".join(
                f"{device_of(array)!r} ({type(array).__module__}.{type(array).__name__})"
                for array in (first, other)
            )
            raise ValueError(f"tensors must live on one device, got {homes}")


def constant(array: Array) -> Tensor:
    """Return a tensor that holds `array` itself and requires no gradient."""
    array = array_namespace(array).asarray(array)  # NumPy makes a scalar of every 0-d result
    return TensorOp.result_type.make_const(array)
