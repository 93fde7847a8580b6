"""Convolution, pooling and batch normalisation against PyTorch's: values and all gradients."""

import math

import numpy as np
import pytest
import torch

from needle_hw4 import Tensor, nn, ops

F = torch.nn.functional
pytestmark = pytest.mark.usefixtures("here")
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def convolved(**settings):
    """Return our convolution and PyTorch's, of the same arrays."""

    def theirs(x, w):
        y = F.conv2d(x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1), **settings)
        return y.permute(0, 2, 3, 1)

    return lambda x, w: ops.conv(x, w, **{"padding": 0, **settings}), theirs


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("size", range(1, 8))
def test_conv(compare, rng, size, stride):
    for padding in range(4):
        for dilation in (1, 2):
            x = rng.standard_normal((2, 13, 11, 3)).astype("float32")
            w = rng.standard_normal((size, size, 3, 5)).astype("float32")
            if dilation * (size - 1) + 1 > 11 + 2 * padding:
                continue
            functions = convolved(stride=stride, padding=padding, dilation=dilation)
            terms = max(5 * size * size, x[..., 0].size)  # of the gradients of x and w
            compare(*functions, x, w, length=terms)


@every_dtype
@pytest.mark.parametrize("settings", [
    {"stride": (1, 3), "padding": (2, 0), "dilation": (2, 1)}, {"groups": 3}, {"groups": 2},
    {"groups": 6, "padding": 1, "stride": 2}, {},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("channels", [(6, 6), (6, 36), (18, 12)])
def test_conv_of_unequal_sides_and_groups(compare, rng, channels, settings, dtype):
    inputs, outputs = channels
    x = rng.standard_normal((2, 9, 8, inputs)).astype(dtype)
    w = rng.standard_normal((3, 2, inputs // settings.get("groups", 1), outputs)).astype(dtype)
    compare(*convolved(**settings), x, w, length=max(6 * max(channels), x[..., 0].size))


@every_dtype
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [2, 3, (3, 2)])
@pytest.mark.parametrize("kind", [nn.MaxPool2d, nn.AvgPool2d])
def test_pooling(compare_modules, rng, kind, size, stride, padding, dtype):
    x = rng.standard_normal((2, 3, 9, 8)).astype(dtype)
    compare_modules(kind(size, stride, padding), x, length=9)


@pytest.mark.parametrize("dilation", [1, 2])
def test_maximum_of_dilated_windows_with_ties(compare, rng, dilation):
    x = rng.integers(4, size=(2, 9, 8, 3)).astype("float32")

    def theirs(x):
        y = F.max_pool2d(x.permute(0, 3, 1, 2), 3, 2, 1, dilation)
        return y.permute(0, 2, 3, 1)

    compare(lambda x: ops.max_pool2d(x, 3, 2, 1, dilation), theirs, x)


@every_dtype
@pytest.mark.parametrize("options", [
    {}, {"bias": False}, {"padding": 0}, {"groups": 2}, {"dilation": 2, "padding": (1, 2)},
], ids=str)  # fmt: skip
@pytest.mark.parametrize(("size", "stride"), [(3, 1), (1, 2), (7, 4), (4, 3)])
def test_conv_module(compare_modules, rng, size, stride, options, dtype):
    module = nn.Conv(4, 6, size, stride, dtype=dtype, **options)
    x = rng.standard_normal((2, 4, 15, 14)).astype(dtype)
    compare_modules(module, x, length=4 * size * size)


@every_dtype
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 2, 3, 1), (4, 17, 2, 2)])
def test_batch_norm(compare_modules, near, rng, shape, training, dtype):
    module = nn.BatchNorm2d(shape[1], 0.01, 0.3, dtype=dtype).train(mode=training)
    for tensor in [*module.parameters(), *module.buffers()]:
        tensor.data = Tensor(rng.uniform(0.5, 1.5, tensor.shape).astype(dtype))
    before = module.running_var.numpy()
    x = rng.standard_normal(shape).astype(dtype)
    count = math.prod(shape) // shape[1]
    theirs = compare_modules(module, x, length=count)
    near(module.running_mean, theirs.running_mean, count)
    variance = theirs.running_var.numpy()
    if training:  # PyTorch keeps the variance over n - 1
        variance = 0.7 * before + (variance - 0.7 * before) * (count - 1) / count
    near(module.running_var, np.asarray(variance, dtype), count)


@every_dtype
def test_a_network(compare_modules, rng, dtype):
    module = nn.Sequential(
        nn.Conv(3, 8, 5, 2, dtype=dtype), nn.BatchNorm2d(8, dtype=dtype), nn.ReLU(),
        nn.MaxPool2d(2), nn.Residual(nn.Conv(8, 8, 3, dtype=dtype)), nn.AvgPool2d(3, 1, 1),
        nn.Flatten(), nn.Linear(8 * 16, 10, dtype=dtype),
    )  # fmt: skip
    x = rng.standard_normal((4, 3, 16, 16)).astype(dtype)
    compare_modules(module, x, length=64)
