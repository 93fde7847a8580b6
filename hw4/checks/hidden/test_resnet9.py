"""Question `resnet9`, hidden: other settings, evaluation, gradients, weights as they are drawn."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(1, part="resnet9", hidden=True)
def test_conv_settings(stage, judge, rng):
    x, w = rng.standard_normal((2, 4, 9, 7)), rng.standard_normal((2, 2, 2, 6))
    b = rng.standard_normal(6)
    conv = stage.nn.Conv(4, 6, (2, 5), (2, 1), dtype="float64", padding=1, groups=2)
    helpers.fill(stage, conv.parameters(), [w, b])
    whole = np.zeros((2, 2, 4, 6))
    whole[:, :, :2, :3], whole[:, :, 2:, 3:] = w[..., :3], w[..., 3:]
    judge.close("in groups", conv(stage.Tensor(x)), want=lambda: oracles.conv_layer(x, whole, b, 2))
    w = rng.standard_normal((3, 3, 4, 2))
    conv = stage.nn.Conv(4, 2, 3, bias=False, dtype="float64", padding=2, dilation=2)
    helpers.fill(stage, conv.parameters(), [w])
    wide = np.zeros((5, 5, 4, 2))
    wide[::2, ::2] = w
    judge.close("dilated", conv(stage.Tensor(x)), want=lambda: oracles.conv_layer(x, wide, 0, 1))


@pytest.mark.points(1, part="resnet9", hidden=True)
def test_batchnorm2d_evaluation(stage, judge, rng):
    x, values = rng.standard_normal((1, 3, 4, 2)), rng.uniform(0.5, 2, (4, 3))
    layer = stage.nn.BatchNorm2d(3, dtype="float64").eval()
    helpers.fill(stage, [*layer.parameters(), layer.running_mean, layer.running_var], values)
    images = stage.Tensor(x)
    y = layer(images)
    judge.close("y", y, want=lambda: oracles.batch_normalized(x, *values))
    g = rng.standard_normal(x.shape)
    (y * stage.Tensor(g)).sum().backward()
    slope = values[0] / np.sqrt(values[3] + 1e-5)
    judge.close("gradient", images.grad, want=lambda: g * slope[:, None, None])
    judge.close("of the bias", layer.bias.grad, want=lambda: g.sum((0, 2, 3)))


@pytest.mark.points(1, part="resnet9", hidden=True)
def test_resnet9_evaluation(stage, judge, rng):
    x, values = rng.standard_normal((2, 3, 32, 32)), helpers.resnet9_parameters(rng)
    widths = [outputs for _, outputs, _, _ in helpers.LAYERS for _ in range(2)]
    moments = [rng.uniform(0.5, 1.5, width) for width in widths]
    model = stage.module("models").ResNet9(dtype="float64").eval()
    helpers.fill(stage, model.parameters(), values)
    helpers.fill(stage, model.buffers(), moments)
    judge.close("logits", model(stage.Tensor(x)), want=lambda: oracles.resnet9(x, values, moments))


PLACES = [(0, (1, 2, 0, 4)), (2, (5,)), (15, (3,)), (20, (1, 1, 5, 7)), (33, (9,)), (34, (3, 4))]


def slopes(x, values, g, step=1e-6):
    """Return central differences of <logits, g> at the places of some parameters."""
    result = []
    for number, place in PLACES:
        sides = []
        for h in (step, -step):
            moved = [value.copy() for value in values]
            moved[number][place] += h
            sides.append(np.sum(oracles.resnet9(x, moved) * g))
        result.append((sides[0] - sides[1]) / (2 * step))
    return result


@pytest.mark.points(1, part="resnet9", hidden=True)
def test_resnet9_gradient(stage, judge, rng):
    x, values = rng.standard_normal((3, 3, 32, 32)), helpers.resnet9_parameters(rng)
    g = rng.random((3, 10))
    model = stage.module("models").ResNet9(dtype="float64")
    helpers.fill(stage, model.parameters(), values)
    (model(stage.Tensor(x)) * stage.Tensor(g)).sum().backward(create_graph=False)
    grads = [parameter.grad.numpy() for parameter in model.parameters()]
    got = [grads[number][place] for number, place in PLACES]
    judge.close("gradients", got, want=lambda: slopes(x, values, g), rtol=1e-4, atol=1e-5)


def drawn(seed):
    """Return the first numbers of each weight and bias that is random."""
    source, result = np.random.RandomState(seed), []
    for inputs, outputs, kernel, _ in helpers.LAYERS:
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
    helpers.fill(stage, [norm.running_mean, norm.running_var, linear.weight], [*moments, W])
    batches = [(stage.Tensor(X[i : i + 4]), stage.Tensor(y[i : i + 4])) for i in (0, 4, 8)]
    model = stage.nn.Sequential(norm, linear)
    got = stage.module("apps.simple_ml").epoch_general_cifar10(iter(batches), model)
    for i, name in enumerate(["accuracy", "loss"]):
        judge.close(name, got[i], want=lambda i=i: answers(X, y, W, *moments)[i])
    judge.close("mean afterwards", norm.running_mean * 2, want=lambda: moments[0] * 2)
