"""Convolutions and pooling, and their gradients, compared with PyTorch."""

import itertools

import numpy as np
import pytest
import torch

import needle_hw3 as nd

SIZES = [
    (k, s, p, d) for k, s, p, d in itertools.product((1, 2, 3, 5, 7), (1, 2, 3), (0, 1, 3), (1, 2))
]


def torch_images(x):
    return torch.tensor(np.moveaxis(x, -1, 1).copy(), requires_grad=True)


def ours_of(tensor):
    return np.moveaxis(tensor.detach().numpy(), 1, -1)


def close(found, expected, count):
    """Compare sums of `count` products of numbers about 1."""
    bound = 8 * count**0.5 * np.finfo(found.dtype.name).eps * (1 + np.abs(expected))
    assert found.shape == expected.shape
    assert (np.abs(found.numpy() - expected) <= bound).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("place", [nd.cpu(), nd.cpu_numpy()], ids=repr)
def test_convolutions_and_both_gradients(rng, dtype, groups, place):
    for kernel, stride, padding, dilation in SIZES:
        least = max(dilation * (kernel - 1) + 1 - 2 * padding, 1)
        shape = (2, least + int(rng.integers(0, 5)), least + int(rng.integers(0, 5)), 2 * groups)
        x = rng.standard_normal(shape).astype(dtype)
        w = rng.standard_normal((kernel, kernel, 2, 3 * groups)).astype(dtype)
        settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        images = torch_images(x)
        filters = torch.tensor(w.transpose(3, 2, 0, 1).copy(), requires_grad=True)
        y = torch.nn.functional.conv2d(images, filters, **settings)
        dy = rng.standard_normal(tuple(y.shape)).astype(dtype)
        y.backward(torch.tensor(dy))
        a, b = place.array(x), place.array(w)
        c = nd.permute_dims(place.array(dy), (0, 2, 3, 1))
        close(nd.neural.conv2d(a, b, **settings), ours_of(y), w[..., 0].size)
        found = nd.neural.conv2d_input_gradient(c, b, shape, **settings)
        close(found, ours_of(images.grad), w.size)
        found = nd.neural.conv2d_weight_gradient(a, c, w.shape, **settings)
        close(found, filters.grad.numpy().transpose(2, 3, 1, 0), dy.size)


@pytest.mark.parametrize("place", [nd.cpu(), nd.cpu_numpy()], ids=repr)
def test_pooling_and_its_gradients(rng, place):
    for size, stride, padding, dilation in itertools.product((1, 2, 3), (1, 2), (0, 1), (1, 2)):
        if 2 * padding > size:
            continue  # PyTorch refuses these
        x = rng.standard_normal((2, 7, 6, 3))
        x[0, 2, 3] = np.nan
        images = torch_images(x)
        y, numbers = torch.nn.functional.max_pool2d(
            images, size, stride, padding, dilation, return_indices=True
        )
        dy = rng.standard_normal(tuple(y.shape))
        y.backward(torch.tensor(dy))
        found, places = nd.neural.max_pool2d(place.array(x), size, stride, padding, dilation)
        np.testing.assert_array_equal(found.numpy(), ours_of(y))
        np.testing.assert_array_equal(places.numpy(), ours_of(numbers))
        gradient = place.array(np.moveaxis(dy, 1, -1))
        dx = nd.neural.max_pool2d_gradient(gradient, places, x.shape)
        np.testing.assert_allclose(dx.numpy(), ours_of(images.grad), rtol=1e-12, atol=1e-12)
        if dilation == 1:
            images = torch_images(np.nan_to_num(x))
            y = torch.nn.functional.avg_pool2d(images, size, stride, padding)
            y.backward(torch.tensor(dy))
            values = place.array(np.nan_to_num(x))
            found = nd.neural.avg_pool2d(values, size, stride, padding)
            np.testing.assert_allclose(found.numpy(), ours_of(y), rtol=1e-12, atol=1e-12)
            dx = nd.neural.avg_pool2d_gradient(gradient, x.shape, size, stride, padding)
            np.testing.assert_allclose(dx.numpy(), ours_of(images.grad), rtol=1e-12, atol=1e-12)
