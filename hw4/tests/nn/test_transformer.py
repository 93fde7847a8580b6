"""Attention and transformer layers against formulas in NumPy; causality; dropout; errors."""

import numpy as np
import pytest

from needle_hw4 import Tensor, nn
from needle_shared.testing import assert_close


def np_attention(q, k, v, causal, kept=1.0):
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    if causal:
        queries, keys = scores.shape[-2:]
        weights = weights * (np.arange(keys) <= np.arange(queries)[:, None] + keys - queries)
    weights = weights / weights.sum(-1, keepdims=True) * kept
    return np.matmul(weights, v), weights


def np_layer_norm(x, p, name):
    centred = x - x.mean(-1, keepdims=True)
    rate = 1 / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return centred * rate * p[f"{name}_weight"] + p[f"{name}_bias"]


def np_attention_layer(q, k, v, p, name, heads, causal, kept=1.0):
    def projected(x, which):
        y = np_layer_norm(x, p, f"{name}prenorm_{which}") @ p[f"{name}{which}_projection_weight"]
        return y.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)

    parts = (projected(x, which) for x, which in zip((q, k, v), "qkv", strict=True))
    y, _ = np_attention(*parts, causal, kept)
    batch, _, steps, _ = y.shape
    joined = y.transpose(0, 2, 1, 3).reshape(batch, steps, -1)
    return joined @ p[f"{name}out_projection_weight"]


def np_transformer_layer(x, p, name, heads, causal, masks=(1.0,) * 4):
    y = np_attention_layer(x, x, x, p, f"{name}attention_", heads, causal, masks[0])
    x = x + y * masks[1]
    y = np_layer_norm(x, p, f"{name}mlp_0") @ p[f"{name}mlp_1_weight"] + p[f"{name}mlp_1_bias"]
    y = np.maximum(y, 0) * masks[2]
    return x + (y @ p[f"{name}mlp_4_weight"] + p[f"{name}mlp_4_bias"]) * masks[3]


def parameters_of(module):
    return {name.replace(".", "_"): p.numpy() for name, p in module.named_parameters()}


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(("queries", "keys"), [(3, 3), (1, 1), (2, 3)])
def test_multi_head_attention(here, leaf, read, module_check, queries, keys, causal):
    module = nn.MultiHeadAttention(causal=causal, dtype="float64")
    q, k, v = leaf(2, 2, queries, 3), leaf(2, 2, keys, 3), leaf(2, 2, keys, 3)
    for position in range(2):
        module_check(
            read(module, lambda pair: pair[position]),  # noqa: B023
            lambda *qkv: np_attention(*qkv, causal)[position],  # noqa: B023
            q, k, v,
        )  # fmt: skip
    assert isinstance(module(q, k, v), tuple)


