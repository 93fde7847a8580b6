# ruff: noqa: B905, F403, F405, PLR0402 -- written as course code is
import sys

sys.path.append("./python")
sys.path.append("./apps")
import mugrade
import needle as ndl
import needle.nn as nn
import numpy as np
import pytest
from mlp_resnet import *

DRAWS_AFTER_THE_IMPORT = np.random.rand(3)


def test_importing_mlp_resnet_seeds_the_generator():
    np.random.seed(0)
    np.testing.assert_array_equal(DRAWS_AFTER_THE_IMPORT, np.random.rand(3))


def test_star_import_gives_the_modules_that_apps_use():
    import apps.mlp_resnet

    assert apps.mlp_resnet.MLPResNet is MLPResNet
    assert nn is ndl.nn
    assert issubclass(nn.Linear, ndl.nn.nn_basic.Module)
    assert os.sep in os.getcwd()
    assert time.time() > 0
    assert max([1, 2]) == 2


def randn(*shape, seed=0, dtype="float32"):
    np.random.seed(seed)
    return ndl.Tensor(np.random.randn(*shape), dtype=dtype)


def gradient(f, x):
    """Differentiate the sum of f(x) by central differences, in the array itself."""
    data, grad = x.realize_cached_data(), np.zeros(x.shape)
    for i in range(data.size):
        values = []
        for step in (1e-4, -2e-4):
            data.flat[i] += step
            values.append(float(f(x).sum().numpy()))
        data.flat[i] += 1e-4
        grad.flat[i] = (values[0] - values[1]) / 2e-4
    return grad


@pytest.mark.parametrize("axes", [None, 0, 1, (0, 1), (0, 2)])
def test_logsumexp(axes):
    x = randn(3, 4, 2, dtype="float64")
    expected = np.log(np.exp(x.numpy()).sum(axis=axes))
    np.testing.assert_allclose(ndl.logsumexp(x, axes=axes).numpy(), expected)
    np.testing.assert_allclose(ndl.logsumexp(x + 1e10, axes=axes).numpy(), expected + 1e10)
    ndl.ops.logsumexp(x, axes=axes).sum().backward()
    numerical = gradient(lambda x: ndl.ops.logsumexp(x, axes=axes), x)
    np.testing.assert_allclose(x.grad.numpy(), numerical, atol=1e-6)


def test_logsoftmax():
    x = randn(3, 4, dtype="float64")
    expected = x.numpy() - np.log(np.exp(x.numpy()).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(ndl.ops.logsoftmax(x).numpy(), expected)

    def f(x):
        return ndl.ops.logsoftmax(x) ** 2

    f(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), gradient(f, x), atol=1e-6)


def test_tuples_of_tensors():
    x, y = ndl.Tensor([1.0, 2.0]), ndl.Tensor([3.0, 4.0])
    both = ndl.make_tuple(x, y)
    assert isinstance(both, ndl.TensorTuple)
    assert isinstance(both, ndl.autograd.TensorTuple)
    assert isinstance(both.op, ndl.autograd.TensorTupleOp)
    assert len(both) == 2
    assert both[1] is y
    z = ndl.ops.fused_add_scalars(x, 10, 20)
    (ndl.ops.tuple_get_item(z, 1) * 3).sum().backward()
    np.testing.assert_allclose(z[0].numpy(), [11, 12])
    np.testing.assert_allclose(x.grad.numpy(), [3, 3])


def test_modules_by_their_full_names():
    from needle.init.init_initializers import kaiming_uniform
    from needle.nn.nn_basic import Linear
    from needle.ops.ops_logarithmic import LogSumExp
    from needle.ops.ops_mathematic import relu
    from needle.ops.ops_tuple import MakeTensorTuple

    assert kaiming_uniform is ndl.init.kaiming_uniform
    assert Linear is nn.Linear
    assert LogSumExp is ndl.ops.LogSumExp
    assert relu is ndl.relu
    assert MakeTensorTuple is ndl.ops.MakeTensorTuple


def test_backend():
    from needle.backend_numpy import cpu
    from needle.backend_selection import BACKEND, NDArray, array_api, default_device

    assert BACKEND == "np"
    assert isinstance(ndl.Tensor([1.0]).cached_data, NDArray)
    assert array_api.add is np.add
    assert default_device() == cpu() == ndl.cpu()


INITIALISERS = {
    "xavier_uniform": (lambda draw: (2 * draw - 1) * 1.5 * np.sqrt(6 / 8), {"gain": 1.5}),
    "xavier_normal": (lambda draw: draw * 0.5 * np.sqrt(2 / 8), {"gain": 0.5}),
    "kaiming_uniform": (lambda draw: (2 * draw - 1) * np.sqrt(2) * np.sqrt(3 / 3), {}),
    "kaiming_normal": (lambda draw: draw * np.sqrt(2 / 3), {"nonlinearity": "relu"}),
}


