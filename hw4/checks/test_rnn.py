"""Question `rnn`: recurrent networks, step by step and over whole sequences."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)

BOTH = pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])


@pytest.mark.points(2, part="rnn")
@BOTH
def test_cell(stage, judge, rng, nonlinearity):
    x, h, weights = rng.random((2, 3)), rng.random((2, 4)), helpers.rnn_weights(rng, 3, 4)
    cell = stage.nn.RNNCell(3, 4, nonlinearity=nonlinearity, dtype="float64")
    helpers.fill(stage, cell.parameters(), weights)
    got = cell(stage.Tensor(x), stage.Tensor(h))
    judge.close(
        "h'", got, want=lambda: oracles.rnn_layers(nonlinearity, x[None], h[None], [weights])[0][0]
    )


@pytest.mark.points(2, part="rnn")
@pytest.mark.parametrize("count", [1, 3], ids=["one layer", "three layers"])
def test_layers(stage, judge, rng, count):
    x, h = rng.standard_normal((5, 2, 3)), rng.standard_normal((count, 2, 4))
    cells = [helpers.rnn_weights(rng, inputs, 4) for inputs in (3, 4, 4)[:count]]
    rnn = stage.nn.RNN(3, 4, count, dtype="float64")
    helpers.fill(stage, rnn.parameters(), [value for cell in cells for value in cell])
    got = rnn(stage.Tensor(x), stage.Tensor(h))
    for i, name in enumerate(["output", "h_n"]):
        judge.close(name, got[i], want=lambda i=i: oracles.rnn_layers("tanh", x, h, cells)[i])


@pytest.mark.points(1, part="rnn")
@BOTH
def test_sequence(stage, judge, rng, nonlinearity):
    x, h = rng.random((4, 2, 3)), rng.random((2, 5))
    (W_ih, W_hh, b, _) = helpers.rnn_weights(rng, 3, 5)
    inputs = [stage.Tensor(array) for array in (x, h, W_ih, W_hh, b)]
    (got,) = stage.RNNSequence(nonlinearity)(*inputs)
    judge.close("states", got, want=lambda: oracles.rnn_states(nonlinearity, x, h, W_ih, W_hh, b))


@pytest.mark.points(2, part="rnn")
@pytest.mark.parametrize("graph", [True, False], ids=["of elementary ops", "on arrays"])
def test_sequence_gradient(stage, judge, rng, graph):
    arrays = [
        rng.standard_normal((4, 2, 3)),
        rng.random((2, 3)),
        *helpers.rnn_weights(rng, 3, 3)[:3],
    ]
    g = rng.standard_normal((4, 2, 3))
    inputs, out_grad = [stage.Tensor(array) for array in arrays], stage.Tensor(g)
    op = stage.RNNSequence("tanh")
    grads = helpers.gradients(stage, op, stage.make_tuple(out_grad), inputs, graph)

    def total(*values):
        return np.sum(oracles.rnn_states("tanh", *values) * g)

    for i, name in enumerate(["x", "h", "W_ih", "W_hh", "b"]):
        judge.close(
            f"gradient of {name}",
            grads[i],
            want=lambda i=i: oracles.slope(total, arrays, i),
            rtol=1e-6,
            atol=1e-8,
        )
    judge.close("out_grad afterwards", out_grad, want=lambda: g)
