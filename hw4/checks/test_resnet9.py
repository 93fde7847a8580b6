"""Question `resnet9`: convolutional layers, a residual network of them, and its training."""

import numpy as np
import pytest

# Channels in and out, kernel size and stride of each convolution.
LAYERS = [
    (3, 16, 7, 4),
    (16, 32, 3, 2),
    *[(32, 32, 3, 1)] * 2,
    (32, 64, 3, 2),
    (64, 128, 3, 2),
    *[(128, 128, 3, 1)] * 2,
]


def convolved(x, w, b, stride):
    """Return the convolution of images (N, C, H, W) with zeros around them."""
    p = len(w) // 2
    wide = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
    windows = np.lib.stride_tricks.sliding_window_view(wide, w.shape[:2], axis=(2, 3))
    y = np.tensordot(windows[:, :, ::stride, ::stride], w, ([1, 4, 5], [2, 0, 1])) + b
    return y.transpose(0, 3, 1, 2)


def normalized(x, w, b, mean=None, variance=None):
    axes = (0, 2, 3)
    mean = x.mean(axes) if mean is None else mean
    variance = x.var(axes) if variance is None else variance
    columns = (a[:, None, None] for a in (mean, variance, w, b))
    mean, variance, w, b = columns
    return w * (x - mean) / np.sqrt(variance + 1e-5) + b


def logits(x, values, moments=None):
    """Return those of ResNet9 with these parameters; moments are those of batches if None."""
    values, moments = iter(values), iter(moments or [None] * 2 * len(LAYERS))

    def layer(x, stride):
        y = convolved(x, next(values), next(values), stride)
        return np.maximum(
            normalized(y, next(values), next(values), next(moments), next(moments)), 0
        )

    x = layer(layer(x, 4), 2)
    x = x + layer(layer(x, 1), 1)
    x = layer(layer(x, 2), 2)
    x = x + layer(layer(x, 1), 1)
    x = np.maximum(x.reshape(len(x), 128) @ next(values) + next(values), 0)
    return x @ next(values) + next(values)


def draw_parameters(rng):
    values = []
    for inputs, outputs, kernel, _ in LAYERS:
        scale = 1 / (kernel * np.sqrt(inputs))
        values.append(rng.standard_normal((kernel, kernel, inputs, outputs)) * scale)
        values += [rng.standard_normal(outputs), rng.uniform(0.5, 1.5, outputs)]
        values.append(rng.uniform(-0.5, 0.5, outputs))
    for outputs in (128, 10):
        values.append(rng.standard_normal((128, outputs)) / 11)
        values.append(rng.standard_normal(outputs))
    return values


def fill(stage, tensors, values):
    for tensor, value in zip(tensors, values, strict=True):
        tensor.data = stage.Tensor(value)


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
    fill(stage, conv.parameters(), [w, b] if bias else [w])
    judge.close("y", conv(stage.Tensor(x)), want=lambda: convolved(x, w, b if bias else 0, stride))


@pytest.mark.points(1, part="resnet9")
@pytest.mark.parametrize("groups", [1, 2], ids=["whole", "in groups"])
def test_conv_is_drawn(stage, judge, rng, groups):
    seed = int(rng.integers(2**31))
    np.random.seed(seed)
    conv = stage.nn.Conv(8, 6, 3, groups=groups)
    judge.close("weight and bias", [conv.weight, conv.bias], want=lambda: drawn(seed, 8 // groups))


def drawn(seed, inputs):
    source, fan_in = np.random.RandomState(seed), 9 * inputs
    weight = (2 * source.rand(3, 3, inputs, 6) - 1) * np.sqrt(6 / fan_in)
    return weight.astype("float32"), ((2 * source.rand(6) - 1) / np.sqrt(fan_in)).astype("float32")


@pytest.mark.points(1, part="resnet9")
def test_batchnorm2d(stage, judge, rng):
    x, w, b = rng.standard_normal((3, 4, 5, 2)) * 2 + 1, rng.random(4), rng.random(4)
    layer = stage.nn.BatchNorm2d(4, dtype="float64")
    fill(stage, layer.parameters(), [w, b])
    judge.close("y", layer(stage.Tensor(x)), want=lambda: normalized(x, w, b))
    judge.close("running mean", layer.running_mean, want=lambda: x.mean((0, 2, 3)) / 10)
    judge.close("running variance", layer.running_var, want=lambda: 0.9 + x.var((0, 2, 3)) / 10)


@pytest.mark.points(2, part="resnet9")
def test_resnet9(stage, judge, rng):
    x, values = rng.standard_normal((4, 3, 32, 32)), draw_parameters(rng)
    model = stage.module("models").ResNet9(dtype="float64")
    fill(stage, model.parameters(), values)
    judge.close("logits", model(stage.Tensor(x)), want=lambda: logits(x, values))


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
    fill(stage, [linear.weight, linear.bias], [W, b.reshape(linear.bias.shape)])
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