@pytest.mark.parametrize("name", INITIALISERS)
def test_initialisers_make_one_draw(name):
    scaled, kwargs = INITIALISERS[name]
    np.random.seed(3)
    weights = getattr(ndl.init, name)(3, 5, **kwargs)
    after = np.random.rand()
    np.random.seed(3)
    draw = np.random.rand(3, 5) if "uniform" in name else np.random.randn(3, 5)
    np.testing.assert_allclose(weights.numpy(), scaled(draw), rtol=1e-5, atol=1e-6)
    assert after == np.random.rand()
    assert weights.dtype == "float32"


def test_linear():
    np.random.seed(5)
    layer = nn.Linear(3, 4)
    np.random.seed(5)
    weight, bias = np.random.rand(3, 4), np.random.rand(4, 1)
    np.testing.assert_allclose(layer.weight.numpy(), (2 * weight - 1) * np.sqrt(2), rtol=1e-5)
    assert layer.bias.shape == (1, 4)
    expected = ((2 * bias - 1) * np.sqrt(6 / 4)).T
    np.testing.assert_allclose(layer.bias.numpy(), expected, rtol=1e-5)
    x = randn(2, 5, 3)
    layer.bias.data = ndl.Tensor([1, 2, 3, 4], dtype="float32")
    expected = x.numpy() @ layer.weight.numpy() + np.array([1, 2, 3, 4])
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-5)
    assert len(nn.Linear(3, 4, bias=False).parameters()) == 1


def test_parameters_are_those_of_attributes_lists_tuples_and_dicts_in_order():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Parameter(ndl.init.ones(1))
            self.b = [nn.Linear(1, 2, bias=False), {"c": nn.Linear(2, 3, bias=False)}]
            self.d = (nn.Parameter(ndl.init.ones(4)), "text")
            self.e = ndl.init.ones(5)

    net = Net()
    assert [p.shape for p in net.parameters()] == [(1,), (1, 2), (2, 3), (4,)]
    assert all(isinstance(p, ndl.Tensor) for p in net.parameters())
    assert not isinstance(net.a * 2, nn.Parameter)
    net.eval()
    assert not net.training
    assert not net.b[1]["c"].training
    net.train()
    assert net.b[0].training


def test_containers():
    double = nn.Sequential(nn.Identity(), nn.Residual(nn.Identity()))
    x = randn(2, 3, 4)
    np.testing.assert_allclose(double(x).numpy(), 2 * x.numpy())
    assert isinstance(double.modules[1], nn.Residual)
    assert nn.Flatten()(x).shape == (2, 12)
    np.testing.assert_allclose(nn.ReLU()(x).numpy(), np.maximum(x.numpy(), 0))


def test_softmax_loss():
    logits, y = randn(4, 3), np.array([0, 2, 1, 1])
    loss = nn.SoftmaxLoss()(logits, ndl.Tensor(y, dtype="uint8"))
    exps = np.exp(logits.numpy())
    probs = exps / exps.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(loss.numpy(), -np.log(probs[range(4), y]).mean(), rtol=1e-5)
    loss.backward()
    np.testing.assert_allclose(logits.grad.numpy(), (probs - np.eye(3)[y]) / 4, atol=1e-6)


