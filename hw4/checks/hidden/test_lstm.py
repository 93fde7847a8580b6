"""Question `lstm`, hidden: no bias, no state, short sequences, gradients of cells and layers."""

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


def draw_weights(rng, inputs, hidden):
    shapes = [(inputs, 4 * hidden), (hidden, 4 * hidden), (4 * hidden,), (4 * hidden,)]
    return [rng.uniform(-1.5, 1.5, shape) for shape in shapes]


def fill(stage, tensors, values):
    for tensor, value in zip(tensors, values, strict=True):
        tensor.data = stage.Tensor(value)


def flat(x, h, c, cells):
    output, last = layers(x, h, c, cells)
    return [output, *last]


def cell_step(x, h, c, weights):
    output, c = states(x[None], h, c, *weights[:2], weights[2] + weights[3])
    return output[0], c


def total(arrays, weights):
    return sum(np.sum(a * w) for a, w in zip(arrays, weights, strict=True))


@pytest.mark.points(1, part="lstm", hidden=True)
@pytest.mark.parametrize("bias", [True, False], ids=["without a state", "without bias"])
def test_cell_without(stage, judge, rng, bias):
    x, (h, c), weights = rng.random((3, 2)), rng.random((2, 3, 4)), draw_weights(rng, 2, 4)
    cell = stage.nn.LSTMCell(2, 4, bias, dtype="float64")
    fill(stage, cell.parameters(), weights if bias else weights[:2])
    got = cell(stage.Tensor(x), None if bias else (stage.Tensor(h), stage.Tensor(c)))
    if bias:
        h, c = np.zeros((2, 3, 4))
    else:
        weights[2:] = np.zeros((2, 16))
    judge.close("h' and c'", got, want=lambda: cell_step(x, h, c, weights))


@pytest.mark.points(1, part="lstm", hidden=True)
def test_cell_gradient(stage, judge, rng):
    x, (h, c), weights = rng.random((2, 3)), rng.standard_normal((2, 2, 2)), draw_weights(rng, 3, 2)
    g = rng.standard_normal((2, 2, 2))
    cell = stage.nn.LSTMCell(3, 2, dtype="float64")
    fill(stage, cell.parameters(), weights)
    before = stage.Tensor(h), stage.Tensor(c)
    after = cell(stage.Tensor(x), before)
    sum((a * stage.Tensor(w)).sum() for a, w in zip(after, g, strict=True)).backward()
    judge.close(
        "gradients",
        [tensor.grad for tensor in (*before, *cell.parameters())],
        want=lambda: slopes(lambda h, c, *w: total(cell_step(x, h, c, w), g), [h, c, *weights]),
        rtol=1e-6,
        atol=1e-8,
    )


@pytest.mark.points(1, part="lstm", hidden=True)
@pytest.mark.parametrize("steps", [1, 4], ids=["one step", "without a state"])
def test_layers_without_bias(stage, judge, rng, steps):
    x, (h, c) = rng.standard_normal((steps, 3, 2)), rng.standard_normal((2, 2, 3, 5))
    cells = [[*draw_weights(rng, inputs, 5)[:2], 0, 0] for inputs in (2, 5)]
    lstm = stage.nn.LSTM(2, 5, 2, False, dtype="float64")
    fill(stage, lstm.parameters(), [value for cell in cells for value in cell[:2]])
    start = (stage.Tensor(h), stage.Tensor(c)) if steps == 1 else None
    if start is None:
        h, c = np.zeros((2, 2, 3, 5))
    output, last = lstm(stage.Tensor(x), start)
    judge.close("output, h_n and c_n", [output, *last], want=lambda: flat(x, h, c, cells))


@pytest.mark.points(0.5, part="lstm", hidden=True)
def test_layers_gradient(stage, judge, rng):
    x, (h, c) = rng.standard_normal((3, 2, 2)), rng.standard_normal((2, 2, 2, 2))
    cells = [draw_weights(rng, 2, 2) for _ in range(2)]
    g = [rng.standard_normal(shape) for shape in ((3, 2, 2), (2, 2, 2), (2, 2, 2))]
    lstm = stage.nn.LSTM(2, 2, 2, dtype="float64")
    fill(stage, lstm.parameters(), [value for cell in cells for value in cell])
    start = stage.Tensor(h), stage.Tensor(c)
    output, last = lstm(stage.Tensor(x), start)
    sum((a * stage.Tensor(w)).sum() for a, w in zip([output, *last], g, strict=True)).backward()
    judge.close(
        "gradients",
        [tensor.grad for tensor in (*start, *lstm.parameters())],
        want=lambda: slopes(
            lambda h, c, *w: total(flat(x, h, c, [w[:4], w[4:]]), g), [h, c, *cells[0], *cells[1]]
        ),
        rtol=1e-6,
        atol=1e-8,
    )
