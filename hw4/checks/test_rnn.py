"""Question `rnn`: recurrent networks, step by step and over whole sequences."""

import numpy as np
import pytest

FUNCTIONS = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0)}
BOTH = pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])


def states(nonlinearity, x, h, W_ih, W_hh, bias):
    result = []
    for step in x:
        h = FUNCTIONS[nonlinearity](step @ W_ih + h @ W_hh + bias)
        result.append(h)
    return np.stack(result)


def layers(nonlinearity, x, h, cells):
    """Return the states of the last layer, and the last states of all."""
    last = []
    for state, (W_ih, W_hh, b, c) in zip(h, cells, strict=True):
        x = states(nonlinearity, x, state, W_ih, W_hh, b + c)
        last.append(x[-1])
    return x, np.stack(last)


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
    shapes = [(inputs, hidden), (hidden, hidden), (hidden,), (hidden,)]
    return [rng.uniform(-0.8, 0.8, shape) for shape in shapes]


def fill(stage, tensors, values):
    for tensor, value in zip(tensors, values, strict=True):
        tensor.data = stage.Tensor(value)


@pytest.mark.points(2, part="rnn")
@BOTH
def test_cell(stage, judge, rng, nonlinearity):
    x, h, weights = rng.random((2, 3)), rng.random((2, 4)), draw_weights(rng, 3, 4)
    cell = stage.nn.RNNCell(3, 4, nonlinearity=nonlinearity, dtype="float64")
    fill(stage, cell.parameters(), weights)
    got = cell(stage.Tensor(x), stage.Tensor(h))
    judge.close("h'", got, want=lambda: layers(nonlinearity, x[None], h[None], [weights])[0][0])


@pytest.mark.points(2, part="rnn")
@pytest.mark.parametrize("count", [1, 3], ids=["one layer", "three layers"])
def test_layers(stage, judge, rng, count):
    x, h = rng.standard_normal((5, 2, 3)), rng.standard_normal((count, 2, 4))
    cells = [draw_weights(rng, inputs, 4) for inputs in (3, 4, 4)[:count]]
    rnn = stage.nn.RNN(3, 4, count, dtype="float64")
    fill(stage, rnn.parameters(), [value for cell in cells for value in cell])
    got = rnn(stage.Tensor(x), stage.Tensor(h))
    judge.close("output and h_n", got, want=lambda: layers("tanh", x, h, cells))


@pytest.mark.points(1, part="rnn")
@BOTH
def test_sequence(stage, judge, rng, nonlinearity):
    x, h, (W_ih, W_hh, b, _) = rng.random((4, 2, 3)), rng.random((2, 5)), draw_weights(rng, 3, 5)
    inputs = [stage.Tensor(array) for array in (x, h, W_ih, W_hh, b)]
    (got,) = stage.RNNSequence(nonlinearity)(*inputs)
    judge.close("states", got, want=lambda: states(nonlinearity, x, h, W_ih, W_hh, b))


@pytest.mark.points(2, part="rnn")
@pytest.mark.parametrize("graph", [True, False], ids=["of elementary ops", "on arrays"])
def test_sequence_gradient(stage, judge, rng, graph):
    arrays = [rng.standard_normal((4, 2, 3)), rng.random((2, 3)), *draw_weights(rng, 3, 3)[:3]]
    g = rng.standard_normal((4, 2, 3))
    inputs = [stage.Tensor(array) for array in arrays]
    (got,) = stage.RNNSequence("tanh")(*inputs)
    (got * stage.Tensor(g)).sum().backward(create_graph=graph)
    judge.close(
        "gradients",
        [x.grad for x in inputs],
        want=lambda: slopes(lambda *a: np.sum(states("tanh", *a) * g), arrays),
        rtol=1e-6,
        atol=1e-8,
    )
