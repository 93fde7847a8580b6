# ruff: noqa: B905, PLR0402 -- written as course code is
import math
import sys

import numpy as np
import pytest

sys.path.append("./python")
import needle as ndl
import needle.nn as nn

DEVICES = [
    ndl.cpu(),
    pytest.param(ndl.cuda(), marks=pytest.mark.skipif(not ndl.cuda().enabled(), reason="no GPU")),
]
on_devices = pytest.mark.parametrize("device", DEVICES, ids=["cpu", "cuda"])


def randn(*shape, device=None):
    return ndl.Tensor(np.random.randn(*shape), device=device)


def check(found, expected, tol=1e-5):
    assert isinstance(found, ndl.Tensor)
    assert found.dtype == "float32"
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.numpy(), expected, atol=tol, rtol=tol)


@on_devices
def test_kaiming_uniform_of_a_shape(device):
    shape = (3, 3, 16, 8)
    for make in (
        lambda: ndl.init.kaiming_uniform(16 * 9, 8 * 9, shape=shape, device=device),
        lambda: ndl.init.init_initializers.kaiming_uniform(16 * 9, 8 * 9, shape, "relu"),
    ):
        np.random.seed(1)
        weight = make()
        np.random.seed(1)
        bound = math.sqrt(2) * math.sqrt(3 / (16 * 9))
        check(weight, (2 * np.random.rand(*shape) - 1) * bound)
    np.random.seed(1)
    weight = ndl.init.kaiming_uniform(3, 4)
    np.random.seed(1)
    check(weight, (2 * np.random.rand(3, 4) - 1) * math.sqrt(2))


