"""Question `transformer`, hidden: other queries than keys, dropout, gradients, a whole model."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


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
    for i, name in enumerate(["result", "weights"]):
        judge.close(name, got[i], want=lambda i=i: dropped(q, k, v, seed, p)[i])
    got = module.eval()(*[stage.Tensor(x) for x in (q, k, v)])
    for i, name in enumerate(["result", "weights"]):
        judge.close(
            f"{name} in evaluation",
            got[i],
            want=lambda i=i: oracles.attention(q, k, v, causal=True)[i],
        )


def dropped(q, k, v, seed, p):
    weights = oracles.attention(q, k, v, causal=True)[1]
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
    helpers.fill_module(stage, layer, values)
    got = layer(*[stage.Tensor(x) for x in (q, k, v)])
    judge.close("y", got, want=lambda: oracles.attention_layer((q, k, v), values, 2, causal))


@pytest.mark.points(0.5, part="transformer", hidden=True)
def test_attention_layer_gradient(stage, judge, rng):
    x, g = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 4))
    values = [rng.uniform(-1, 1, shape) for shape in [(4,)] * 6 + [(4, 6)] * 3 + [(6, 4)]]
    layer = stage.nn.AttentionLayer(4, 2, 3, dtype="float64")
    helpers.fill_module(stage, layer, values)
    inputs = stage.Tensor(x)
    (layer(inputs) * stage.Tensor(g)).sum().backward()
    judge.close(
        "of x",
        inputs.grad,
        want=lambda: oracles.slope(
            lambda x: np.sum(oracles.attention_layer((x,) * 3, values, 2) * g), [x], 0
        ),
        rtol=1e-6,
        atol=1e-8,
    )


@pytest.mark.points(0.5, part="transformer", hidden=True)
def test_transformer_layer_with_dropout(stage, judge, rng):
    x, matrix = rng.standard_normal((2, 3, 4)), rng.standard_normal((4, 4))
    shapes = [(4,), (4,), (4, 6), (6,), (6, 4), (4,)]
    values = [rng.uniform(-1, 1, shape) for shape in shapes]
    seed, p = int(rng.integers(2**31)), 0.25
    layer = stage.nn.TransformerLayer(4, 2, 2, 6, dropout=p, dtype="float64")
    layer.attention = helpers.attention_layer(stage, matrix)
    helpers.fill_module(stage, layer.mlp, values)
    np.random.seed(seed)
    got = layer(stage.Tensor(x))
    sizes = (2, 3, 4), (2, 3, 6), (2, 3, 4)
    judge.close(
        "y",
        got,
        want=lambda: oracles.with_mlp(x, np.tanh(x @ matrix), *values, drawn(seed, p, *sizes)),
    )


@pytest.mark.points(0.5, part="transformer", hidden=True)
def test_whole_transformer(stage, judge, rng):
    x = rng.standard_normal((4, 2, 4))
    shapes = [(4,)] * 6 + [(4, 6)] * 3 + [(6, 4)] + [(4,), (4,), (4, 5), (5,), (5, 4), (4,)]
    values = [rng.uniform(-1, 1, shape) for shape in [(9, 4), *shapes, *shapes]]
    model = stage.nn.Transformer(4, 5, 2, num_head=2, dim_head=3, dtype="float64", sequence_len=9)
    helpers.fill_module(stage, model, values)
    y, _ = model(stage.Tensor(x))
    judge.close("y", y, want=lambda: transformed(x, values))


def transformed(x, values):
    x = x.swapaxes(0, 1) + values[0][: len(x)]
    for layer in (values[1:17], values[17:]):
        x = oracles.with_mlp(x, oracles.attention_layer((x,) * 3, layer[:10], 2), *layer[10:])
    return x.swapaxes(0, 1)
