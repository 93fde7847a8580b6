"""Question `resnet9`, hidden: other settings, evaluation, gradients, weights as they are drawn."""

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


@pytest.mark.points(1, part="resnet9", hidden=True)
def test_conv_settings(stage, judge, rng):
    x, w = rng.standard_normal((2, 4, 9, 7)), rng.standard_normal((2, 2, 2, 6))
    b = rng.standard_normal(6)
    conv = stage.nn.Conv(4, 6, (2, 5), (2, 1), dtype="float64", padding=1, groups=2)
    fill(stage, conv.parameters(), [w, b])
    whole = np.zeros((2, 2, 4, 6))
    whole[:, :, :2, :3], whole[:, :, 2:, 3:] = w[..., :3], w[..., 3:]
    judge.close("in groups", conv(stage.Tensor(x)), want=lambda: convolved(x, whole, b, 2))
    w = rng.standard_normal((3, 3, 4, 2))
    conv = stage.nn.Conv(4, 2, 3, bias=False, dtype="float64", padding=2, dilation=2)
    fill(stage, conv.parameters(), [w])
    wide = np.zeros((5, 5, 4, 2))
    wide[::2, ::2] = w
    judge.close("dilated", conv(stage.Tensor(x)), want=lambda: convolved(x, wide, 0, 1))


@pytest.mark.points(1, part="resnet9", hidden=True)
def test_batchnorm2d_evaluation(stage, judge, rng):
    x, values = rng.standard_normal((1, 3, 4, 2)), rng.uniform(0.5, 2, (4, 3))
    layer = stage.nn.BatchNorm2d(3, dtype="float64").eval()
    fill(stage, [*layer.parameters(), layer.running_mean, layer.running_var], values)
    images = stage.Tensor(x)
    y = layer(images)
    judge.close("y", y, want=lambda: normalized(x, *values))
    g = rng.standard_normal(x.shape)
    (y * stage.Tensor(g)).sum().backward()
    slope = values[0] / np.sqrt(values[3] + 1e-5)
    judge.close("gradient", images.grad, want=lambda: g * slope[:, None, None])
    judge.close("of the bias", layer.bias.grad, want=lambda: g.sum((0, 2, 3)))


@pytest.mark.points(1, part="resnet9", hidden=True)
def test_resnet9_evaluation(stage, judge, rng):
    x, values = rng.standard_normal((2, 3, 32, 32)), draw_parameters(rng)
    widths = [outputs for _, outputs, _, _ in LAYERS for _ in range(2)]
    moments = [rng.uniform(0.5, 1.5, width) for width in widths]
    model = stage.module("models").ResNet9(dtype="float64").eval()
    fill(stage, model.parameters(), values)
    fill(stage, model.buffers(), moments)
    judge.close("logits", model(stage.Tensor(x)), want=lambda: logits(x, values, moments))


PLACES = [(0, (1, 2, 0, 4)), (2, (5,)), (15, (3,)), (20, (1, 1, 5, 7)), (33, (9,)), (34, (3, 4))]


def slopes(x, values, g, step=1e-6):
    """Return central differences of <logits, g> at the places of some parameters."""
    result = []
    for number, place in PLACES:
        sides = []
        for h in (step, -step):
            moved = [value.copy() for value in values]
            moved[number][place] += h
            sides.append(np.sum(logits(x, moved) * g))
        result.append((sides[0] - sides[1]) / (2 * step))
    return result


@pytest.mark.points(1, part="resnet9", hidden=True)
def test_resnet9_gradient(stage, judge, rng):
    x, values, g = rng.standard_normal((3, 3, 32, 32)), draw_parameters(rng), rng.random((3, 10))
    model = stage.module("models").ResNet9(dtype="float64")
    fill(stage, model.parameters(), values)
    (model(stage.Tensor(x)) * stage.Tensor(g)).sum().backward(create_graph=False)
    grads = [parameter.grad.numpy() for parameter in model.parameters()]
    got = [grads[number][place] for number, place in PLACES]
    judge.close("gradients", got, want=lambda: slopes(x, values, g), rtol=1e-4, atol=1e-5)


def drawn(seed):
    """Return the first numbers of each weight and bias that is random."""
    source, result = np.random.RandomState(seed), []
    for inputs, outputs, kernel, _ in LAYERS:
        fan = inputs * kernel**2
        result.append((2 * source.rand(fan * outputs) - 1) * np.sqrt(6 / fan))
        result.append((2 * source.rand(outputs) - 1) / np.sqrt(fan))
    for outputs in (128, 10):
        result.append((2 * source.rand(128 * outputs) - 1) * np.sqrt(6 / 128))
        result.append((2 * source.rand(outputs) - 1) * np.sqrt(6 / outputs))
    return [value[:6].astype("float32") for value in result]


@pytest.mark.points(1, part="resnet9", hidden=True)
def test_resnet9_is_drawn(stage, judge, rng):
    seed = int(rng.integers(2**31))
    np.random.seed(seed)
    parameters = stage.module("models").ResNet9().parameters()
    random = [p for i, p in enumerate(parameters) if i >= 32 or i % 4 < 2]
    judge.close("weights", [p.numpy().ravel()[:6] for p in random], want=lambda: drawn(seed))


def answers(X, y, W, mean, variance):
    """Return the accuracy and the mean loss of softmax regression on normalised features."""
    z = (X - mean) / np.sqrt(variance + 1e-5) @ W
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    return np.mean(z.argmax(1) == y), -np.log(p[np.arange(len(y)), y]).mean()


@pytest.mark.points(1, part="resnet9", hidden=True)
def test_evaluation_epoch(stage, judge, rng):
    X, y, W = rng.standard_normal((11, 5)), rng.integers(3, size=11), rng.standard_normal((5, 3))
    moments = rng.uniform(0.5, 2, (2, 5))
    norm = stage.nn.BatchNorm1d(5, dtype="float64")
    linear = stage.nn.Linear(5, 3, bias=False, dtype="float64")
    fill(stage, [norm.running_mean, norm.running_var, linear.weight], [*moments, W])
    batches = [(stage.Tensor(X[i : i + 4]), stage.Tensor(y[i : i + 4])) for i in (0, 4, 8)]
    model = stage.nn.Sequential(norm, linear)
    got = stage.module("apps.simple_ml").epoch_general_cifar10(iter(batches), model)
    judge.close("accuracy and loss", got, want=lambda: answers(X, y, W, *moments))
    judge.close("mean afterwards", norm.running_mean * 2, want=lambda: moments[0] * 2)
