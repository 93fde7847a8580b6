"""Question `lstm`: long short-term memory, step by step and over whole sequences."""

import numpy as np
import pytest


def step(gates, c):
    i, f, g, o = np.split(gates, 4, axis=-1)
    c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
    return np.tanh(c) / (1 + np.exp(-o)), c


def states(x, h, c, W_ih, W_hh, bias):
    """Return the states, and the last cell."""
    result = []
    for row in x:
        h, c = step(row @ W_ih + h @ W_hh + bias, c)
        result.append(h)
    return np.stack(result), c


def layers(x, h, c, cells):
    """Return the states of the last layer, and the last states and cells of all."""
    last = []
    for state, cell, (W_ih, W_hh, a, b) in zip(h, c, cells, strict=True):
        x, memory = states(x, state, cell, W_ih, W_hh, a + b)
        last.append((x[-1], memory))
    return x, tuple(np.stack(part) for part in zip(*last, strict=True))


def slopes(f, arrays, step=1e-5):
    """Return the central differences of the number f(*arrays)."""
    result = []
    for array in arrays:
        slope = np.empty_like(array)
        for place in np.ndindex(array.shape):
            value = array[place]
            array[place] = value + step
            above = f(*arrays)
            array[place] = value - step
            slope[place] = (above - f(*arrays)) / (2 * step)
            array[place] = value
        result.append(slope)
    return result


def sequence_loss(g, k, arrays):
    output, c = states(*arrays)
    return np.sum(output * g) + np.sum(c * k)


def draw_weights(rng, inputs, hidden):
    shapes = [(inputs, 4 * hidden), (hidden, 4 * hidden), (4 * hidden,), (4 * hidden,)]
    return [rng.uniform(-1.5, 1.5, shape) for shape in shapes]


def fill(stage, tensors, values):
    for tensor, value in zip(tensors, values, strict=True):
        tensor.data = stage.Tensor(value)


@pytest.mark.points(1, part="lstm")
def test_step(stage, judge, rng):
    gates, c = rng.standard_normal((3, 8)), rng.standard_normal((3, 2))
    got = stage.module("ops.recurrent").lstm_step(stage.Tensor(gates), stage.Tensor(c))
    judge.close("h' and c'", got, want=lambda: step(gates, c))


@pytest.mark.points(1.5, part="lstm")
def test_cell(stage, judge, rng):
    x, (h, c), weights = rng.random((2, 3)), rng.standard_normal((2, 2, 4)), draw_weights(rng, 3, 4)
    cell = stage.nn.LSTMCell(3, 4, dtype="float64")
    fill(stage, cell.parameters(), weights)
    got = cell(stage.Tensor(x), (stage.Tensor(h), stage.Tensor(c)))
    judge.close("h' and c'", got, want=lambda: cell_step(x, h, c, weights))


def cell_step(x, h, c, weights):
    output, c = states(x[None], h, c, *weights[:2], weights[2] + weights[3])
    return output[0], c


@pytest.mark.points(2, part="lstm")
@pytest.mark.parametrize("count", [1, 3], ids=["one layer", "three layers"])
def test_layers(stage, judge, rng, count):
    x, (h, c) = rng.standard_normal((5, 2, 3)), rng.standard_normal((2, count, 2, 4))
    cells = [draw_weights(rng, inputs, 4) for inputs in (3, 4, 4)[:count]]
    lstm = stage.nn.LSTM(3, 4, count, dtype="float64")
    fill(stage, lstm.parameters(), [value for cell in cells for value in cell])
    output, last = lstm(stage.Tensor(x), (stage.Tensor(h), stage.Tensor(c)))
    judge.close("output, h_n and c_n", [output, *last], want=lambda: flat(layers(x, h, c, cells)))


def flat(result):
    output, last = result
    return [output, *last]


@pytest.mark.points(1, part="lstm")
def test_sequence(stage, judge, rng):
    x, (h, c) = rng.random((4, 2, 3)), rng.standard_normal((2, 2, 3))
    W_ih, W_hh, b, _ = draw_weights(rng, 3, 3)
    inputs = [stage.Tensor(array) for array in (x, h, c, W_ih, W_hh, b)]
    got = stage.LSTMSequence()(*inputs)
    judge.close("states and cell", [*got], want=lambda: states(x, h, c, W_ih, W_hh, b))


@pytest.mark.points(2, part="lstm")
@pytest.mark.parametrize("graph", [True, False], ids=["of elementary ops", "on arrays"])
def test_sequence_gradient(stage, judge, rng, graph):
    arrays = [rng.standard_normal((4, 2, 2)), *rng.standard_normal((2, 2, 2))]
    arrays += draw_weights(rng, 2, 2)[:3]
    g, k = rng.standard_normal((4, 2, 2)), rng.standard_normal((2, 2))
    inputs = [stage.Tensor(array) for array in arrays]
    output, c = stage.LSTMSequence()(*inputs)
    total = (output * stage.Tensor(g)).sum() + (c * stage.Tensor(k)).sum()
    total.backward(create_graph=graph)
    judge.close(
        "gradients",
        [x.grad for x in inputs],
        want=lambda: slopes(lambda *a: sequence_loss(g, k, a), arrays),
        rtol=1e-6,
        atol=1e-8,
    )
