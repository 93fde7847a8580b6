"""Question `rnn`, hidden: no bias, no state, ReLU, short sequences, gradients of layers."""

import numpy as np
import pytest

FUNCTIONS = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0)}


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


@pytest.mark.points(1, part="rnn", hidden=True)
@pytest.mark.parametrize("bias", [True, False], ids=["without a state", "without bias"])
def test_cell_without(stage, judge, rng, bias):
    x, h, weights = rng.random((3, 2)), rng.random((3, 4)), draw_weights(rng, 2, 4)
    cell = stage.nn.RNNCell(2, 4, bias, "relu", dtype="float64")
    fill(stage, cell.parameters(), weights if bias else weights[:2])
    got = cell(stage.Tensor(x)) if bias else cell(stage.Tensor(x), stage.Tensor(h))
    before, total = (h * 0, sum(weights[2:])) if bias else (h, 0)
    judge.close("h'", got, want=lambda: states("relu", x[None], before, *weights[:2], total)[0])


@pytest.mark.points(0.5, part="rnn", hidden=True)
def test_cell_gradient(stage, judge, rng):
    x, h, weights = rng.random((2, 3)), rng.random((2, 4)), draw_weights(rng, 3, 4)
    g = rng.standard_normal((2, 4))
    cell = stage.nn.RNNCell(3, 4, dtype="float64")
    fill(stage, cell.parameters(), weights)
    state = stage.Tensor(h)
    (cell(stage.Tensor(x), state) * stage.Tensor(g)).sum().backward()
    got = [state.grad, *[parameter.grad for parameter in cell.parameters()]]
    judge.close(
        "gradients",
        got,
        want=lambda: slopes(
            lambda h, *w: np.sum(layers("tanh", x[None], h[None], [w])[0] * g), [h, *weights]
        ),
        rtol=1e-6,
        atol=1e-8,
    )


@pytest.mark.points(1, part="rnn", hidden=True)
@pytest.mark.parametrize("steps", [1, 4], ids=["one step", "ReLU without a state"])
def test_layers_without_bias(stage, judge, rng, steps):
    x = rng.standard_normal((steps, 3, 2))
    cells = [[*draw_weights(rng, inputs, 5)[:2], 0, 0] for inputs in (2, 5)]
    function = "tanh" if steps == 1 else "relu"
    rnn = stage.nn.RNN(2, 5, 2, False, function, dtype="float64")
    fill(stage, rnn.parameters(), [value for cell in cells for value in cell[:2]])
    got = rnn(stage.Tensor(x))
    judge.close("output and h_n", got, want=lambda: layers(function, x, np.zeros((2, 3, 5)), cells))


@pytest.mark.points(1, part="rnn", hidden=True)
@pytest.mark.parametrize("graph", [True, False], ids=["of elementary ops", "on arrays"])
def test_relu_sequence_gradient(stage, judge, rng, graph):
    arrays = [rng.standard_normal((3, 2, 2)), rng.random((2, 4)), *draw_weights(rng, 2, 4)[:3]]
    g = rng.standard_normal((3, 2, 4))
    inputs = [stage.Tensor(array) for array in arrays]
    (got,) = stage.RNNSequence("relu")(*inputs)
    (got * stage.Tensor(g)).sum().backward(create_graph=graph)
    judge.close(
        "gradients",
        [x.grad for x in inputs],
        want=lambda: slopes(lambda *a: np.sum(states("relu", *a) * g), arrays),
        rtol=1e-6,
        atol=1e-8,
    )


def total(x, h, values, g, k):
    output, last = layers("tanh", x, h, [values[:4], values[4:]])
    return np.sum(output * g) + np.sum(last * k)


@pytest.mark.points(0.5, part="rnn", hidden=True)
def test_layers_gradient(stage, judge, rng):
    x, h = rng.standard_normal((3, 2, 2)), rng.standard_normal((2, 2, 3))
    cells = [draw_weights(rng, inputs, 3) for inputs in (2, 3)]
    g, k = rng.standard_normal((3, 2, 3)), rng.standard_normal((2, 2, 3))
    rnn = stage.nn.RNN(2, 3, 2, dtype="float64")
    fill(stage, rnn.parameters(), [value for cell in cells for value in cell])
    start = stage.Tensor(h)
    output, last = rnn(stage.Tensor(x), start)
    ((output * stage.Tensor(g)).sum() + (last * stage.Tensor(k)).sum()).backward()
    judge.close(
        "gradients",
        [start.grad, *[parameter.grad for parameter in rnn.parameters()]],
        want=lambda: slopes(lambda h, *w: total(x, h, w, g, k), [h, *cells[0], *cells[1]]),
        rtol=1e-6,
        atol=1e-8,
    )