@on_devices
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3])
def test_conv(kernel, stride, device):
    np.random.seed(0)
    layer = nn.Conv(2, 4, kernel, stride=stride, device=device)
    after = np.random.rand()
    np.random.seed(0)
    fan_in = 2 * kernel**2
    shape = (kernel, kernel, 2, 4)
    check(layer.weight, (2 * np.random.rand(*shape) - 1) * math.sqrt(6 / fan_in))
    check(layer.bias, (2 * np.random.rand(4) - 1) / math.sqrt(fan_in))
    assert after == np.random.rand()
    assert len(layer.parameters()) == 2
    assert len(nn.Conv(2, 4, kernel, bias=False, device=device).parameters()) == 1
    x = randn(3, 2, 8, 8, device=device)
    y = layer(x)
    p = kernel // 2
    padded = np.pad(x.numpy(), ((0, 0), (0, 0), (p, p), (p, p)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]
    expected = np.einsum("nchwuv,uvck->nkhw", windows, layer.weight.numpy())
    check(y, expected + layer.bias.numpy()[:, None, None], tol=1e-4)
    y.sum().backward()
    expected = np.repeat(windows.sum(axis=(0, 2, 3))[..., None], 4, axis=-1)
    check(layer.weight.grad, expected.transpose(1, 2, 0, 3), tol=1e-4)
    check(layer.bias.grad, np.full(4, y.shape[0] * y.shape[2] * y.shape[3]), tol=1e-4)
    assert x.grad.shape == x.shape


@on_devices
def test_batch_norm_of_images(device):
    np.random.seed(1)
    norm, x = nn.BatchNorm2d(3, device=device), randn(4, 3, 2, 5, device=device)
    pixels = x.numpy().transpose(0, 2, 3, 1).reshape(-1, 3)
    mean, var = pixels.mean(axis=0), pixels.var(axis=0)
    expected = (x.numpy() - mean[:, None, None]) / np.sqrt(var[:, None, None] + 1e-5)
    check(norm(x), expected, tol=1e-4)
    check(norm.running_mean, 0.1 * mean)
    check(norm.running_var, 0.9 + 0.1 * var)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rnn_step(x, h, W_ih, W_hh, b_ih=0, b_hh=0, f=np.tanh):
    return f(x @ W_ih + b_ih + h @ W_hh + b_hh)


def lstm_step(x, h, c, W_ih, W_hh, b_ih=0, b_hh=0):
    i, f, g, o = np.split(x @ W_ih + b_ih + h @ W_hh + b_hh, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def relu(x):
    return np.maximum(x, 0)


def weights(cell):
    values = (cell.W_ih, cell.W_hh, cell.bias_ih, cell.bias_hh)
    return [value.numpy().astype(np.float64) for value in values if value is not None]


@on_devices
@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell"])
def test_weights_of_cells_are_drawn_in_order(kind, device):
    np.random.seed(5)
    cell = getattr(nn, kind)(3, 4, bias=True, device=device)
    np.random.seed(5)
    width = 16 if kind == "LSTMCell" else 4
    for found, shape in zip(weights(cell), ((3, width), (4, width), (width,), (width,))):
        np.testing.assert_allclose(found, np.random.rand(*shape) - 0.5, atol=1e-6)


@on_devices
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("init_hidden", [True, False])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_rnn_cell(nonlinearity, init_hidden, bias, device):
    np.random.seed(6)
    cell = nn.RNNCell(3, 4, bias=bias, nonlinearity=nonlinearity, device=device)
    assert len(cell.parameters()) == (4 if bias else 2)
    x, h = randn(5, 3, device=device), randn(5, 4, device=device)
    found = cell(x, h if init_hidden else None)
    f = {"tanh": np.tanh, "relu": relu}[nonlinearity]
    before = h.numpy() if init_hidden else np.zeros((5, 4))
    check(found, rnn_step(x.numpy(), before, *weights(cell), f=f))
    assert found.device == device
    found.sum().backward()
    assert cell.W_hh.grad.shape == (4, 4)
    cell.W_ih = ndl.Tensor(np.ones((3, 4)), device=device)
    check(cell(x, h), rnn_step(x.numpy(), h.numpy(), *weights(cell), f=f))


@on_devices
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("init_hidden", [True, False])
def test_lstm_cell(init_hidden, bias, device):
    np.random.seed(7)
    cell = nn.LSTMCell(3, 4, bias=bias, device=device)
    x, h, c = (randn(*shape, device=device) for shape in ((5, 3), (5, 4), (5, 4)))
    found = cell(x, (h, c) if init_hidden else None)
    states = [s.numpy() if init_hidden else np.zeros((5, 4)) for s in (h, c)]
    assert isinstance(found, tuple)
    for one, expected in zip(found, lstm_step(x.numpy(), *states, *weights(cell))):
        check(one, expected)
    found[0].sum().backward()
    assert cell.W_hh.grad.shape == (4, 16)


@on_devices
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("init_hidden", [True, False])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_rnn(nonlinearity, init_hidden, num_layers, device):
    np.random.seed(8)
    model = nn.RNN(3, 4, num_layers, True, device=device, nonlinearity=nonlinearity)
    x, h0 = randn(6, 5, 3, device=device), randn(num_layers, 5, 4, device=device)
    output, h_n = model(x, h0 if init_hidden else None)
    f = {"tanh": np.tanh, "relu": relu}[nonlinearity]
    states = x.numpy()
    for layer, cell in enumerate(model.rnn_cells):
        h, outputs = h0.numpy()[layer] if init_hidden else np.zeros((5, 4)), []
        for step in states:
            h = rnn_step(step, h, *weights(cell), f=f)
            outputs.append(h)
        states = np.stack(outputs)
        np.testing.assert_allclose(h_n.numpy()[layer], h, atol=1e-5)
    check(output, states)
    assert h_n.device == device
    output.sum().backward()
    assert model.rnn_cells[0].W_ih.grad.shape == (3, 4)


@on_devices
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("init_hidden", [True, False])
def test_lstm(init_hidden, num_layers, device):
    np.random.seed(9)
    model = nn.LSTM(3, 4, num_layers, bias=True, device=device)
    x = randn(6, 5, 3, device=device)
    h0, c0 = (randn(num_layers, 5, 4, device=device) for _ in range(2))
    output, (h_n, c_n) = model(x, (h0, c0)) if init_hidden else model(x)
    states = x.numpy()
    for layer, cell in enumerate(model.lstm_cells):
        h, c = ((s.numpy() if init_hidden else 0 * s.numpy())[layer] for s in (h0, c0))
        outputs = []
        for step in states:
            h, c = lstm_step(step, h, c, *weights(cell))
            outputs.append(h)
        states = np.stack(outputs)
        np.testing.assert_allclose(h_n.numpy()[layer], h, atol=1e-5)
        np.testing.assert_allclose(c_n.numpy()[layer], c, atol=1e-5)
    check(output, states)
    output.sum().backward()
    assert model.lstm_cells[-1].bias_hh.grad.shape == (16,)


@on_devices
@pytest.mark.parametrize("kind", ["RNN", "LSTM"])
def test_gradients_of_sequence_models(kind, device):
    np.random.seed(10)
    model = getattr(nn, kind)(2, 3, 2, bias=True, device=device)
    x, c = randn(4, 2, 2, device=device), np.random.randn(4, 2, 3)

    def loss():
        return (model(x)[0].numpy() * c).sum()

    (model(x)[0] * ndl.Tensor(c, device=device)).sum().backward()
    for tensor in (x, *model.parameters()):
        numerical, eps = np.zeros(tensor.shape), 1e-2
        for j in range(tensor.realize_cached_data().size):
            tensor.realize_cached_data().flat[j] += eps
            f1 = loss()
            tensor.realize_cached_data().flat[j] -= 2 * eps
            f2 = loss()
            tensor.realize_cached_data().flat[j] += eps
            numerical.flat[j] = (f1 - f2) / (2 * eps)
        np.testing.assert_allclose(tensor.grad.numpy(), numerical, rtol=5e-3, atol=1e-3)


@on_devices
@pytest.mark.parametrize("dtype", ["float32", None])
def test_embedding_of_numbers_as_floats(dtype, device):
    np.random.seed(11)
    layer = nn.Embedding(7, 3, device=device)
    np.random.seed(11)
    check(layer.weight, np.random.randn(7, 3))
    ids = np.random.randint(7, size=(5, 2))
    y = layer(ndl.Tensor(ids, device=device, dtype=dtype))
    check(y, layer.weight.numpy()[ids])
    y.sum().backward()
    counts = np.bincount(ids.reshape(-1), minlength=7)
    check(layer.weight.grad, np.repeat(counts[:, None], 3, axis=1))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@on_devices
@pytest.mark.parametrize("causal", [True, False])
def test_attention(causal, device):
    np.random.seed(12)
    q, k, v = (randn(2, 3, 5, 4, device=device) for _ in range(3))
    attention = nn.MultiHeadAttention(dropout=0.0, causal=causal, device=device)
    result, probs = attention(q, k, v)
    scores = np.einsum("bhtd,bhsd->bhts", q.numpy(), k.numpy()) / 2
    if causal:
        scores += np.triu(np.full((5, 5), -1e30), 1)
    check(probs, softmax(scores))
    check(result, softmax(scores) @ v.numpy(), tol=1e-4)
    check(attention.matmul(q, k), q.numpy() @ k.numpy().swapaxes(2, 3), tol=1e-4)
    check(attention.softmax(q), softmax(q.numpy()))
    mask = attention.create_causal_mask(2, 3, device)
    lowest = np.finfo(np.float32).min
    np.testing.assert_array_equal(mask.numpy(), [[[[0, 0, lowest], [0, 0, 0]]]])
    assert mask.device == device
    assert nn.nn_transformer.MultiHeadAttention is nn.MultiHeadAttention


@on_devices
def test_transformer(device):
    from needle.nn.nn_transformer import AttentionLayer, Transformer, TransformerLayer

    np.random.seed(13)
    x = randn(2, 5, 8, device=device)
    layer = AttentionLayer(8, 2, 3, causal=False, dropout=0.0, device=device)
    assert [p.shape for p in layer.parameters() if len(p.shape) == 2] == [(8, 6)] * 3 + [(6, 8)]
    normal = x.numpy() - x.numpy().mean(axis=2, keepdims=True)
    normal /= np.sqrt(x.numpy().var(axis=2, keepdims=True) + 1e-5)
    q, k, v = (
        (normal @ p.weight.numpy()).reshape(2, 5, 2, 3).swapaxes(1, 2)
        for p in (layer.q_projection, layer.k_projection, layer.v_projection)
    )
    attended = softmax(q @ k.swapaxes(2, 3) / math.sqrt(3)) @ v
    joined = attended.swapaxes(1, 2).reshape(2, 5, 6)
    check(layer(x), joined @ layer.out_projection.weight.numpy(), tol=1e-4)
    assert layer(x, x, x).device == device
    assert TransformerLayer(8, 2, 3, 16, causal=True, device=device)(x).shape == x.shape

    model = Transformer(
        8, 16, 2, num_head=2, dim_head=3, dropout=0.0, causal=True, device=device,
        batch_first=True, sequence_len=5,
    )  # fmt: skip
    y, h = model(x)
    assert y.shape == x.shape
    changed = x.numpy()
    changed[:, 3:] = 0
    before, _ = model(ndl.Tensor(changed, device=device))
    np.testing.assert_allclose(before.numpy()[:, :3], y.numpy()[:, :3], atol=1e-5)
    y.sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    np.testing.assert_array_equal(h.numpy(), np.zeros(h.shape))


def test_modules_by_their_full_names():
    from needle.nn.nn_basic import BatchNorm1d, Linear, Parameter
    from needle.nn.nn_conv import BatchNorm2d, Conv
    from needle.nn.nn_sequence import LSTM, RNN, Embedding, LSTMCell, RNNCell, Sigmoid

    assert issubclass(Parameter, ndl.Tensor)
    assert isinstance(Linear(2, 3).weight, Parameter)
    assert issubclass(BatchNorm2d, BatchNorm1d)
    for module in (Conv, RNN, LSTM, LSTMCell, RNNCell, Embedding, Sigmoid):
        assert issubclass(module, nn.Module)
    check(Sigmoid()(ndl.Tensor([0.0, 2.0])), sigmoid(np.array([0.0, 2.0])))


@on_devices
@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8"])
def test_labels_of_any_dtype(dtype, device):
    np.random.seed(14)
    logits, y = randn(4, 3, device=device), np.array([0, 2, 1, 1], dtype=dtype)
    expected = -np.log(softmax(logits.numpy())[range(4), y.astype(int)]).mean()
    for labels in (ndl.Tensor(y, device=device), ndl.Tensor(y, device=device, dtype=dtype)):
        check(nn.SoftmaxLoss()(logits, labels), expected)
    one_hot = ndl.init.one_hot(3, ndl.Tensor(y, device=device), device=device)
    check(one_hot, np.eye(3)[y.astype(int)])


@on_devices
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_training_lowers_the_loss(optimizer, device):
    np.random.seed(15)
    model = nn.Sequential(
        nn.Conv(2, 4, 3, device=device), nn.ReLU(), nn.BatchNorm2d(4, device=device),
        nn.Dropout(0.1), nn.Flatten(), nn.Linear(64, 3, device=device),
    )  # fmt: skip
    x, y = randn(12, 2, 4, 4, device=device), ndl.Tensor(np.arange(12) % 3, device=device)
    opt = getattr(ndl.optim, optimizer)(model.parameters(), lr=0.02, weight_decay=1e-4)
    losses = []
    for _ in range(10):
        opt.reset_grad()
        loss = nn.SoftmaxLoss()(model(x), y)
        loss.backward()
        opt.step()
        losses.append(float(loss.numpy()))
    assert losses[-1] < losses[0]
    assert all(p.dtype == "float32" for p in model.parameters())
