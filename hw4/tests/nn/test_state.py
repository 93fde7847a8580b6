"""What modules draw when they are made, what their state is called, and where it goes."""

import copy
import math

import numpy as np
import pytest

import needle_hw1
import needle_hw4 as ndl
from needle_hw4 import Tensor, models, nn
from needle_shared.testing import assert_close

pytestmark = pytest.mark.usefixtures("global_generator")


def uniform(*shape, bound):
    return lambda: (np.random.rand(*shape).astype("float32") * (2 * bound) - bound).astype(
        "float32"
    )


def normal(*shape):
    return lambda: np.random.randn(*shape).astype("float32")


def constant(*shape, value):
    return lambda: np.full(shape, value, "float32")


def conv(inputs, outputs, size, groups=1):
    fan_in = inputs // groups * size**2
    weight = uniform(size, size, inputs // groups, outputs, bound=math.sqrt(6 / fan_in))
    return {"weight": weight, "bias": uniform(outputs, bound=1 / math.sqrt(fan_in))}


def batch_norm(dim):
    return {"weight": constant(dim, value=1), "bias": constant(dim, value=0)}


def conv_bn(inputs, outputs, size):
    return within("0", conv(inputs, outputs, size)) | within("1", batch_norm(outputs))


def linear(inputs, outputs, bias=True):
    result = {"weight": uniform(inputs, outputs, bound=math.sqrt(6 / inputs))}
    if bias:  # drawn as a column of `outputs` inputs
        column = uniform(outputs, 1, bound=math.sqrt(6 / outputs))
        result["bias"] = lambda: column().reshape(1, outputs)
    return result


def cell(inputs, hidden, gates=1, bias=True):
    names = {"W_ih": (inputs, gates * hidden), "W_hh": (hidden, gates * hidden)}
    if bias:
        names |= {"bias_ih": (gates * hidden,), "bias_hh": (gates * hidden,)}
    return {name: uniform(*shape, bound=1 / math.sqrt(hidden)) for name, shape in names.items()}


def attention(q, k, v, out, inner):
    norms = {f"prenorm_{which}.{part}": make for which, size in [("q", q), ("k", k), ("v", v)]
             for part, make in batch_norm(size).items()}  # fmt: skip
    for name, inputs, outputs in [("q", q, inner), ("k", k, inner), ("v", v, inner),
                                  ("out", inner, out)]:  # fmt: skip
        norms |= within(f"{name}_projection", linear(inputs, outputs, bias=False))
    return norms


def transformer_layer(features, inner, hidden):
    return {
        **within("attention", attention(features, features, features, features, inner)),
        **within("mlp.0", batch_norm(features)),
        **within("mlp.1", linear(features, hidden)),
        **within("mlp.4", linear(hidden, features)),
    }


def within(prefix, parts):
    return {f"{prefix}.{name}": make for name, make in parts.items()}


def resnet9():
    blocks = {"0": (3, 16, 7), "1": (16, 32, 3), "2.fn.0": (32, 32, 3), "2.fn.1": (32, 32, 3),
              "3": (32, 64, 3), "4": (64, 128, 3), "5.fn.0": (128, 128, 3),
              "5.fn.1": (128, 128, 3)}  # fmt: skip
    parts = {}
    for name, sizes in blocks.items():
        parts |= within(f"model.{name}", conv_bn(*sizes))
    return parts | within("model.7", linear(128, 128)) | within("model.9", linear(128, 10))


HEADS = {"num_head": 2, "dim_head": 4}
# What makes the module, and its parameters in the order in which they are drawn.
CASES = {
    "Conv": (lambda **o: nn.Conv(3, 5, 3, **o), conv(3, 5, 3)),
    "Conv stride": (lambda **o: nn.Conv(2, 3, 1, 2, **o), conv(2, 3, 1)),
    "Conv no bias": (lambda **o: nn.Conv(3, 5, 2, bias=False, **o),
                     {"weight": conv(3, 5, 2)["weight"]}),
    "Conv groups": (lambda **o: nn.Conv(4, 6, 3, groups=2, **o), conv(4, 6, 3, 2)),
    "BatchNorm2d": (lambda **o: nn.BatchNorm2d(3, **o), batch_norm(3)),
    "Embedding": (lambda **o: nn.Embedding(5, 3, **o), {"weight": normal(5, 3)}),
    "RNNCell": (lambda **o: nn.RNNCell(3, 4, **o), cell(3, 4)),
    "RNNCell no bias": (lambda **o: nn.RNNCell(3, 4, False, "relu", **o), cell(3, 4, bias=False)),
    "LSTMCell": (lambda **o: nn.LSTMCell(3, 4, **o), cell(3, 4, 4)),
    "RNN": (lambda **o: nn.RNN(3, 4, 2, **o),
            within("rnn_cells.0", cell(3, 4)) | within("rnn_cells.1", cell(4, 4))),
    "LSTM": (lambda **o: nn.LSTM(3, 4, 2, **o),
             within("lstm_cells.0", cell(3, 4, 4)) | within("lstm_cells.1", cell(4, 4, 4))),
    "LSTM no bias": (lambda **o: nn.LSTM(3, 4, bias=False, **o),
                     within("lstm_cells.0", cell(3, 4, 4, bias=False))),
    "MultiHeadAttention": (nn.MultiHeadAttention, {}),
    "AttentionLayer": (
        lambda **o: nn.AttentionLayer(6, 2, 4, k_features=5, v_features=3, out_features=7, **o),
        attention(6, 5, 3, 7, 8)),
    "AttentionLayer of one": (lambda **o: nn.AttentionLayer(6, 2, 4, **o),
                              attention(6, 6, 6, 6, 8)),
    "TransformerLayer": (lambda **o: nn.TransformerLayer(6, 2, 4, 5, **o),
                         transformer_layer(6, 8, 5)),
    "Transformer": (
        lambda **o: nn.Transformer(6, 5, 2, sequence_len=7, **HEADS, **o),
        within("positions", {"weight": normal(7, 6)})
        | within("layers.0", transformer_layer(6, 8, 5))
        | within("layers.1", transformer_layer(6, 8, 5))),
    "ResNet9": (models.ResNet9, resnet9()),
    "LanguageModel rnn": (
        lambda **o: models.LanguageModel(3, 6, 4, **o),
        within("embedding", {"weight": normal(6, 3)}) | within("model.rnn_cells.0", cell(3, 4))
        | within("linear", linear(4, 6))),
    "LanguageModel lstm": (
        lambda **o: models.LanguageModel(3, 6, 4, 1, "lstm", **o),
        within("embedding", {"weight": normal(6, 3)}) | within("model.lstm_cells.0", cell(3, 4, 4))
        | within("linear", linear(4, 6))),
    "LanguageModel transformer": (
        lambda **o: models.LanguageModel(3, 6, 5, 1, "transformer", 9, **HEADS, **o),
        within("embedding", {"weight": normal(6, 3)})
        | within("model.positions", {"weight": normal(9, 3)})
        | within("model.layers.0", transformer_layer(3, 8, 5)) | within("linear", linear(3, 6))),
}  # fmt: skip
each = pytest.mark.parametrize("name", CASES)


@each
def test_parameters_are_drawn_in_the_order_of_the_course(device, name):
    make, expected = CASES[name]
    np.random.seed(7)
    module = make(device=device)
    after = np.random.rand()
    np.random.seed(7)
    drawn = {key: draw() for key, draw in expected.items()}
    assert after == np.random.rand()
    assert [key for key, _ in module.named_parameters()] == list(expected)
    for key, p in module.named_parameters():
        assert type(p) is nn.Parameter
        assert p.is_leaf()
        assert p.device == device
        assert_close(p, drawn[key], rtol=1e-6, atol=1e-7)
    for buffer in module.buffers():
        assert buffer.device == device
        assert buffer.dtype == "float32"


@each
def test_module_is_of_the_dtype_that_was_asked_for(here, name):
    module = CASES[name][0](dtype="float64")
    assert {str(tensor.dtype) for tensor in module.state_dict().values()} <= {"float64"}


@each
def test_state_makes_the_round_trip(device, rng, name):
    make, _ = CASES[name]
    one, other = make(device=device), make(device=device)
    for tensor in [*one.parameters(), *one.buffers()]:
        tensor.data = Tensor(rng.standard_normal(tensor.shape).astype("float32"), device=device)
    state = one.state_dict()
    statistics = [key for key in state if "running" in key]
    assert len(statistics) == 2 * len([key for key in state if key.endswith("running_mean")])
    assert set(state) == {*CASES[name][1], *statistics}
    other.load_state_dict(state)
    copied = copy.deepcopy(one)
    for module in (other, copied):
        assert list(module.state_dict()) == list(state)
        for key, tensor in module.state_dict().items():
            assert tensor.device == device
            np.testing.assert_array_equal(tensor.numpy(), state[key].numpy())


@each
def test_checkpoint_of_one_device_is_read_on_every_other(device, tmp_path, name):
    make, _ = CASES[name]
    model = make(device=device)
    optimizer = ndl.optim.Adam(model.parameters(), lr=0.1) if model.parameters() else None
    for p in model.parameters():
        p.grad = Tensor(np.ones(p.shape, "float32"), device=device)
    if optimizer:
        optimizer.step()
    ndl.save(model, optimizer, tmp_path / "file", progress={"epoch": 3})
    for home in [d for d in ndl.all_devices() if d.enabled()] + [needle_hw1.cpu()]:
        other = make(device=home)
        its = ndl.optim.Adam(other.parameters(), lr=0.5) if optimizer else None
        assert ndl.load(other, its, tmp_path / "file") == {"epoch": 3}
        for key, tensor in other.state_dict().items():
            assert tensor.device == home
            np.testing.assert_array_equal(tensor.numpy(), model.state_dict()[key].numpy())
        if its:
            assert its.lr == 0.1
            moments = [slots["first_moment"] for slots in its.state_dict()["state"].values()]
            assert all(moment.device == home for moment in moments)


@each
def test_module_moves_between_devices(device, name):
    make, _ = CASES[name]
    for home in [d for d in ndl.all_devices() if d.enabled()] + [needle_hw1.cpu()]:
        module = make(device=home)
        before = {key: tensor.numpy() for key, tensor in module.state_dict().items()}
        assert module.to(device) is module
        for key, tensor in module.state_dict().items():
            assert tensor.device == device
            np.testing.assert_array_equal(tensor.numpy(), before[key])


def test_module_that_was_moved_computes_there(device):
    others = [d for d in ndl.all_devices() if d.enabled() and d != device]
    for other in others:
        for model, x in [
            (models.LanguageModel(3, 6, 4, 2, "lstm", device=other), np.array([[1, 2], [3, 4]])),
            (nn.Sequential(nn.Conv(1, 2, 3, device=other), nn.BatchNorm2d(2, device=other)),
             np.linspace(-1, 1, 32, dtype="float32").reshape(2, 1, 4, 4)),
        ]:  # fmt: skip
            results = []
            for home in (other, device):
                model.to(home)
                y = model(Tensor(x, device=home))
                y = y[0] if isinstance(y, tuple) else y
                assert y.device == home
                y.backward(create_graph=False)
                results.append([y.numpy(), *(p.grad.numpy() for p in model.parameters())])
            for a, b in zip(*results, strict=True):
                assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_mode_reaches_every_module_inside(device):
    model = models.LanguageModel(3, 6, 4, 1, "transformer", 9, **HEADS, device=device, dropout=0.5)
    for module in (model, models.ResNet9(device=device)):
        assert all(m.training for m in nn.Module.modules(module))
        module.eval()
        assert not any(m.training for m in nn.Module.modules(module))
        module.train()
        assert all(m.training for m in nn.Module.modules(module))