def test_one_tensor_may_be_query_key_and_value(here, leaf, module_check):
    class Self(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiHeadAttention(causal=True)

        def forward(self, x):
            return self.attention(x, x, x)[0]

    module_check(Self(), lambda x: np_attention(x, x, x, True)[0], leaf(1, 2, 3, 2))


def test_dropout_of_attention_is_one_draw_of_its_weights(here, leaf, global_generator):
    module = nn.MultiHeadAttention(dropout=0.4, causal=True)
    q, k, v = (leaf(2, 2, 3, 4) for _ in range(3))
    global_generator.seed(3)
    result, weights = module(q, k, v)
    after = global_generator.rand()
    global_generator.seed(3)
    kept = (global_generator.rand(2, 2, 3, 3).astype("float32") <= 0.6) / 0.6
    assert after == global_generator.rand()
    expected = np_attention(q.numpy(), k.numpy(), v.numpy(), True, kept)
    assert_close(result, expected[0])
    assert_close(weights, expected[1])
    module.eval()
    assert_close(module(q, k, v)[0], np_attention(q.numpy(), k.numpy(), v.numpy(), True)[0])


@pytest.mark.parametrize("causal", [True, False])
def test_attention_layer_of_three_inputs(here, leaf, randomized, module_check, causal):
    module = randomized(
        nn.AttentionLayer(
            3, 2, 2, k_features=4, v_features=2, out_features=5, causal=causal, dtype="float64"
        )
    )
    inputs = leaf(2, 3, 3), leaf(2, 3, 4), leaf(2, 3, 2)
    module_check(
        module, lambda q, k, v, **p: np_attention_layer(q, k, v, p, "", 2, causal), *inputs
    )
    assert module(*inputs).shape == (2, 3, 5)


def test_attention_layer_of_one_input_attends_to_itself(here, leaf, randomized, module_check):
    module = randomized(nn.AttentionLayer(3, 1, 2, dtype="float64"))
    module_check(module, lambda x, **p: np_attention_layer(x, x, x, p, "", 1, True), leaf(2, 3, 3))
    x, k = leaf(1, 2, 3), leaf(1, 2, 3)
    assert_close(module(x, k), module(x, k, x))


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 0, 4)])
def test_layers_of_no_sequences_and_of_no_steps(here, leaf, shape):
    x = leaf(*shape, dtype="float32")
    module = nn.Transformer(4, 5, 1, num_head=2, dim_head=3, sequence_len=6, batch_first=True)
    for create_graph in (True, False):
        y, _ = module(x)
        assert y.shape == shape
        y.backward(create_graph=create_graph)
        assert x.grad.shape == shape
        assert (module.layers[0].attention.q_projection.weight.grad.numpy() == 0).all()


def test_queries_may_be_fewer_than_keys(here, leaf, randomized):
    module = randomized(nn.AttentionLayer(3, 2, 2, causal=False, dtype="float64"))
    q, k = leaf(2, 2, 3), leaf(2, 4, 3)
    expected = np_attention_layer(
        *(t.numpy() for t in (q, k, k)), parameters_of(module), "", 2, False
    )
    assert_close(module(q, k, k), expected)


@pytest.mark.parametrize("causal", [True, False])
def test_transformer_layer(here, leaf, randomized, module_check, causal):
    module = randomized(nn.TransformerLayer(3, 2, 2, 4, causal=causal, dtype="float64"))
    module_check(module, lambda x, **p: np_transformer_layer(x, p, "", 2, causal), leaf(1, 3, 3))


def test_dropout_of_a_transformer_layer_is_drawn_in_order(here, leaf, randomized, global_generator):
    module = randomized(nn.TransformerLayer(3, 2, 2, 4, dropout=0.3, dtype="float64"))
    x = leaf(2, 3, 3)
    global_generator.seed(5)
    found = module(x)
    global_generator.seed(5)
    shapes = [(2, 2, 3, 3), (2, 3, 3), (2, 3, 4), (2, 3, 3)]
    masks = [(global_generator.rand(*s).astype("float32") <= 0.7) / 0.7 for s in shapes]
    assert_close(found, np_transformer_layer(x.numpy(), parameters_of(module), "", 2, True, masks))
    module.eval()
    assert_close(module(x), np_transformer_layer(x.numpy(), parameters_of(module), "", 2, True))


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("layers", [1, 2])
def test_transformer(here, leaf, read, randomized, rng, all_gradients, layers, batch_first):
    module = randomized(
        nn.Transformer(3, 4, layers, num_head=2, dim_head=2, batch_first=batch_first,
                       sequence_len=5, dtype="float64")
    )  # fmt: skip
    x = leaf(2, 4, 3) if batch_first else leaf(4, 2, 3)
    y, h = module(x, "a state that nobody looks at")
    p = parameters_of(module)
    expected = x.numpy() if batch_first else x.numpy().swapaxes(0, 1)
    expected = expected + p["positions_weight"][:4]
    for layer in range(layers):
        expected = np_transformer_layer(expected, p, f"layers_{layer}_", 2, True)
    assert_close(y, expected if batch_first else expected.swapaxes(0, 1))
    assert_close(h, np.zeros(x.shape))
    grads = all_gradients(y, Tensor(rng.standard_normal(y.shape)), [x, *module.parameters()])
    assert all(np.abs(grad).sum() > 0 for grad in grads)
    assert (module.positions.weight.grad.numpy()[4:] == 0).all()


