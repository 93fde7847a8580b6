"""The cell of a long short-term memory (Hochreiter and Schmidhuber, 1997)."""

from __future__ import annotations

from needle_hw3.ndarray import NDArray
from needle_hw3.operands import check_same_device


def lstm_cell(gates: NDArray, c: NDArray, /) -> tuple[NDArray, NDArray, NDArray]:
    r"""Return the output h, the new state c' and the activations, for m sequences.

    .. math:: i, f, o = \sigma(\cdot), \quad g = \tanh(\cdot), \qquad c' = f c + i g, \qquad
              h = o \tanh c'

    `gates` are those before the nonlinearity, of shape (m, 4h), in the order i, f, g, o; the
    activations are those after it. The state c has the shape (m, h).
    """
    check_same_device(gates, c)
    h, c_new, activations = c._device.kernels.lstm_cell(gates._view, c._view)
    return c._new(h), c._new(c_new), c._new(activations)


def lstm_cell_gradient(
    grad_h: NDArray, grad_c: NDArray, activations: NDArray, c: NDArray, c_new: NDArray, /
) -> tuple[NDArray, NDArray]:
    r"""Return the gradients of `gates` and of c, from those of h and of the new state.

    .. math:: s &= \bar c' + \bar h \, o \, (1 - \tanh^2 c'), \qquad \bar c = s f \\
              \bar{gates} &= \big( s g \, i (1 - i), \; s c \, f (1 - f), \; s i \, (1 - g^2), \;
              \bar h \tanh c' \, o (1 - o) \big)
    """
    check_same_device(grad_h, grad_c, activations, c, c_new)
    views = (each._view for each in (grad_h, grad_c, activations, c, c_new))
    grad_gates, grad_c_before = c._device.kernels.lstm_cell_gradient(*views)
    return c._new(grad_gates), c._new(grad_c_before)
