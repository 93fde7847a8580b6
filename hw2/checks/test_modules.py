"""Question `modules`: layers, containers and the loss."""

import numpy as np
import pytest


def kaiming(generator, n, p):
    return (2 * generator.random_sample((n, p)) - 1) * np.sqrt(6 / n)


def linear_parameters(seed, n, p):
    generator = np.random.RandomState(seed)
    return kaiming(generator, n, p), kaiming(generator, p, 1).T


def softmax_loss(z, y):
    return np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y])


def standard(x, mean, var, eps):
    return (x - mean) / np.sqrt(var + eps)


def running(batches, momentum):
    mean, var = np.zeros(batches[0].shape[1]), np.ones(batches[0].shape[1])
    for x in batches:
        mean = mean + momentum * (x.mean(0) - mean)
        var = var + momentum * (x.var(0) - var)
    return mean, var


def dropped(generator, x, p):
    return x * (generator.random_sample(x.shape) <= 1 - p) / (1 - p)


def sizes(rng, count):
    return tuple(int(size) for size in rng.integers(3, 8, size=count))


@pytest.mark.points(1, part="modules")
def test_linear_parameters(stage, judge, rng):
    (n, p), seed = sizes(rng, 2), int(rng.integers(2**31))
    np.random.seed(seed)
    layer = stage.nn.Linear(n, p, dtype="float64")
    judge.close("weight", layer.weight, want=lambda: linear_parameters(seed, n, p)[0])
    judge.close("bias", layer.bias, want=lambda: linear_parameters(seed, n, p)[1])
    judge.value("number of parameters", len(layer.parameters()), want=lambda: 2)


@pytest.mark.points(1.5, part="modules")
@pytest.mark.parametrize(
    "bias", [pytest.param(True, id="with bias"), pytest.param(False, id="without bias")]
)
def test_linear(stage, judge, rng, bias):
    m, n, p = sizes(rng, 3)
    x, w, b = (rng.standard_normal(shape).astype("float32") for shape in ((m, n), (n, p), (1, p)))
    layer = stage.nn.Linear(n, p, bias=bias)
    layer.weight.data = stage.Tensor(w)
    if bias:
        layer.bias.data = stage.Tensor(b)
    judge.close("y", layer(stage.Tensor(x)), want=lambda: x @ w + b if bias else x @ w)
    judge.value("number of parameters", len(layer.parameters()), want=lambda: 2 if bias else 1)


@pytest.mark.points(1, part="modules")
def test_flatten(stage, judge, rng):
    for name, count in (("images", 3), ("images with channels", 4)):
        x = rng.standard_normal(sizes(rng, count))
        t = stage.Tensor(x)
        y = stage.nn.Flatten()(t)
        judge.close(name, y, want=lambda x=x: x.reshape(len(x), -1))


@pytest.mark.points(1, part="modules")
def test_relu(stage, judge, rng):
    x, g = rng.standard_normal((2, *sizes(rng, 2)))
    t = stage.Tensor(x)
    y = stage.nn.ReLU()(t)
    judge.close("y", y, want=lambda: np.maximum(x, 0))
    y.backward(stage.Tensor(g))
    judge.close("gradient", t.grad, want=lambda: g * (x > 0))


@pytest.mark.points(1, part="modules")
def test_sequential(stage, judge, rng):
    class Map(stage.nn.Module):
        def __init__(self, scale, shift):
            super().__init__()
            self.scale, self.shift = scale, shift

        def forward(self, x):
            return x * self.scale + self.shift

    a, b = rng.uniform(1.5, 3, (2, 3))
    x = rng.standard_normal(sizes(rng, 2))
    model = stage.nn.Sequential(*(Map(float(s), float(t)) for s, t in zip(a, b, strict=True)))
    y = model(stage.Tensor(x))
    judge.close("y", y, want=lambda: ((x * a[0] + b[0]) * a[1] + b[1]) * a[2] + b[2])


@pytest.mark.points(1, part="modules")
def test_residual(stage, judge, rng):
    a, b = (float(number) for number in rng.uniform(1.5, 3, 2))
    x, g = rng.standard_normal((2, *sizes(rng, 2)))

    class Map(stage.nn.Module):
        def forward(self, x):
            return x * x * a + b

    class Narrow(stage.nn.Module):
        def forward(self, x):
            return x[:, :1]

    t = stage.Tensor(x)
    y = stage.nn.Residual(Map())(t)
    judge.close("y", y, want=lambda: a * x**2 + b + x)
    y.backward(stage.Tensor(g))
    judge.close("gradient", t.grad, want=lambda: g * (2 * a * x + 1))
    narrow = stage.nn.Residual(Narrow())
    judge.raises("another shape", ValueError, lambda: narrow(stage.Tensor(x)))


@pytest.mark.points(1, part="modules")
def test_softmax_loss(stage, judge, rng):
    m, k = sizes(rng, 2)
    z, y = rng.standard_normal((m, k)) * 2, rng.integers(k, size=m)
    for dtype in ("int64", "uint8", "float32"):
        loss = stage.nn.SoftmaxLoss()(stage.Tensor(z), stage.Tensor(y.astype(dtype)))
        judge.close(f"loss, labels of {dtype}", loss, want=lambda: softmax_loss(z, y))


