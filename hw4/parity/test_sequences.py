"""Recurrent layers, attention, transformers and embeddings against PyTorch's."""

import numpy as np
import pytest
import torch

import needle_hw4 as ndl
from needle_hw4 import nn, ops

pytestmark = pytest.mark.usefixtures("here")
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])
STEPS, BATCH, INPUTS, HIDDEN = 6, 3, 5, 7


@pytest.fixture
def drawn(rng):
    """Return a function that draws an array."""
    return lambda *shape, dtype: rng.standard_normal(shape).astype(dtype)


def rnn(module, x, *state):
    return list(module(x, *state))


def lstm(module, x, *state):
    y, (h, c) = module(x, state or None)
    return [y, h, c]


@every_dtype
@pytest.mark.parametrize("with_state", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("kind", ["tanh", "relu", "lstm"])
def test_recurrent_layers(compare_modules, drawn, kind, layers, bias, with_state, dtype):
    options = {} if kind == "lstm" else {"nonlinearity": kind}
    make = nn.LSTM if kind == "lstm" else nn.RNN
    module = make(INPUTS, HIDDEN, layers, bias, dtype=dtype, **options)
    arrays = [drawn(STEPS, BATCH, INPUTS, dtype=dtype)]
    if with_state:
        count = 2 if kind == "lstm" else 1
        arrays += [drawn(layers, BATCH, HIDDEN, dtype=dtype) for _ in range(count)]
    call = lstm if kind == "lstm" else rnn
    compare_modules(module, *arrays, call=call, length=STEPS * HIDDEN)


@pytest.mark.parametrize("make", [nn.RNN, nn.LSTM])
def test_long_sequence_of_large_states(compare_modules, drawn, make):
    x = drawn(40, 16, 30, dtype="float32")
    call = lstm if make is nn.LSTM else rnn
    compare_modules(make(30, 100, 2), x, call=call, length=100)


@every_dtype
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("shape", [(2, 3, 5, 4), (1, 1, 1, 1), (2, 2, 17, 8)])
def test_multi_head_attention(compare, drawn, shape, causal, dtype):
    module = nn.MultiHeadAttention(causal=causal)

    def theirs(q, k, v):
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)

    arrays = [drawn(*shape, dtype=dtype) for _ in range(3)]
    compare(lambda *qkv: module(*qkv)[0], theirs, *arrays, length=shape[2] * shape[3])


@every_dtype
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax(compare, drawn, axis, dtype):
    x = drawn(3, 4, 17, dtype=dtype) * 10
    compare(lambda t: ops.softmax(t, axis), lambda t: torch.softmax(t, axis), x, length=17)


@every_dtype
@pytest.mark.parametrize("causal", [True, False])
def test_attention_layer(compare_modules, drawn, causal, dtype):
    module = nn.AttentionLayer(6, 2, 4, causal=causal, dtype=dtype)
    compare_modules(module, drawn(3, 5, 6, dtype=dtype), length=30)
    module = nn.AttentionLayer(
        6, 2, 4, k_features=5, v_features=3, out_features=7, causal=causal, dtype=dtype
    )
    compare_modules(module, *(drawn(3, 5, f, dtype=dtype) for f in (6, 5, 3)), length=30)


@every_dtype
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("layers", [1, 3])
def test_transformer(compare_modules, drawn, layers, causal, dtype):
    for batch_first in (True, False):
        module = nn.Transformer(
            6, 9, layers, num_head=2, dim_head=4, causal=causal, batch_first=batch_first,
            sequence_len=8, dtype=dtype,
        )  # fmt: skip
        x = drawn(5, 4, 6, dtype=dtype)
        compare_modules(module, x, call=rnn, length=100)  # through three layers


@every_dtype
def test_embedding(compare_modules, rng, dtype):
    module = nn.Embedding(11, 5, dtype=dtype)
    compare_modules(module, rng.integers(11, size=(7, 4)), constant=[0], length=28)


@every_dtype
def test_operators_of_shape(compare, drawn, dtype):
    x, y = drawn(2, 3, 4, dtype=dtype), drawn(2, 3, 4, dtype=dtype)
    for axis in range(-4, 4):
        compare(lambda *t: ops.stack(t, axis), lambda *t: torch.stack(t, axis), x, y)  # noqa: B023
    for axis in range(-3, 3):
        compare(lambda *t: ops.concat(t, axis), lambda *t: torch.cat(t, axis), x, y)  # noqa: B023
        compare(lambda t: ops.split(t, axis)[1], lambda t: t.unbind(axis)[1], x)  # noqa: B023
    compare(lambda t: ndl.flip(t, (0, 2)), lambda t: t.flip((0, 2)), x)
    compare(lambda t: ndl.permute(t, (2, 0, 1)), lambda t: t.permute(2, 0, 1), x)
    widths = [(1, 0), (0, 2), (3, 1)]
    flat = [width for pair in widths[::-1] for width in pair]
    compare(lambda t: ndl.pad(t, widths), lambda t: torch.nn.functional.pad(t, flat), x)
    rows = np.array([[1, 0, 1], [1, 1, 0]])
    compare(lambda t: ndl.take(t, rows), lambda t: t[torch.tensor(rows)], x)
