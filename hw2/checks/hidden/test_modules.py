"""Question `modules`: batches of other shapes, gradients, options of layers."""

import numpy as np
import pytest

from needle_shared.grading.local import oracles_of

oracles = oracles_of(__file__)


def targets(y, k, s):
    return np.eye(k)[y] * (1 - s) + s / k


def probabilities(z):
    return np.exp(z) / np.exp(z).sum(1, keepdims=True)


def factors(generator, shape, p):
    return (generator.random_sample(shape) <= 1 - p) / (1 - p)


def sizes(rng, count):
    return tuple(int(size) for size in rng.integers(3, 8, size=count))


@pytest.mark.points(1.5, part="modules", hidden=True)
def test_linear_of_batches(stage, judge, rng):
    a, m, n, p = sizes(rng, 4)
    layer = stage.nn.Linear(n, p, dtype="float64")
    w, b = rng.standard_normal((n, p)), rng.standard_normal((1, p))
    layer.weight.data, layer.bias.data = stage.Tensor(w), stage.Tensor(b)
    for name, shape in (("one row", (1, n)), ("batch of matrices", (a, m, n))):
        x, g = rng.standard_normal(shape), rng.standard_normal((*shape[:-1], p))
        t = stage.Tensor(x)
        y = layer(t)
        judge.close(name, y, want=lambda x=x: x @ w + b)
        y.backward(stage.Tensor(g))
        judge.close(f"{name}: gradient of x", t.grad, want=lambda g=g: g @ w.T)
        judge.close(
            f"{name}: gradient of the weight",
            layer.weight.grad,
            want=lambda x=x, g=g: x.reshape(-1, n).T @ g.reshape(-1, p),
        )
        judge.close(
            f"{name}: gradient of the bias",
            layer.bias.grad,
            want=lambda g=g: g.reshape(-1, p).sum(0, keepdims=True),
        )


@pytest.mark.points(0.5, part="modules", hidden=True)
def test_flatten_of_views(stage, judge, rng):
    shape = sizes(rng, 3)
    x, g = rng.standard_normal(shape[::-1]).T, rng.standard_normal((shape[0], 1, *shape[1:]))
    t = stage.Tensor(x)
    y = stage.nn.Flatten()(t)
    judge.close("y", y, want=lambda: x.reshape(shape[0], -1))
    y.backward(stage.Tensor(g.reshape(shape[0], -1)))
    judge.close("gradient", t.grad, want=lambda: g[:, 0])
    column = stage.nn.Flatten()(stage.Tensor(g[:, 0, 0, 0]))
    judge.close("a batch of numbers", column, want=lambda: g[:, 0, 0, :1])


@pytest.mark.points(1, part="modules", hidden=True)
def test_nested_containers(stage, judge, rng):
    class Map(stage.nn.Module):
        def __init__(self, scale):
            super().__init__()
            self.scale = stage.nn.Parameter(scale)

        def forward(self, x):
            return x * x * self.scale

    nn, (a, b) = stage.nn, rng.uniform(1.5, 3, 2)
    x = rng.standard_normal(sizes(rng, 2))
    inner = nn.Sequential(Map(a), nn.Sequential())
    model = nn.Sequential(nn.Residual(inner), nn.Residual(nn.Residual(Map(b))))
    y = model(stage.Tensor(x))
    judge.close("y", y, want=lambda: (h := a * x**2 + x) + h + b * h**2)
    y.backward()
    judge.close(
        "gradients of the parameters",
        [parameter.grad for parameter in model.parameters()],
        want=lambda: [
            np.sum(x**2 * (2 + 2 * b * (a * x**2 + x))),
            np.sum((a * x**2 + x) ** 2),
        ],
    )


@pytest.mark.points(1, part="modules", hidden=True)
def test_softmax_loss_gradient(stage, judge, rng):
    (m, k), s = sizes(rng, 2), float(rng.uniform(0.1, 0.5))
    z, y = rng.standard_normal((m, k)) * 2, rng.integers(k, size=m)
    t = stage.Tensor(z)
    loss = stage.nn.SoftmaxLoss(label_smoothing=s)(t, stage.Tensor(y.astype("uint8")))
    judge.close(
        "loss with label smoothing",
        loss,
        want=lambda: -np.sum(targets(y, k, s) * np.log(probabilities(z))) / m,
    )
    loss.backward()
    judge.close("gradient", t.grad, want=lambda: (probabilities(z) - targets(y, k, s)) / m)


