"""The cell of a long short-term memory (Hochreiter and Schmidhuber, 1997), and its gradient."""

from __future__ import annotations

import numpy as np

from needle_hw3.kernels_numpy.floating import check_axes, check_floating, check_shape
from needle_hw3.kernels_numpy.view import View, wrap


def lstm_cell(gates: View, c: View) -> tuple[View, View, View]:
    """Return the output h, the new state and the gates after their nonlinearity.

    `gates`, before it, have the shape (m, 4h), in the order i, f, g, o; the state c has (m, h).
    i, f and o become their sigmoids, g its tanh; c_new = f c + i g and h = o tanh(c_new).
    """
    check_floating("lstm_cell", c, gates)
    check_axes("lstm_cell", c, 2)
    check_shape("lstm_cell", "gates", gates, (c.shape[0], 4 * c.shape[1]))
    with np.errstate(all="ignore"):
        i, f, g, o = np.split(gates.array, 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        g = np.tanh(g)
        c_new = f * c.array + i * g
        h = o * np.tanh(c_new)
    return wrap(h), wrap(c_new), wrap(np.concatenate([i, f, g, o], axis=1))


def lstm_cell_gradient(
    grad_h: View, grad_c: View, activations: View, c: View, c_new: View
) -> tuple[View, View]:
    """Return the gradients of the gates before their nonlinearity and of c.

    `grad_h` and `grad_c` are those of the results h and c_new.
    """
    name = "lstm_cell_gradient"
    check_floating(name, c, grad_h, grad_c, activations, c_new)
    check_axes(name, c, 2)
    check_shape(name, "a gradient of h", grad_h, c.shape)
    check_shape(name, "a gradient of c_new", grad_c, c.shape)
    check_shape(name, "a new state", c_new, c.shape)
    check_shape(name, "activations", activations, (c.shape[0], 4 * c.shape[1]))
    with np.errstate(all="ignore"):
        i, f, g, o = np.split(activations.array, 4, axis=1)
        state = np.tanh(c_new.array)
        dc = grad_c.array + grad_h.array * o * (1 - state * state)
        grad_gates = [
            dc * g * i * (1 - i),
            dc * c.array * f * (1 - f),
            dc * i * (1 - g * g),
            grad_h.array * state * o * (1 - o),
        ]
    return wrap(np.concatenate(grad_gates, axis=1)), wrap(dc * f)
