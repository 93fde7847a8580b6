"""Question `resnet9`: convolutional layers, a residual network of them, and its training."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(2, part="resnet9")
@pytest.mark.parametrize(
    ("kernel", "stride", "bias"),
    [(3, 1, True), (5, 2, True), (3, 2, False)],
    ids=["as large as the image", "strided", "without bias"],
)
def test_conv_module(stage, judge, rng, kernel, stride, bias):
    x, w = rng.standard_normal((2, 3, 7, 8)), rng.standard_normal((kernel, kernel, 3, 4))
    b = rng.standard_normal(4)
    conv = stage.nn.Conv(3, 4, kernel, stride, bias=bias, dtype="float64")
    helpers.fill(stage, conv.parameters(), [w, b] if bias else [w])
    judge.close(
        "y", conv(stage.Tensor(x)), want=lambda: oracles.conv_layer(x, w, b if bias else 0, stride)
    )


@pytest.mark.points(1, part="resnet9")
@pytest.mark.parametrize("groups", [1, 2], ids=["whole", "in groups"])
def test_conv_is_drawn(stage, judge, rng, groups):
    seed = int(rng.integers(2**31))
    np.random.seed(seed)
    conv = stage.nn.Conv(8, 6, 3, groups=groups)
    judge.close("weight", conv.weight, want=lambda: drawn(seed, 8 // groups)[0])
    judge.close("bias", conv.bias, want=lambda: drawn(seed, 8 // groups)[1])


def drawn(seed, inputs):
    source, fan_in = np.random.RandomState(seed), 9 * inputs
    weight = (2 * source.rand(3, 3, inputs, 6) - 1) * np.sqrt(6 / fan_in)
    return weight.astype("float32"), ((2 * source.rand(6) - 1) / np.sqrt(fan_in)).astype("float32")


@pytest.mark.points(1, part="resnet9")
def test_batchnorm2d(stage, judge, rng):
    x, w, b = rng.standard_normal((3, 4, 5, 2)) * 2 + 1, rng.random(4), rng.random(4)
    layer = stage.nn.BatchNorm2d(4, dtype="float64")
    helpers.fill(stage, layer.parameters(), [w, b])
    judge.close("y", layer(stage.Tensor(x)), want=lambda: oracles.batch_normalized(x, w, b))
    judge.close("running mean", layer.running_mean, want=lambda: x.mean((0, 2, 3)) / 10)
    judge.close("running variance", layer.running_var, want=lambda: 0.9 + x.var((0, 2, 3)) / 10)


@pytest.mark.points(2, part="resnet9")
def test_resnet9(stage, judge, rng):
    x, values = rng.standard_normal((4, 3, 32, 32)), helpers.resnet9_parameters(rng)
    model = stage.module("models").ResNet9(dtype="float64")
    helpers.fill(stage, model.parameters(), values)
    judge.close("logits", model(stage.Tensor(x)), want=lambda: oracles.resnet9(x, values))


def classified(X, y, W, b, lr, sizes):
    """Return accuracy, loss and parameters after an epoch of softmax regression."""
    wrong = total = start = 0
    for size in sizes:
        x, t = X[start : start + size], y[start : start + size]
        z = x.reshape(size, -1) @ W + b
        p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        wrong += np.sum(p.argmax(1) != t)
        total -= np.log(p[np.arange(size), t]).sum()
        p[np.arange(size), t] -= 1
        W, b = W - lr * x.reshape(size, -1).T @ p / size, b - lr * p.mean(0)
        start += size
    return 1 - wrong / len(y), total / len(y), W, b


@pytest.mark.points(2, part="resnet9")
def test_training_epoch(stage, judge, rng):
    X, y = rng.standard_normal((13, 2, 3, 1)), rng.integers(4, size=13)
    W, b, lr = rng.standard_normal((6, 4)), rng.standard_normal(4), rng.uniform(0.1, 0.5)
    linear = stage.nn.Linear(6, 4, dtype="float64")
    helpers.fill(stage, [linear.weight, linear.bias], [W, b.reshape(linear.bias.shape)])
    model = stage.nn.Sequential(stage.nn.Flatten(), linear)
    batches = [
        (stage.Tensor(X[part]), stage.Tensor(y[part]))
        for part in (slice(5), slice(5, 10), slice(10, 13))
    ]
    opt = stage.optim.SGD(model.parameters(), lr=lr)
    got = stage.module("apps.simple_ml").epoch_general_cifar10(batches, model, opt=opt)
    values = [*got, linear.weight, linear.bias.numpy().ravel()]
    want = ["accuracy", "loss", "weight", "bias"]
    for number, name in enumerate(want):
        judge.close(
            name, values[number], want=lambda i=number: classified(X, y, W, b, lr, (5, 5, 3))[i]
        )