def test_batch_norm():
    x, norm = randn(6, 3), nn.BatchNorm1d(3)
    mean, var = x.numpy().mean(axis=0), x.numpy().var(axis=0)
    expected = (x.numpy() - mean) / np.sqrt(var + 1e-5)
    np.testing.assert_allclose(norm(x).numpy(), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(norm.running_mean.numpy(), 0.1 * mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(norm.running_var.numpy(), 0.9 + 0.1 * var, rtol=1e-5)
    assert len(norm.parameters()) == 2
    norm.eval()
    expected = (x.numpy() - 0.1 * mean) / np.sqrt(0.9 + 0.1 * var + 1e-5)
    np.testing.assert_allclose(norm(x).numpy(), expected, rtol=1e-4, atol=1e-5)


def test_layer_norm():
    x, norm = randn(2, 5), nn.LayerNorm1d(5)
    mean, var = x.numpy().mean(axis=1), x.numpy().var(axis=1)
    expected = (x.numpy() - mean[:, None]) / np.sqrt(var[:, None] + 1e-5)
    np.testing.assert_allclose(norm(x).numpy(), expected, rtol=1e-4, atol=1e-5)
    column = randn(3, 1)
    (nn.LayerNorm1d(1)(column) ** 4).sum().backward()
    np.testing.assert_array_equal(column.grad.numpy(), np.zeros((3, 1)))


def test_dropout():
    x, dropout = randn(4, 6), nn.Dropout(0.3)
    np.random.seed(2)
    y = dropout(x)
    np.random.seed(2)
    np.testing.assert_allclose(y.numpy(), x.numpy() * (np.random.rand(4, 6) <= 0.7) / 0.7, 1e-5)
    dropout.eval()
    np.testing.assert_array_equal(dropout(x).numpy(), x.numpy())


def sgd(p, g, t, u, lr=0.1, momentum=0.8, weight_decay=0.01):
    u["u"] = momentum * u.get("u", 0) + (1 - momentum) * (g + weight_decay * p)
    return p - lr * u["u"]


def adam(p, g, t, s, lr=0.1, beta1=0.8, beta2=0.95, eps=1e-3, weight_decay=0.01):
    g = g + weight_decay * p
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g**2
    return p - lr * s["m"] / (1 - beta1**t) / (np.sqrt(s["v"] / (1 - beta2**t)) + eps)


OPTIMIZERS = {
    "SGD": (sgd, {"lr": 0.1, "momentum": 0.8, "weight_decay": 0.01}),
    "Adam": (
        adam,
        {"lr": 0.1, "beta1": 0.8, "beta2": 0.95, "eps": 1e-3, "weight_decay": 0.01},
    ),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_follow_their_formulas_and_skip_what_has_no_gradient(name):
    rule, settings = OPTIMIZERS[name]
    w, unused = randn(3, 2, dtype="float64"), randn(2, seed=1)
    x, other, expected, state = randn(4, 3, seed=2, dtype="float64"), unused.numpy(), w.numpy(), {}
    opt = getattr(ndl.optim, name)([w, unused], **settings)
    for t in range(1, 6):
        opt.reset_grad()
        assert w.grad is None
        ((x @ w) ** 2).sum().backward()
        g = w.grad.numpy()
        opt.step()
        np.testing.assert_array_equal(w.grad.numpy(), g)
        expected = rule(expected, 2 * x.numpy().T @ (x.numpy() @ expected), t, state)
        np.testing.assert_allclose(w.numpy(), expected, rtol=1e-7)
    np.testing.assert_array_equal(unused.numpy(), other)
    assert opt.params[0] is w
    assert w.dtype == "float64"


def test_clipping_the_gradients_of_an_optimizer():
    w = ndl.Tensor([3.0, 4.0])
    opt = ndl.optim.SGD([w])
    (w * w / 2).sum().backward()
    opt.clip_grad_norm(max_norm=0.5)
    np.testing.assert_allclose(w.grad.numpy(), [0.3, 0.4], rtol=1e-5)


def global_tensor_count():
    return np.array(ndl.autograd.TENSOR_COUNTER)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_of_an_optimizer_keep_no_tensors(name):
    start = global_tensor_count()
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    assert global_tensor_count() == start + 4
    opt = getattr(ndl.optim, name)(model.parameters(), lr=0.01)
    loss_func, x, y = nn.SoftmaxLoss(), randn(5, 4), ndl.Tensor([0, 1, 1, 0, 1], dtype="uint8")
    after, inside = [], []
    for _ in range(4):
        opt.reset_grad()
        loss = loss_func(model(x), y)
        loss.backward()
        before = global_tensor_count()
        opt.step()
        inside.append(global_tensor_count() - before)
        del loss
        opt.reset_grad()
        after.append(global_tensor_count())
    assert inside == [0, 0, 0, 0]
    assert min(after) == max(after)
    del model, opt, x, y
    assert global_tensor_count() == start


def num_params(model):
    return np.sum([np.prod(x.shape) for x in model.parameters()])


@pytest.mark.parametrize("norm", [nn.BatchNorm1d, nn.LayerNorm1d])
def test_mlp_resnet(norm):
    block = ResidualBlock(dim=6, hidden_dim=4, norm=norm, drop_prob=0.1)
    assert num_params(block) == (6 * 4 + 4 + 8) + (4 * 6 + 6 + 12)
    np.random.seed(1)
    model = MLPResNet(5, hidden_dim=6, num_blocks=2, num_classes=3, norm=norm)
    np.random.seed(1)
    first = nn.Linear(5, 6)
    np.testing.assert_array_equal(model.parameters()[0].numpy(), first.weight.numpy())
    assert num_params(model) == (5 * 6 + 6) + 2 * num_params(ResidualBlock(6, 3)) + (6 * 3 + 3)
    model.eval()
    assert model(randn(2, 5)).shape == (2, 3)


def test_epoch_trains_with_an_optimizer_and_evaluates_without():
    np.random.seed(0)
    X = np.random.randn(40, 5).astype(np.float32)
    dataset = ndl.data.NDArrayDataset(X, (X[:, 0] > 0).astype(np.uint8))
    loader = ndl.data.DataLoader(dataset, batch_size=10, shuffle=True)
    model = MLPResNet(5, hidden_dim=8, num_blocks=1, num_classes=2)
    opt = ndl.optim.Adam(model.parameters(), lr=0.01, weight_decay=0.001)
    model.eval()
    error, loss = epoch(loader, model, opt)
    assert model.training
    for _ in range(5):
        epoch(loader, model, opt)
    before = [p.numpy() for p in model.parameters()]
    later_error, later_loss = epoch(loader, model)
    assert not model.training
    assert 0 <= later_error < error <= 1
    assert 0 < later_loss < loss
    for p, old in zip(model.parameters(), before):
        np.testing.assert_array_equal(p.numpy(), old)


def submit_linear():
    mugrade.submit(nn.Linear(2, 3)(randn(1, 2)).shape)


def test_submit():
    submit_linear()
    assert mugrade.submissions[-1] == (1, 3)
