"""Question `transformer`, hidden: other queries than keys, dropout, gradients, a whole model."""

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
    weights = softmax(scores)
    return weights @ v, weights


def normalized(x, w, b):
    centred = x - x.mean(-1, keepdims=True)
    return w * centred / np.sqrt(x.var(-1, keepdims=True) + 1e-5) + b


def fill(stage, module, values):
    for parameter, value in zip(module.parameters(), values, strict=True):
        parameter.data = stage.Tensor(value.reshape(parameter.shape))


def attention_layer(inputs, values, heads, causal=True):
    """Return what a layer makes of inputs q, k and v; values are its parameters in order."""
    norms, (*projections, out) = values[:6], values[6:]
    parts = [
        (normalized(x, *norms[2 * i : 2 * i + 2]) @ projections[i])
        .reshape(*x.shape[:2], heads, -1)
        .transpose(0, 2, 1, 3)
        for i, x in enumerate(inputs)
    ]
    result, _ = attention(*parts, causal=causal)
    return result.transpose(0, 2, 1, 3).reshape(*inputs[0].shape[:2], -1) @ out


def with_mlp(x, mixed, w, b, W1, b1, W2, b2, masks=(1, 1, 1)):
    x = x + mixed * masks[0]
    inside = np.maximum(normalized(x, w, b) @ W1 + b1, 0) * masks[1]
    return x + (inside @ W2 + b2) * masks[2]


def slopes(f, array, step=1e-5):
    """Return the central differences of the number f(array)."""
    slope = np.empty_like(array)
    for place in np.ndindex(array.shape):
        unit = np.zeros_like(array)
        unit[place] = step
        slope[place] = (f(array + unit) - f(array - unit)) / (2 * step)
    return slope


def drawn(seed, p, *shapes):
    """Return masks of dropout, scaled, as they are drawn one after the other."""
    source = np.random.RandomState(seed)
    return [(source.rand(*shape) <= 1 - p) / (1 - p) for shape in shapes]


@pytest.mark.points(1, part="transformer", hidden=True)
@pytest.mark.parametrize("queries", [2, 5], ids=["the last queries", "all queries"])
def test_attention_with_dropout(stage, judge, rng, queries):
    q, (k, v) = rng.standard_normal((2, 3, queries, 4)), rng.standard_normal((2, 2, 3, 5, 4))
    seed, p = int(rng.integers(2**31)), 0.25
    module = stage.nn.MultiHeadAttention(dropout=p, causal=True)
    np.random.seed(seed)
    got = module(*[stage.Tensor(x) for x in (q, k, v)])
    judge.close("result and weights", got, want=lambda: dropped(q, k, v, seed, p))
    got = module.eval()(*[stage.Tensor(x) for x in (q, k, v)])
    judge.close("in evaluation", got, want=lambda: attention(q, k, v, causal=True))


def dropped(q, k, v, seed, p):
    weights = attention(q, k, v, causal=True)[1]
    weights = weights * drawn(seed, p, weights.shape)[0]
    return weights @ v, weights


@pytest.mark.points(1, part="transformer", hidden=True)
@pytest.mark.parametrize("causal", [True, False], ids=["causal", "sees everything"])
def test_attention_between_sequences(stage, judge, rng, causal):
    q, k, v = (rng.standard_normal((2, *size)) for size in ((3, 4), (5, 6), (5, 2)))
    shapes = [(4,), (4,), (6,), (6,), (2,), (2,), (4, 6), (6, 6), (2, 6), (6, 7)]
    values = [rng.uniform(-1, 1, shape) for shape in shapes]
    options = {"k_features": 6, "v_features": 2, "out_features": 7, "causal": causal}
    layer = stage.nn.AttentionLayer(4, 2, 3, dtype="float64", **options)
    fill(stage, layer, values)
    got = layer(*[stage.Tensor(x) for x in (q, k, v)])
    judge.close("y", got, want=lambda: attention_layer((q, k, v), values, 2, causal))


@pytest.mark.points(0.5, part="transformer", hidden=True)
def test_attention_layer_gradient(stage, judge, rng):
    x, g = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 4))
    values = [rng.uniform(-1, 1, shape) for shape in [(4,)] * 6 + [(4, 6)] * 3 + [(6, 4)]]
    layer = stage.nn.AttentionLayer(4, 2, 3, dtype="float64")
    fill(stage, layer, values)
    inputs = stage.Tensor(x)
    (layer(inputs) * stage.Tensor(g)).sum().backward()
    judge.close(
        "of x",
        inputs.grad,
        want=lambda: slopes(lambda x: np.sum(attention_layer((x,) * 3, values, 2) * g), x),
        rtol=1e-6,
        atol=1e-8,
    )


@pytest.mark.points(0.5, part="transformer", hidden=True)
def test_transformer_layer_with_dropout(stage, judge, rng):
    x, matrix = rng.standard_normal((2, 3, 4)), rng.standard_normal((4, 4))
    shapes = [(4,), (4,), (4, 6), (6,), (6, 4), (4,)]
    values = [rng.uniform(-1, 1, shape) for shape in shapes]
    seed, p = int(rng.integers(2**31)), 0.25

    class Mixing(stage.nn.Module):
        def forward(self, x):
            return stage.tanh(x @ stage.Tensor(matrix))

    layer = stage.nn.TransformerLayer(4, 2, 2, 6, dropout=p, dtype="float64")
    layer.attention = Mixing()
    fill(stage, layer.mlp, values)
    np.random.seed(seed)
    got = layer(stage.Tensor(x))
    sizes = (2, 3, 4), (2, 3, 6), (2, 3, 4)
    judge.close(
        "y",
        got,
        want=lambda: with_mlp(x, np.tanh(x @ matrix), *values, drawn(seed, p, *sizes)),
    )


@pytest.mark.points(0.5, part="transformer", hidden=True)
def test_whole_transformer(stage, judge, rng):
    x = rng.standard_normal((4, 2, 4))
    shapes = [(4,)] * 6 + [(4, 6)] * 3 + [(6, 4)] + [(4,), (4,), (4, 5), (5,), (5, 4), (4,)]
    values = [rng.uniform(-1, 1, shape) for shape in [(9, 4), *shapes, *shapes]]
    model = stage.nn.Transformer(4, 5, 2, num_head=2, dim_head=3, dtype="float64", sequence_len=9)
    fill(stage, model, values)
    y, _ = model(stage.Tensor(x))
    judge.close("y", y, want=lambda: transformed(x, values))


def transformed(x, values):
    x = x.swapaxes(0, 1) + values[0][: len(x)]
    for layer in (values[1:17], values[17:]):
        x = with_mlp(x, attention_layer((x,) * 3, layer[:10], 2), *layer[10:])
    return x.swapaxes(0, 1)