@pytest.mark.points(1, part="modules", hidden=True)
def test_layer_norm_of_batches(stage, judge, rng):
    a, m, n = sizes(rng, 3)
    w, b = rng.normal(1, 1, n), rng.standard_normal(n)
    layer = stage.nn.LayerNorm1d(n, dtype="float64").eval()
    layer.weight.data, layer.bias.data = stage.Tensor(w), stage.Tensor(b)
    x = rng.normal(2, 3, (a, m, n))
    x[0, 0] *= 1e-3
    judge.close("batch", layer(stage.Tensor(x)), want=lambda: oracles.standard(x, -1, 1e-5) * w + b)
    row = x[1, 1]
    judge.close(
        "one row", layer(stage.Tensor(row)), want=lambda: oracles.standard(row, -1, 1e-5) * w + b
    )


@pytest.mark.points(1, part="modules", hidden=True)
def test_batch_norm_gradient_in_training(stage, judge, rng):
    m, n = sizes(rng, 2)
    x, g, w = rng.normal(2, 3, (m, n)), rng.standard_normal((m, n)), rng.normal(1, 1, n)
    layer = stage.nn.BatchNorm1d(n, eps=0.2, dtype="float64")
    layer.weight.data = stage.Tensor(w)
    t = stage.Tensor(x)
    layer(t).backward(stage.Tensor(g))
    gradients = t.grad, layer.weight.grad, layer.bias.grad
    for i, (name, grad) in enumerate(zip(("x", "the weight", "the bias"), gradients, strict=True)):
        judge.close(
            f"gradient of {name}",
            grad,
            want=lambda i=i: oracles.normalize_gradients(x, w, g, 0, 0.2)[i],
        )
    mean, variance = layer.running_mean.data, layer.running_var.data
    layer(t)  # which replaces them
    judge.close("running mean of before the next batch", mean, want=lambda: 0.1 * x.mean(0))
    judge.close(
        "running variance of before the next batch", variance, want=lambda: 0.9 + 0.1 * x.var(0)
    )


@pytest.mark.points(1, part="modules", hidden=True)
def test_batch_norm_gradient_in_evaluation(stage, judge, rng):
    m, n = sizes(rng, 2)
    x, g = rng.normal(2, 3, (m, n)), rng.standard_normal((m, n))
    mean, var, w = rng.normal(2, 1, n), rng.uniform(0.5, 4, n), rng.normal(1, 1, n)
    layer = stage.nn.BatchNorm1d(n, eps=0.2, dtype="float64").eval()
    layer.weight.data = stage.Tensor(w)
    layer.running_mean.data, layer.running_var.data = stage.Tensor(mean), stage.Tensor(var)
    t = stage.Tensor(x)
    layer(t).backward(stage.Tensor(g))
    judge.close("gradient of x", t.grad, want=lambda: g * w / np.sqrt(var + 0.2))
    judge.close(
        "gradient of the weight",
        layer.weight.grad,
        want=lambda: (g * (x - mean) / np.sqrt(var + 0.2)).sum(0),
    )
    judge.close("gradient of the bias", layer.bias.grad, want=lambda: g.sum(0))


@pytest.mark.points(1, part="modules", hidden=True)
def test_dropout_gradient(stage, judge, rng):
    x, p = rng.standard_normal((3, 1, 5, 4)), float(rng.uniform(0.1, 0.3))
    seed = int(rng.integers(2**31))
    layer, t = stage.nn.Dropout(p), stage.Tensor(x.astype("float32"))
    np.random.seed(seed)
    first, second = layer(t), layer(t)
    second.backward(stage.Tensor(x.astype("float32")))
    judge.close(
        "two calls",
        [first, second],
        want=lambda: list(
            (x * factors(np.random.RandomState(seed), (2, *x.shape), p)).astype("float32")
        ),
    )
    judge.close(
        "gradient of the second",
        t.grad,
        want=lambda: (x * factors(np.random.RandomState(seed), (2, *x.shape), p)[1]).astype(
            "float32"
        ),
    )
    rest = stage.nn.Dropout(1.0)(t)
    judge.close("p = 1: nothing is left", rest, want=lambda: np.zeros_like(x, dtype="float32"))
