"""Question `transformer`: attention, and what is built of it."""

import numpy as np
import pytest


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def attention(q, k, v, causal):
    """Return the result and the weights, the last query being beside the last key."""
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if causal:
        seen = np.tri(q.shape[-2], k.shape[-2], k.shape[-2] - q.shape[-2], dtype=bool)
        scores = np.where(seen, scores, -np.inf)
    probabilities = softmax(scores)
    return probabilities @ v, probabilities


def normalized(x, w, b):
    centred = x - x.mean(-1, keepdims=True)
    return w * centred / np.sqrt(x.var(-1, keepdims=True) + 1e-5) + b


def attention_layer(x, values, heads):
    """Return what a causal layer makes of x, (B, T, F); values are its parameters in order."""
    norms, (*projections, out) = values[:6], values[6:]
    parts = [
        (normalized(x, *norms[2 * i : 2 * i + 2]) @ projections[i])
        .reshape(*x.shape[:2], heads, -1)
        .transpose(0, 2, 1, 3)
        for i in range(3)
    ]
    result, _ = attention(*parts, causal=True)
    return result.transpose(0, 2, 1, 3).reshape(*x.shape[:2], -1) @ out


def fill(stage, module, values):
    for parameter, value in zip(module.parameters(), values, strict=True):
        parameter.data = stage.Tensor(value.reshape(parameter.shape))


@pytest.mark.points(1.5, part="transformer")
@pytest.mark.parametrize("graph", [True, False], ids=["of elementary ops", "on arrays"])
def test_softmax_gradient(stage, judge, rng, graph):
    x, g = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 4))
    axis, scale = int(rng.integers(2)), rng.uniform(0.3, 0.7)
    scores = stage.Tensor(x)
    total = (stage.Softmax(axis, scale)(scores) * stage.Tensor(g)).sum()
    total.backward(create_graph=graph)
    judge.close("gradient", scores.grad, want=lambda: slope(x, g, axis, scale))


def slope(x, g, axis, scale):
    y = softmax(scale * x, axis)
    return scale * y * (g - (g * y).sum(axis, keepdims=True))


@pytest.mark.points(2, part="transformer")
@pytest.mark.parametrize("causal", [False, True], ids=["sees everything", "causal"])
def test_attention(stage, judge, rng, causal):
    q, k, v = rng.standard_normal((3, 2, 3, 5, 4))
    module = stage.nn.MultiHeadAttention(causal=causal)
    got = module(*[stage.Tensor(x) for x in (q, k, v)])
    judge.close("result and weights", got, want=lambda: attention(q, k, v, causal))


@pytest.mark.points(1, part="transformer")
def test_attention_layer(stage, judge, rng):
    x = rng.standard_normal((2, 4, 5))
    shapes = [(5,)] * 6 + [(5, 6)] * 3 + [(6, 5)]
    values = [rng.uniform(-1, 1, shape) for shape in shapes]
    layer = stage.nn.AttentionLayer(5, 3, 2, dtype="float64")
    fill(stage, layer, values)
    judge.close("y", layer(stage.Tensor(x)), want=lambda: attention_layer(x, values, 3))


def stand_in(stage, matrix):
    """Return a module that stands in for attention, or for a layer."""

    class Mixing(stage.nn.Module):
        def forward(self, x):
            return stage.tanh(x @ stage.Tensor(matrix))

    return Mixing()


def with_mlp(x, mixed, w, b, W1, b1, W2, b2):
    x = x + mixed
    return x + np.maximum(normalized(x, w, b) @ W1 + b1, 0) @ W2 + b2


@pytest.mark.points(1, part="transformer")
def test_transformer_layer(stage, judge, rng):
    x, matrix = rng.standard_normal((2, 3, 4)), rng.standard_normal((4, 4))
    shapes = [(4,), (4,), (4, 6), (6,), (6, 4), (4,)]
    values = [rng.uniform(-1, 1, shape) for shape in shapes]
    layer = stage.nn.TransformerLayer(4, 2, 2, 6, dtype="float64")
    layer.attention = stand_in(stage, matrix)
    fill(stage, layer.mlp, values)
    got = layer(stage.Tensor(x))
    judge.close("y", got, want=lambda: with_mlp(x, np.tanh(x @ matrix), *values))


@pytest.mark.points(1, part="transformer")
@pytest.mark.parametrize("batch_first", [False, True], ids=["steps first", "batch first"])
def test_transformer(stage, judge, rng, batch_first):
    x, positions = rng.standard_normal((3, 5, 4)), rng.standard_normal((7, 4))
    matrices = rng.standard_normal((2, 4, 4))
    model = stage.nn.Transformer(4, 6, 2, dtype="float64", batch_first=batch_first, sequence_len=7)
    model.positions.weight.data = stage.Tensor(positions)
    model.layers = [stand_in(stage, matrix) for matrix in matrices]
    y, state = model(stage.Tensor(x))
    judge.close("y", y, want=lambda: mixed(x, positions, matrices, batch_first))
    judge.close("state", state, want=lambda: np.zeros_like(x))


def mixed(x, positions, matrices, batch_first):
    x = x + (positions[: x.shape[1]] if batch_first else positions[: len(x), None])
    for matrix in matrices:
        x = np.tanh(x @ matrix)
    return x
