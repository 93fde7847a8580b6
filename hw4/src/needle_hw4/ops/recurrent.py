"""Recurrent layers over a whole sequence, each as one op.

Step by step on tensors, a sequence of 40 makes a graph of some 300 nodes per layer. Here a layer is
one node: the products with all inputs are one product, and so are those of all gradients.
"""

from __future__ import annotations

from typing import ClassVar

from needle_hw1.array_api import Array, array_namespace
from needle_hw1.autograd import vector_jacobian_product
from needle_hw1.ops import relu
from needle_hw1.ops.shape import promote_together
from needle_hw1.tensor_op import Tensor
from needle_hw2.ops import TensorTuple, make_tuple, sigmoid, tanh
from needle_hw2.ops.fused import FusedTupleOp
from needle_hw4.ops.kernels import check_floating, kernels_of
from needle_hw4.ops.shape import stack

NONLINEARITIES = {"tanh": tanh, "relu": relu}


class Recurrence(FusedTupleOp):
    """What both layers share: the inputs are x, the state before it, and the weights.

    x has shape (T, B, I), a state (B, H), `W_ih` (I, G), `W_hh` (H, G) and the bias (G,), G being H
    times the number of gates.
    """

    gates: ClassVar[int] = 1

    def align(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return promote_together(inputs)

    def check(self, x: Array, state: tuple[Array, ...], weights: tuple[Array, ...]) -> None:
        """Raise `ValueError` if shapes do not fit, `TypeError` for whole numbers."""
        check_floating(self, x)
        _, W_hh, _ = weights
        fits = x.ndim == 3 and W_hh.ndim == 2
        if fits:
            hidden, width = W_hh.shape[0], W_hh.shape[0] * self.gates
            shapes = [(x.shape[2], width), (hidden, width), (width,)]
            fits = [each.shape for each in weights] == shapes
            fits &= all(each.shape == (x.shape[1], hidden) for each in state)
        if not fits:
            raise ValueError(
                f"{type(self).__name__} takes x (T, B, I), states (B, H) and weights (I, G), "
                f"(H, G), (G,), got {', '.join(str(a.shape) for a in (x, *state, *weights))}"
            )
        if x.shape[0] == 0:
            raise ValueError(f"a sequence has at least one step, got shape {x.shape}")

    def input_products(self, x: Array, W_ih: Array, bias: Array) -> Array:
        """Return x W_ih + b of all steps, of shape (T, B, G)."""
        xp = array_namespace(x)
        steps, batch, features = x.shape
        products = xp.matmul(xp.reshape(x, (steps * batch, features)), W_ih)
        products += bias
        return xp.reshape(products, (steps, batch, W_ih.shape[1]))

    def weight_gradients(
        self, x: Array, before: Array, grads: Array, W_ih: Array, needs_x: bool
    ) -> tuple[Array | None, Array, Array, Array]:
        """Return the gradients of x, W_ih, W_hh and the bias.

        `before` has the states (T, B, H) that the steps began with, and `grads` the gradients
        (T, B, G) of what comes out of the products.
        """
        xp = array_namespace(x)
        count = x.shape[0] * x.shape[1]
        rows = xp.reshape(grads, (count, grads.shape[2]))
        inputs, states = (xp.reshape(a, (count, a.shape[2])) for a in (x, before))
        grad_x = None
        if needs_x:
            grad_x = xp.reshape(xp.matmul(rows, W_ih.mT), x.shape)
        return grad_x, xp.matmul(inputs.mT, rows), xp.matmul(states.mT, rows), xp.sum(rows, axis=0)

    def gradient(self, out_grad: TensorTuple, node: TensorTuple) -> tuple[Tensor | None, ...]:
        """Return the gradients, from the same layer step by step: they can be differentiated."""
        inputs = node.inputs
        return vector_jacobian_product(make_tuple(*self.compose(*inputs)), inputs, out_grad)

    def compose(self, x: Tensor, *others: Tensor) -> list[Tensor]:
        """Return the members of the result, made of elementary ops."""
        raise NotImplementedError(f"{type(self).__name__}.compose")


class RNNSequence(Recurrence):
    r"""The states of an RNN, (T, B, H), from x, h_0, W_ih, W_hh and b.

    .. math:: h_t = f(x_t W_{ih} + h_{t-1} W_{hh} + b)

    with f = tanh or ReLU.
    """

    def __init__(self, nonlinearity: str = "tanh") -> None:
        if nonlinearity not in NONLINEARITIES:
            raise ValueError(f"nonlinearity is 'tanh' or 'relu', got {nonlinearity!r}")
        self.nonlinearity = nonlinearity

    def compute(self, x: Array, h: Array, W_ih: Array, W_hh: Array, bias: Array) -> tuple[Array]:
        self.check(x, (h,), (W_ih, W_hh, bias))
        xp = array_namespace(x)
        products = self.input_products(x, W_ih, bias)
        states = xp.empty((x.shape[0], *h.shape), dtype=h.dtype, device=h.device)
        for step in range(x.shape[0]):
            total = xp.matmul(h, W_hh)
            total += products[step]
            h = xp.tanh(total) if self.nonlinearity == "tanh" else xp.maximum(total, 0)
            states[step] = h
        return (states,)

    def array_gradient(
        self, out_grads: tuple[Array, ...], node: TensorTuple
    ) -> tuple[Array | None, ...]:
        (grad_states,) = out_grads
        x, h, W_ih, W_hh, _ = (value.realize_cached_data() for value in node.inputs)
        (states,) = node.realize_cached_data()
        xp = array_namespace(x)
        kernels = kernels_of(self, x)
        slope = kernels.tanh_gradient if self.nonlinearity == "tanh" else kernels.relu_gradient
        grads = xp.empty(states.shape, dtype=h.dtype, device=h.device)
        grad_h = xp.zeros_like(h)
        for step in reversed(range(x.shape[0])):
            grad = slope(grad_states[step] + grad_h, states[step])
            grads[step] = grad
            grad_h = xp.matmul(grad, W_hh.mT)
        before = xp.concat((h[None], states[:-1]), axis=0)
        grad_x, *weights = self.weight_gradients(
            x, before, grads, W_ih, node.inputs[0].requires_grad
        )
        return grad_x, grad_h, *weights

    def compose(self, x: Tensor, *others: Tensor) -> list[Tensor]:
        h, W_ih, W_hh, bias = others
        f = NONLINEARITIES[self.nonlinearity]
        states = []
        for step in x:
            h = f(step @ W_ih + h @ W_hh + bias)
            states.append(h)
        return [stack(states, 0)]


class LSTMSequence(Recurrence):
    r"""The states of an LSTM, (T, B, H), and its last cell, from x, h_0, c_0, W_ih, W_hh and b.

    .. math::
        (i, f, g, o) &= x_t W_{ih} + h_{t-1} W_{hh} + b \\
        c_t &= \sigma(f) \, c_{t-1} + \sigma(i) \tanh(g) \\
        h_t &= \sigma(o) \tanh(c_t)

    (Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000).
    """

    gates = 4

    def compute(
        self, x: Array, h: Array, c: Array, W_ih: Array, W_hh: Array, bias: Array
    ) -> tuple[Array, Array]:
        self.check(x, (h, c), (W_ih, W_hh, bias))
        xp, kernels = array_namespace(x), kernels_of(self, x)
        products = self.input_products(x, W_ih, bias)
        states = xp.empty((x.shape[0], *h.shape), dtype=h.dtype, device=h.device)
        self._steps = []  # what each step made: its gates and its cell
        for step in range(x.shape[0]):
            total = xp.matmul(h, W_hh)
            total += products[step]
            h, c, gates = kernels.lstm_cell(total, c)
            states[step] = h
            self._steps.append((gates, c))
        return states, c

    def array_gradient(
        self, out_grads: tuple[Array, ...], node: TensorTuple
    ) -> tuple[Array | None, ...]:
        grad_states, grad_c = out_grads
        x, h, c, W_ih, W_hh, bias = (value.realize_cached_data() for value in node.inputs)
        states = node.realize_cached_data()[0]
        xp, kernels = array_namespace(x), kernels_of(self, x)
        grads = xp.empty((*x.shape[:2], *bias.shape), dtype=h.dtype, device=h.device)
        grad_h = xp.zeros_like(h)
        for step in reversed(range(x.shape[0])):
            gates, cell = self._steps[step]
            before = self._steps[step - 1][1] if step else c
            total = grad_states[step] + grad_h
            grad, grad_c = kernels.lstm_cell_gradient(total, grad_c, gates, before, cell)
            grads[step] = grad
            grad_h = xp.matmul(grad, W_hh.mT)
        earlier = xp.concat((h[None], states[:-1]), axis=0)
        grad_x, *weights = self.weight_gradients(
            x, earlier, grads, W_ih, node.inputs[0].requires_grad
        )
        return grad_x, grad_h, grad_c, *weights

    def compose(self, x: Tensor, *others: Tensor) -> list[Tensor]:
        h, c, W_ih, W_hh, bias = others
        states = []
        for step in x:
            h, c = lstm_step(step @ W_ih + h @ W_hh + bias, c)
            states.append(h)
        return [stack(states, 0), c]


def lstm_step(gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """Return the state and the cell after a step, from gates (B, 4 H) and the cell before."""
    hidden = c.shape[-1]
    i, f, g, o = (gates[:, k * hidden : (k + 1) * hidden] for k in range(4))
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c