@pytest.mark.points(1.5, part="modules")
def test_layer_norm(stage, judge, rng):
    m, n = sizes(rng, 2)
    x, w, b = rng.normal(2, 3, (m, n)), rng.normal(1, 1, n), rng.standard_normal(n)
    eps = float(rng.uniform(0.1, 0.5))
    layer = stage.nn.LayerNorm1d(n, eps=eps, dtype="float64")
    at_first = layer(stage.Tensor(x))
    layer.weight.data, layer.bias.data = stage.Tensor(w), stage.Tensor(b)
    y = layer(stage.Tensor(x))
    judge.close(
        "new layer",
        at_first,
        want=lambda: standard(x, x.mean(1, keepdims=True), x.var(1, keepdims=True), eps),
    )
    judge.close(
        "scaled and shifted",
        y,
        want=lambda: standard(x, x.mean(1, keepdims=True), x.var(1, keepdims=True), eps) * w + b,
    )


@pytest.mark.points(1.5, part="modules")
def test_batch_norm_in_training(stage, judge, rng):
    m, n = sizes(rng, 2)
    x, w, b = rng.normal(2, 3, (m, n)), rng.normal(1, 1, n), rng.standard_normal(n)
    eps = float(rng.uniform(0.1, 0.5))
    layer = stage.nn.BatchNorm1d(n, eps=eps, dtype="float64")
    layer.weight.data, layer.bias.data = stage.Tensor(w), stage.Tensor(b)
    y = layer(stage.Tensor(x))
    judge.close("y", y, want=lambda: standard(x, x.mean(0), x.var(0), eps) * w + b)
    judge.raises("one row", ValueError, lambda: layer(stage.Tensor(x[:1])))


@pytest.mark.points(1.5, part="modules")
def test_batch_norm_running_statistics(stage, judge, rng):
    m, n = sizes(rng, 2)
    batches, momentum = rng.normal(2, 3, (3, m, n)), float(rng.uniform(0.1, 0.4))
    layer = stage.nn.BatchNorm1d(n, momentum=momentum, dtype="float64")
    for x in batches:
        layer(stage.Tensor(x))
    judge.close("running mean", layer.running_mean, want=lambda: running(batches, momentum)[0])
    judge.close("running variance", layer.running_var, want=lambda: running(batches, momentum)[1])
    judge.value("number of parameters", len(layer.parameters()), want=lambda: 2)


@pytest.mark.points(1.5, part="modules")
def test_batch_norm_in_evaluation(stage, judge, rng):
    m, n = sizes(rng, 2)
    x, w, b = rng.normal(2, 3, (m, n)), rng.normal(1, 1, n), rng.standard_normal(n)
    mean, var, eps = rng.normal(2, 1, n), rng.uniform(0.5, 4, n), float(rng.uniform(0.1, 0.5))
    layer = stage.nn.BatchNorm1d(n, eps=eps, dtype="float64").eval()
    layer.weight.data, layer.bias.data = stage.Tensor(w), stage.Tensor(b)
    layer.running_mean.data, layer.running_var.data = stage.Tensor(mean), stage.Tensor(var)
    y = layer(stage.Tensor(x))
    judge.close("y", y, want=lambda: standard(x, mean, var, eps) * w + b)
    judge.close("running mean is as before", layer.running_mean, want=lambda: mean)
    judge.close("running variance is as before", layer.running_var, want=lambda: var)


@pytest.mark.points(1.5, part="modules")
def test_dropout(stage, judge, rng):
    x, p = rng.standard_normal((6, 7)), float(rng.uniform(0.3, 0.7))
    seed = int(rng.integers(2**31))
    layer = stage.nn.Dropout(p)
    np.random.seed(seed)
    y = layer(stage.Tensor(x))
    judge.close("in training", y, want=lambda: dropped(np.random.RandomState(seed), x, p))
    judge.close("in evaluation", layer.eval()(stage.Tensor(x)), want=lambda: x)


@pytest.mark.points(1, part="modules")
@pytest.mark.parametrize("name", ["batch norm", "layer norm", "dropout"])
def test_float32_stays_float32(stage, judge, rng, name):
    x, seed = rng.normal(2, 3, sizes(rng, 2)).astype("float32"), int(rng.integers(2**31))
    layer = {
        "batch norm": lambda: stage.nn.BatchNorm1d(x.shape[1]),
        "layer norm": lambda: stage.nn.LayerNorm1d(x.shape[1]),
        "dropout": stage.nn.Dropout,
    }[name]()
    np.random.seed(seed)
    results = layer(stage.Tensor(x)), layer.eval()(stage.Tensor(x))
    for i, (mode, y) in enumerate(zip(("training", "evaluation"), results, strict=True)):
        judge.close(f"y in {mode}", y, want=lambda i=i: in_both_modes(name, x, seed)[i])
        judge.value(f"dtype in {mode}", y.numpy().dtype.name, want=lambda: "float32")


def in_both_modes(name, x, seed):
    """Return what a new layer gives in training, and then in evaluation."""
    if name == "dropout":
        return dropped(np.random.RandomState(seed), x, 0.5).astype("float32"), x
    if name == "layer norm":
        y = standard(x, x.mean(1, keepdims=True), x.var(1, keepdims=True), 1e-5)
        return y, y
    trained, later = (x.mean(0), x.var(0)), running([x], 0.1)
    return [standard(x, *moments, 1e-5).astype("float32") for moments in (trained, later)]
