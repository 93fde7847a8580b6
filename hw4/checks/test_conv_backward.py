"""Question `conv_backward`: the gradients of a convolution."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of

helpers = helpers_of(__file__)


def windows(w, y, stride):
    """Yield, for each pixel of a kernel, its index and those of the padded image that it meets."""
    for u, v in np.ndindex(w[:2]):
        rows = slice(u, u + stride * (y.shape[1] - 1) + 1, stride)
        columns = slice(v, v + stride * (y.shape[2] - 1) + 1, stride)
        yield (u, v), (slice(None), rows, columns)


def padded(x, padding):
    return np.pad(x, [(0, 0), (padding, padding), (padding, padding), (0, 0)])


def input_gradient(shape, w, g, stride, padding):
    result = padded(np.zeros(shape), padding)
    for pixel, place in windows(w.shape, g, stride):
        result[place] += g @ w[pixel].T
    return result[:, padding : padding + shape[1], padding : padding + shape[2]]


def weight_gradient(x, shape, g, stride, padding):
    result = np.zeros(shape)
    for pixel, place in windows(shape, g, stride):
        result[pixel] = np.einsum("nijc,nijk->ck", padded(x, padding)[place], g)
    return result


SETTINGS = pytest.mark.parametrize(
    ("x", "w", "stride", "padding"),
    [
        ((2, 5, 6, 3), (3, 3, 3, 2), 1, 0),
        ((2, 6, 4, 2), (3, 3, 2, 3), 1, 1),
        ((3, 8, 6, 2), (3, 3, 2, 4), 2, 1),
        ((2, 4, 8, 3), (1, 1, 3, 2), 1, 0),
    ],
    ids=["valid", "padded", "strided", "one pixel"],
)


def out_grad(rng, x, w, stride, padding):
    sizes = [(n + 2 * padding - k) // stride + 1 for n, k in zip(x[1:3], w[:2], strict=True)]
    return rng.standard_normal((x[0], *sizes, w[3]))


@pytest.mark.points(4, part="conv_backward")
@SETTINGS
def test_conv_gradient(stage, judge, rng, x, w, stride, padding):
    g = out_grad(rng, x, w, stride, padding)
    x, w = rng.standard_normal(x), rng.standard_normal(w)
    op = stage.Conv(stride, padding)
    grads = helpers.linear_gradients(stage, op, *map(stage.Tensor, (g, x, w)))
    judge.close("of images", grads[0], want=lambda: input_gradient(x.shape, w, g, stride, padding))
    judge.close(
        "of kernels", grads[1], want=lambda: weight_gradient(x, w.shape, g, stride, padding)
    )


@pytest.mark.points(2, part="conv_backward")
@SETTINGS
def test_conv_input_gradient(stage, judge, rng, x, w, stride, padding):
    g, kernel = out_grad(rng, x, w, stride, padding), rng.standard_normal(w)
    got = stage.ConvInputGradient(x, stride, padding)(stage.Tensor(g), stage.Tensor(kernel))
    judge.close("of images", got, want=lambda: input_gradient(x, kernel, g, stride, padding))


@pytest.mark.points(2, part="conv_backward")
@SETTINGS
def test_conv_weight_gradient(stage, judge, rng, x, w, stride, padding):
    g, image = out_grad(rng, x, w, stride, padding), rng.standard_normal(x)
    got = stage.ConvWeightGradient(w, stride, padding)(stage.Tensor(image), stage.Tensor(g))
    judge.close("of kernels", got, want=lambda: weight_gradient(image, w, g, stride, padding))
