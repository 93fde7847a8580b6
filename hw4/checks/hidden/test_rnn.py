"""Question `rnn`, hidden: no bias, no state, ReLU, short sequences, gradients of layers."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(1, part="rnn", hidden=True)
@pytest.mark.parametrize("bias", [True, False], ids=["without a state", "without bias"])
def test_cell_without(stage, judge, rng, bias):
    x, h, weights = rng.random((3, 2)), rng.random((3, 4)), helpers.rnn_weights(rng, 2, 4)
    cell = stage.nn.RNNCell(2, 4, bias, "relu", dtype="float64")
    helpers.fill(stage, cell.parameters(), weights if bias else weights[:2])
    got = cell(stage.Tensor(x)) if bias else cell(stage.Tensor(x), stage.Tensor(h))
    before, total = (h * 0, sum(weights[2:])) if bias else (h, 0)
    judge.close(
        "h'", got, want=lambda: oracles.rnn_states("relu", x[None], before, *weights[:2], total)[0]
    )


@pytest.mark.points(0.5, part="rnn", hidden=True)
def test_cell_gradient(stage, judge, rng):
    x, h, weights = rng.random((2, 3)), rng.random((2, 4)), helpers.rnn_weights(rng, 3, 4)
    g = rng.standard_normal((2, 4))
    cell = stage.nn.RNNCell(3, 4, dtype="float64")
    helpers.fill(stage, cell.parameters(), weights)
    state = stage.Tensor(h)
    (cell(stage.Tensor(x), state) * stage.Tensor(g)).sum().backward()
    got = [state.grad, *[parameter.grad for parameter in cell.parameters()]]

    def total(h, *w):
        return np.sum(oracles.rnn_layers("tanh", x[None], h[None], [w])[0] * g)

    for i, name in enumerate(["h", *helpers.weight_names(1)]):
        judge.close(
            f"gradient of {name}",
            got[i],
            want=lambda i=i: oracles.slope(total, [h, *weights], i),
            rtol=1e-6,
            atol=1e-8,
        )


@pytest.mark.points(1, part="rnn", hidden=True)
@pytest.mark.parametrize("steps", [1, 4], ids=["one step", "ReLU without a state"])
def test_layers_without_bias(stage, judge, rng, steps):
    x = rng.standard_normal((steps, 3, 2))
    cells = [[*helpers.rnn_weights(rng, inputs, 5)[:2], 0, 0] for inputs in (2, 5)]
    function = "tanh" if steps == 1 else "relu"
    rnn = stage.nn.RNN(2, 5, 2, False, function, dtype="float64")
    helpers.fill(stage, rnn.parameters(), [value for cell in cells for value in cell[:2]])
    got = rnn(stage.Tensor(x))
    for i, name in enumerate(["output", "h_n"]):
        judge.close(
            name,
            got[i],
            want=lambda i=i: oracles.rnn_layers(function, x, np.zeros((2, 3, 5)), cells)[i],
        )


@pytest.mark.points(1, part="rnn", hidden=True)
@pytest.mark.parametrize("graph", [True, False], ids=["of elementary ops", "on arrays"])
def test_relu_sequence_gradient(stage, judge, rng, graph):
    arrays = [
        rng.standard_normal((3, 2, 2)),
        rng.random((2, 4)),
        *helpers.rnn_weights(rng, 2, 4)[:3],
    ]
    g = rng.standard_normal((3, 2, 4))
    inputs = [stage.Tensor(array) for array in arrays]
    (got,) = stage.RNNSequence("relu")(*inputs)
    (got * stage.Tensor(g)).sum().backward(create_graph=graph)

    def total(*values):
        return np.sum(oracles.rnn_states("relu", *values) * g)

    for i, name in enumerate(["x", "h", "W_ih", "W_hh", "b"]):
        judge.close(
            f"gradient of {name}",
            inputs[i].grad,
            want=lambda i=i: oracles.slope(total, arrays, i),
            rtol=1e-6,
            atol=1e-8,
        )


@pytest.mark.points(0.5, part="rnn", hidden=True)
def test_layers_gradient(stage, judge, rng):
    x, h = rng.standard_normal((3, 2, 2)), rng.standard_normal((2, 2, 3))
    cells = [helpers.rnn_weights(rng, inputs, 3) for inputs in (2, 3)]
    g, k = rng.standard_normal((3, 2, 3)), rng.standard_normal((2, 2, 3))
    rnn = stage.nn.RNN(2, 3, 2, dtype="float64")
    helpers.fill(stage, rnn.parameters(), [value for cell in cells for value in cell])
    start = stage.Tensor(h)
    output, last = rnn(stage.Tensor(x), start)
    ((output * stage.Tensor(g)).sum() + (last * stage.Tensor(k)).sum()).backward()
    got = [start.grad, *[parameter.grad for parameter in rnn.parameters()]]

    def total(h, *w):
        output, last = oracles.rnn_layers("tanh", x, h, [w[:4], w[4:]])
        return np.sum(output * g) + np.sum(last * k)

    for i, name in enumerate(["h0", *helpers.weight_names(2)]):
        judge.close(
            f"gradient of {name}",
            got[i],
            want=lambda i=i: oracles.slope(total, [h, *cells[0], *cells[1]], i),
            rtol=1e-6,
            atol=1e-8,
        )
