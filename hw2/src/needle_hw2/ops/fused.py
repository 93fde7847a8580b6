"""Ops that do the work of many, for speed."""

from __future__ import annotations

from typing import Any

from needle_hw1.array_api import Array
from needle_hw1.autograd import Op, Value, is_recording
from needle_hw1.tensor_op import TensorOp, constant
from needle_hw2.ops.tuples import TensorTupleOp


class Fused(Op):
    """An op that has its gradient twice.

    `gradient` is made of ops, as everywhere, so it can be differentiated again. `array_gradient`
    computes the same on arrays, in one go; it is used when no graph of the gradients is recorded,
    as in `backward(create_graph=False)`.
    """

    def run(self, arrays: list[Any]) -> Any:
        """Return what the result holds, and remember of what it was computed."""
        self._arrays = arrays
        return super().run(arrays)

    def array_gradient(self, out_grad: Any, node: Any) -> tuple[Array | None, ...]:
        """Return the arrays of `gradient`; it may use what `compute` on the inputs left here.

        `out_grad` is an array, or a tuple of them if the result is one.
        """
        raise NotImplementedError(f"{type(self).__name__}.array_gradient")

    def gradient_as_tuple(self, out_grad: Any, node: Any) -> tuple[Value | None, ...]:
        """Return the gradient for each input, by the faster way that will do."""
        if is_recording():
            return super().gradient_as_tuple(out_grad, node)
        inputs = [x.realize_cached_data() for x in node.inputs]
        if any(mine is not its for mine, its in zip(self._arrays, inputs, strict=True)):
            self.run(inputs)  # the op was used again in the meantime
        grads = self.array_gradient(out_grad.realize_cached_data(), node)
        return tuple(None if grad is None else constant(grad) for grad in grads)


class FusedOp(Fused, TensorOp):
    """A fused op with one result."""


class FusedTupleOp(Fused, TensorTupleOp):
    """A fused op with several results."""
