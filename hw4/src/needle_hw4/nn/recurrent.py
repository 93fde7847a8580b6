r"""Recurrent layers: cells, which make one step, and layers of them over whole sequences.

All weights and biases are drawn from U(-b, b) with b = 1/sqrt(hidden_size), in the order W_ih,
W_hh, bias_ih, bias_hh. Sequences have shape (T, B, features): T steps of B sequences.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from needle_hw1 import Device, Tensor
from needle_hw1.array_api import DType
from needle_hw2 import init
from needle_hw2.nn import Module, Parameter
from needle_hw4 import ops
from needle_hw4.ops.recurrent import NONLINEARITIES, lstm_step


class Cell(Module):
    """What the cells share: their weights."""

    gates: ClassVar[int] = 1

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, device: Device | None, dtype: DType
    ) -> None:
        super().__init__()
        if input_size < 1 or hidden_size < 1:
            raise ValueError(f"sizes are at least 1, got {input_size} and {hidden_size}")
        self.input_size = input_size
        self.hidden_size = hidden_size
        bound = 1 / math.sqrt(hidden_size)
        width = self.gates * hidden_size

        def draw(*shape: int) -> Parameter:
            return Parameter(init.rand(*shape, low=-bound, high=bound, device=device, dtype=dtype))

        self.W_ih = draw(input_size, width)
        self.W_hh = draw(hidden_size, width)
        self.bias_ih = draw(width) if bias else None
        self.bias_hh = draw(width) if bias else None

    def total_bias(self) -> Tensor:
        """Return the sum of the biases that are there, of shape (gates * hidden_size,)."""
        there = [bias for bias in (self.bias_ih, self.bias_hh) if bias is not None]
        if there:
            return there[0] + there[1] if len(there) == 2 else there[0]
        weight = self.W_hh
        return init.zeros(weight.shape[1], device=weight.device, dtype=weight.dtype)

    def initial_state(self, batch: int) -> Tensor:
        """Return zeros of shape (batch, hidden_size)."""
        weight = self.W_hh
        return init.zeros(batch, self.hidden_size, device=weight.device, dtype=weight.dtype)

    def check_input(self, x: Tensor, ndim: int) -> None:
        """Raise `ValueError` unless x has `ndim` axes, the last one of `input_size`."""
        if x.ndim != ndim or x.shape[-1] != self.input_size:
            shape = "(B, {})" if ndim == 2 else "(T, B, {})"
            raise ValueError(
                f"{type(self).__name__}({self.extra_repr()}) takes inputs of shape "
                f"{shape.format(self.input_size)}, got {x.shape}"
            )

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.input_size}, {self.hidden_size}"


class RNNCell(Cell):
    r"""One step of an RNN.

    .. math:: h' = f(x W_{ih} + b_{ih} + h W_{hh} + b_{hh})

    f is `nonlinearity`, "tanh" or "relu".
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Device | None = None,
        dtype: DType = "float32",
    ) -> None:
        if nonlinearity not in NONLINEARITIES:
            raise ValueError(f"nonlinearity is 'tanh' or 'relu', got {nonlinearity!r}")
        super().__init__(input_size, hidden_size, bias, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, X: Tensor, h: Tensor | None = None) -> Tensor:
        """Return h', (B, hidden_size), of X, (B, input_size), and h: zeros if None."""
        self.check_input(X, 2)
        h = self.initial_state(X.shape[0]) if h is None else h
        total = X @ self.W_ih + h @ self.W_hh + self.total_bias()
        return NONLINEARITIES[self.nonlinearity](total)


