"""Question `transformer`: attention, and what is built of it."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(1.5, part="transformer")
@pytest.mark.parametrize("graph", [True, False], ids=["of elementary ops", "on arrays"])
def test_softmax_gradient(stage, judge, rng, graph):
    x, g = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 4))
    axis, scale = int(rng.integers(2)), rng.uniform(0.3, 0.7)
    op, out_grad = stage.Softmax(axis, scale), stage.Tensor(g)
    (grad,) = helpers.gradients(stage, op, out_grad, [stage.Tensor(x)], graph)
    judge.close("gradient", grad, want=lambda: slope(x, g, axis, scale))
    judge.close("out_grad afterwards", out_grad, want=lambda: g)


def slope(x, g, axis, scale):
    y = oracles.softmax(scale * x, axis)
    return scale * y * (g - (g * y).sum(axis, keepdims=True))


@pytest.mark.points(2, part="transformer")
@pytest.mark.parametrize("causal", [False, True], ids=["sees everything", "causal"])
def test_attention(stage, judge, rng, causal):
    q, k, v = rng.standard_normal((3, 2, 3, 5, 4))
    module = stage.nn.MultiHeadAttention(causal=causal)
    got = module(*[stage.Tensor(x) for x in (q, k, v)])
    for i, name in enumerate(["result", "weights"]):
        judge.close(name, got[i], want=lambda i=i: oracles.attention(q, k, v, causal)[i])


@pytest.mark.points(1, part="transformer")
def test_attention_layer(stage, judge, rng):
    x = rng.standard_normal((2, 4, 5))
    shapes = [(5,)] * 6 + [(5, 6)] * 3 + [(6, 5)]
    values = [rng.uniform(-1, 1, shape) for shape in shapes]
    layer = stage.nn.AttentionLayer(5, 3, 2, dtype="float64")
    helpers.fill_module(stage, layer, values)
    judge.close(
        "y", layer(stage.Tensor(x)), want=lambda: oracles.attention_layer((x,) * 3, values, 3)
    )


@pytest.mark.points(1, part="transformer")
def test_transformer_layer(stage, judge, rng):
    x, matrix = rng.standard_normal((2, 3, 4)), rng.standard_normal((4, 4))
    shapes = [(4,), (4,), (4, 6), (6,), (6, 4), (4,)]
    values = [rng.uniform(-1, 1, shape) for shape in shapes]
    layer = stage.nn.TransformerLayer(4, 2, 2, 6, dtype="float64")
    layer.attention = helpers.attention_layer(stage, matrix)
    helpers.fill_module(stage, layer.mlp, values)
    got = layer(stage.Tensor(x))
    judge.close("y", got, want=lambda: oracles.with_mlp(x, np.tanh(x @ matrix), *values))


@pytest.mark.points(1, part="transformer")
@pytest.mark.parametrize("batch_first", [False, True], ids=["steps first", "batch first"])
def test_transformer(stage, judge, rng, batch_first):
    x, positions = rng.standard_normal((3, 5, 4)), rng.standard_normal((7, 4))
    matrices = rng.standard_normal((2, 4, 4))
    model = stage.nn.Transformer(4, 6, 2, dtype="float64", batch_first=batch_first, sequence_len=7)
    model.positions.weight.data = stage.Tensor(positions)
    model.layers = [helpers.layer(stage, matrix) for matrix in matrices]
    y, state = model(stage.Tensor(x))
    judge.close("y", y, want=lambda: mixed(x, positions, matrices, batch_first))
    judge.close("state", state, want=lambda: np.zeros_like(x))


def mixed(x, positions, matrices, batch_first):
    x = x + (positions[: x.shape[1]] if batch_first else positions[: len(x), None])
    for matrix in matrices:
        x = np.tanh(x @ matrix)
    return x
