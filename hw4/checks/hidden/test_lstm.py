"""Question `lstm`, hidden: no bias, no state, short sequences, gradients of cells and layers."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


def weighted(arrays, weights):
    return sum(np.sum(a * w) for a, w in zip(arrays, weights, strict=True))


@pytest.mark.points(1, part="lstm", hidden=True)
@pytest.mark.parametrize("bias", [True, False], ids=["without a state", "without bias"])
def test_cell_without(stage, judge, rng, bias):
    x, (h, c), weights = rng.random((3, 2)), rng.random((2, 3, 4)), helpers.lstm_weights(rng, 2, 4)
    cell = stage.nn.LSTMCell(2, 4, bias, dtype="float64")
    helpers.fill(stage, cell.parameters(), weights if bias else weights[:2])
    got = cell(stage.Tensor(x), None if bias else (stage.Tensor(h), stage.Tensor(c)))
    if bias:
        h, c = np.zeros((2, 3, 4))
    else:
        weights[2:] = np.zeros((2, 16))
    for i, name in enumerate(["h'", "c'"]):
        judge.close(name, got[i], want=lambda i=i: oracles.lstm_cell(x, h, c, weights)[i])


@pytest.mark.points(1, part="lstm", hidden=True)
def test_cell_gradient(stage, judge, rng):
    x, (h, c) = rng.random((2, 3)), rng.standard_normal((2, 2, 2))
    weights = helpers.lstm_weights(rng, 3, 2)
    g = rng.standard_normal((2, 2, 2))
    cell = stage.nn.LSTMCell(3, 2, dtype="float64")
    helpers.fill(stage, cell.parameters(), weights)
    before = stage.Tensor(h), stage.Tensor(c)
    after = cell(stage.Tensor(x), before)
    sum((a * stage.Tensor(w)).sum() for a, w in zip(after, g, strict=True)).backward()
    got = [tensor.grad for tensor in (*before, *cell.parameters())]

    def total(h, c, *w):
        return weighted(oracles.lstm_cell(x, h, c, w), g)

    for i, name in enumerate(["h", "c", *helpers.weight_names(1)]):
        judge.close(
            f"gradient of {name}",
            got[i],
            want=lambda i=i: oracles.slope(total, [h, c, *weights], i),
            rtol=1e-6,
            atol=1e-8,
        )


@pytest.mark.points(1, part="lstm", hidden=True)
@pytest.mark.parametrize("steps", [1, 4], ids=["one step", "without a state"])
def test_layers_without_bias(stage, judge, rng, steps):
    x, (h, c) = rng.standard_normal((steps, 3, 2)), rng.standard_normal((2, 2, 3, 5))
    cells = [[*helpers.lstm_weights(rng, inputs, 5)[:2], 0, 0] for inputs in (2, 5)]
    lstm = stage.nn.LSTM(2, 5, 2, False, dtype="float64")
    helpers.fill(stage, lstm.parameters(), [value for cell in cells for value in cell[:2]])
    start = (stage.Tensor(h), stage.Tensor(c)) if steps == 1 else None
    if start is None:
        h, c = np.zeros((2, 2, 3, 5))
    output, last = lstm(stage.Tensor(x), start)
    got = [output, *last]
    for i, name in enumerate(["output", "h_n", "c_n"]):
        judge.close(name, got[i], want=lambda i=i: oracles.lstm_layers(x, h, c, cells)[i])


@pytest.mark.points(0.5, part="lstm", hidden=True)
def test_layers_gradient(stage, judge, rng):
    x, (h, c) = rng.standard_normal((3, 2, 2)), rng.standard_normal((2, 2, 2, 2))
    cells = [helpers.lstm_weights(rng, 2, 2) for _ in range(2)]
    g = [rng.standard_normal(shape) for shape in ((3, 2, 2), (2, 2, 2), (2, 2, 2))]
    lstm = stage.nn.LSTM(2, 2, 2, dtype="float64")
    helpers.fill(stage, lstm.parameters(), [value for cell in cells for value in cell])
    start = stage.Tensor(h), stage.Tensor(c)
    output, last = lstm(stage.Tensor(x), start)
    sum((a * stage.Tensor(w)).sum() for a, w in zip([output, *last], g, strict=True)).backward()
    got = [tensor.grad for tensor in (*start, *lstm.parameters())]

    def total(h, c, *w):
        return weighted(oracles.lstm_layers(x, h, c, [w[:4], w[4:]]), g)

    for i, name in enumerate(["h0", "c0", *helpers.weight_names(2)]):
        judge.close(
            f"gradient of {name}",
            got[i],
            want=lambda i=i: oracles.slope(total, [h, c, *cells[0], *cells[1]], i),
            rtol=1e-6,
            atol=1e-8,
        )