class LSTMCell(Cell):
    r"""One step of an LSTM; the gates i, f, g, o stand side by side in the weights.

    .. math::
        (i, f, g, o) &= x W_{ih} + b_{ih} + h W_{hh} + b_{hh} \\
        c' &= \sigma(f) \, c + \sigma(i) \tanh(g) \\
        h' &= \sigma(o) \tanh(c')
    """

    gates = 4

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Device | None = None,
        dtype: DType = "float32",
    ) -> None:
        super().__init__(input_size, hidden_size, bias, device, dtype)

    def forward(
        self,
        X: Tensor,
        h: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return (h', c'), each (B, hidden_size), of X, (B, input_size), and h = (h, c).

        Both are zeros if h is None.
        """
        self.check_input(X, 2)
        before, cell = (self.initial_state(X.shape[0]) for _ in range(2)) if h is None else h
        gates = X @ self.W_ih + before @ self.W_hh + self.total_bias()
        return lstm_step(gates, cell)


class RecurrentLayers(Module):
    """Cells one above the other: the states of each are the inputs of the next."""

    cells: list[Any]

    def _states(self, h: Tensor | None, batch: int, name: str) -> list[Tensor]:
        """Return the initial state of each layer, from one tensor (layers, B, hidden_size)."""
        if h is None:
            return [cell.initial_state(batch) for cell in self.cells]
        wanted = (len(self.cells), batch, self.cells[0].hidden_size)
        if h.shape != wanted:
            raise ValueError(f"{name} has shape {wanted}, got {h.shape}")
        return [h[layer] for layer in range(len(self.cells))]

    def _check(self, x: Tensor) -> None:
        self.cells[0].check_input(x, 3)
        if x.shape[0] == 0:
            raise ValueError(f"a sequence has at least one step, got shape {x.shape}")


class RNN(RecurrentLayers):
    """An RNN of `num_layers` layers, `rnn_cells`; see `RNNCell`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Device | None = None,
        dtype: DType = "float32",
    ) -> None:
        super().__init__()
        sizes = layer_sizes(input_size, hidden_size, num_layers)
        self.rnn_cells = [
            RNNCell(size, hidden_size, bias, nonlinearity, device, dtype) for size in sizes
        ]

    @property
    def cells(self) -> list[RNNCell]:  # type: ignore[override]
        """The cell of each layer."""
        return self.rnn_cells

    def forward(
        self,
        X: Tensor,
        h0: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the last layer's states, (T, B, hidden_size), and all layers' last ones.

        X has shape (T, B, input_size); h0 and the last states (num_layers, B, hidden_size). h0 is
        zeros if None.
        """
        self._check(X)
        last = []
        for cell, h in zip(self.cells, self._states(h0, X.shape[1], "h0"), strict=True):
            layer = ops.RNNSequence(cell.nonlinearity)
            (X,) = layer(X, h, cell.W_ih, cell.W_hh, cell.total_bias())
            last.append(X[-1])
        return X, ops.stack(last, 0)


class LSTM(RecurrentLayers):
    """An LSTM of `num_layers` layers, `lstm_cells`; see `LSTMCell`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        device: Device | None = None,
        dtype: DType = "float32",
    ) -> None:
        super().__init__()
        sizes = layer_sizes(input_size, hidden_size, num_layers)
        self.lstm_cells = [LSTMCell(size, hidden_size, bias, device, dtype) for size in sizes]

    @property
    def cells(self) -> list[LSTMCell]:  # type: ignore[override]
        """The cell of each layer."""
        return self.lstm_cells

    def forward(
        self,
        X: Tensor,
        h: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the last layer's states, (T, B, hidden_size), and all layers' last (h, c).

        X has shape (T, B, input_size); each of h = (h0, c0) and of the last states has shape
        (num_layers, B, hidden_size). h0 and c0 are zeros if h is None.
        """
        self._check(X)
        h0, c0 = (None, None) if h is None else h
        states = self._states(h0, X.shape[1], "h0"), self._states(c0, X.shape[1], "c0")
        last, cells = [], []
        for cell, before, memory in zip(self.cells, *states, strict=True):
            layer = ops.LSTMSequence()
            X, c = layer(X, before, memory, cell.W_ih, cell.W_hh, cell.total_bias())
            last.append(X[-1])
            cells.append(c)
        return X, (ops.stack(last, 0), ops.stack(cells, 0))


def layer_sizes(input_size: int, hidden_size: int, num_layers: int) -> list[int]:
    """Return how many inputs each of some layers has."""
    if num_layers < 1:
        raise ValueError(f"num_layers is at least 1, got {num_layers}")
    return [input_size, *[hidden_size] * (num_layers - 1)]