def test_transformer_has_the_defaults_of_the_course(here):
    module = nn.Transformer(2, 3, 1)
    assert module.positions.weight.shape == (2048, 2)
    attention = module.layers[0].attention
    assert (attention.num_head, attention.dim_head) == (8, 32)
    assert attention.attn.causal
    assert attention.attn.dropout.p == 0.0
    assert not nn.MultiHeadAttention().causal
    assert not nn.Transformer(2, 3, 1, causal=False, sequence_len=4).layers[0].attention.attn.causal


@pytest.mark.parametrize("causal", [True, False])
def test_what_comes_later_does_not_matter_if_causal(here, leaf, causal):
    module = nn.Transformer(4, 5, 2, num_head=2, dim_head=3, causal=causal, sequence_len=6)
    x = leaf(5, 2, 4, dtype="float32")
    changed = x.numpy()
    changed[3:] += 1.0
    before, after = (module(Tensor(a))[0].numpy() for a in (x.numpy(), changed))
    assert ((before[:3] == after[:3]).all()) == causal
    assert (before[3:] != after[3:]).any()
    module(x)[0][:3].backward()
    assert ((x.grad.numpy()[3:] == 0).all()) == causal


@pytest.mark.parametrize(
    "shapes",
    [
        [(2, 3, 4), (2, 3, 4), (2, 3, 4)],
        [(1, 2, 3, 4), (1, 2, 3, 5), (1, 2, 3, 5)],
        [(1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 2, 4)],
        [(1, 2, 3, 4), (2, 2, 3, 4), (2, 2, 3, 4)],
        [(1, 2, 3, 4), (1, 1, 3, 4), (1, 1, 3, 4)],
    ],
)
def test_attention_names_shapes_that_do_not_fit(here, leaf, shapes):
    with pytest.raises(ValueError, match=r"attention takes q \(B, H, T, D\)") as caught:
        nn.MultiHeadAttention()(*(leaf(*shape) for shape in shapes))
    assert all(str(shape) in str(caught.value) for shape in shapes)


@pytest.mark.parametrize("batch_first", [True, False])
def test_transformer_names_sequences_that_do_not_fit(here, leaf, batch_first):
    module = nn.Transformer(
        2, 3, 1, num_head=1, dim_head=1, sequence_len=3, batch_first=batch_first
    )
    shape = (1, 4, 2) if batch_first else (4, 1, 2)
    with pytest.raises(ValueError, match="at most sequence_len = 3 steps, got 4"):
        module(leaf(*shape))
    axes = r"\(B, T, 2\)" if batch_first else r"\(T, B, 2\)"
    for shape in [(2, 2), (1, 3, 3)]:
        with pytest.raises(ValueError, match=f"takes inputs of shape {axes}") as caught:
            module(leaf(*shape))
        assert str(shape) in str(caught.value)


@pytest.mark.parametrize("shape", [(2, 3), (3,), (1, 2, 2, 3)])
def test_attention_layer_names_inputs_that_do_not_fit(here, leaf, shape):
    with pytest.raises(ValueError, match=r"\(B, T, 3\)") as caught:
        nn.AttentionLayer(3, 1, 2)(leaf(*shape))
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize(("arguments", "message"), [
    ((3, 0, 2), "num_head .* 0"), ((3, 2, -1), "dim_head .* -1"), ((0, 1, 2), "0"),
])  # fmt: skip
def test_impossible_heads_are_refused(here, arguments, message):
    with pytest.raises(ValueError, match=message):
        nn.AttentionLayer(*arguments)
