"""Question `lstm`: long short-term memory, step by step and over whole sequences."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(1, part="lstm")
def test_step(stage, judge, rng):
    gates, c = rng.standard_normal((3, 8)), rng.standard_normal((3, 2))
    got = stage.module("ops.recurrent").lstm_step(stage.Tensor(gates), stage.Tensor(c))
    for i, name in enumerate(["h'", "c'"]):
        judge.close(name, got[i], want=lambda i=i: oracles.lstm_step(gates, c)[i])


@pytest.mark.points(1.5, part="lstm")
def test_cell(stage, judge, rng):
    x, (h, c) = rng.random((2, 3)), rng.standard_normal((2, 2, 4))
    weights = helpers.lstm_weights(rng, 3, 4)
    cell = stage.nn.LSTMCell(3, 4, dtype="float64")
    helpers.fill(stage, cell.parameters(), weights)
    got = cell(stage.Tensor(x), (stage.Tensor(h), stage.Tensor(c)))
    for i, name in enumerate(["h'", "c'"]):
        judge.close(name, got[i], want=lambda i=i: oracles.lstm_cell(x, h, c, weights)[i])


@pytest.mark.points(2, part="lstm")
@pytest.mark.parametrize("count", [1, 3], ids=["one layer", "three layers"])
def test_layers(stage, judge, rng, count):
    x, (h, c) = rng.standard_normal((5, 2, 3)), rng.standard_normal((2, count, 2, 4))
    cells = [helpers.lstm_weights(rng, inputs, 4) for inputs in (3, 4, 4)[:count]]
    lstm = stage.nn.LSTM(3, 4, count, dtype="float64")
    helpers.fill(stage, lstm.parameters(), [value for cell in cells for value in cell])
    output, last = lstm(stage.Tensor(x), (stage.Tensor(h), stage.Tensor(c)))
    got = [output, *last]
    for i, name in enumerate(["output", "h_n", "c_n"]):
        judge.close(name, got[i], want=lambda i=i: oracles.lstm_layers(x, h, c, cells)[i])


@pytest.mark.points(1, part="lstm")
def test_sequence(stage, judge, rng):
    x, (h, c) = rng.random((4, 2, 3)), rng.standard_normal((2, 2, 3))
    W_ih, W_hh, b, _ = helpers.lstm_weights(rng, 3, 3)
    inputs = [stage.Tensor(array) for array in (x, h, c, W_ih, W_hh, b)]
    got = stage.LSTMSequence()(*inputs)
    for i, name in enumerate(["states", "last cell"]):
        judge.close(name, got[i], want=lambda i=i: oracles.lstm_states(x, h, c, W_ih, W_hh, b)[i])


@pytest.mark.points(2, part="lstm")
@pytest.mark.parametrize("graph", [True, False], ids=["of elementary ops", "on arrays"])
def test_sequence_gradient(stage, judge, rng, graph):
    arrays = [rng.standard_normal((4, 2, 2)), *rng.standard_normal((2, 2, 2))]
    arrays += helpers.lstm_weights(rng, 2, 2)[:3]
    g, k = rng.standard_normal((4, 2, 2)), rng.standard_normal((2, 2))
    inputs = [stage.Tensor(array) for array in arrays]
    out_grads = stage.Tensor(g), stage.Tensor(k)
    op = stage.LSTMSequence()
    grads = helpers.gradients(stage, op, stage.make_tuple(*out_grads), inputs, graph)

    def total(*values):
        output, c = oracles.lstm_states(*values)
        return np.sum(output * g) + np.sum(c * k)

    for i, name in enumerate(["x", "h", "c", "W_ih", "W_hh", "b"]):
        judge.close(
            f"gradient of {name}",
            grads[i],
            want=lambda i=i: oracles.slope(total, arrays, i),
            rtol=1e-6,
            atol=1e-8,
        )
    for i, name in enumerate(["states", "last cell"]):
        judge.close(f"out_grad of {name} afterwards", out_grads[i], want=lambda i=i: (g, k)[i])
