"""Question `conv_backward`, hidden: other settings, and gradients of gradients."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


def gradient(linear, shape, g):
    """Return the gradient of <linear(z), g> for z of `shape`, from what becomes of each unit."""
    units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    return np.array([np.sum(linear(unit) * g) for unit in units]).reshape(shape)


def output_shape(x, w, stride, padding, dilation):
    sizes = zip(x.shape[1:3], w.shape[:2], strict=True)
    rows, columns = ((n + 2 * padding - dilation * (k - 1) - 1) // stride + 1 for n, k in sizes)
    return x.shape[0], rows, columns, w.shape[3]


@pytest.mark.points(2, part="conv_backward", hidden=True)
@pytest.mark.parametrize(
    "settings",
    [(2, 0, 1, 1), (1, 3, 1, 1), (3, 1, 2, 1), (2, 1, 1, 2)],
    ids=["pixels left over", "wide padding", "dilated", "in groups"],
)
def test_conv_gradient_settings(stage, judge, rng, settings):
    x, w = rng.standard_normal((2, 7, 6, 4)), rng.standard_normal((2, 2, 4 // settings[3], 2))
    g = rng.standard_normal(output_shape(x, w, *settings[:3]))
    op = stage.Conv(*settings)
    grads = helpers.linear_gradients(stage, op, *map(stage.Tensor, (g, x, w)))
    judge.close(
        "of images",
        grads[0],
        want=lambda: gradient(lambda z: oracles.convolved(z, w, *settings), x.shape, g),
    )
    judge.close(
        "of kernels",
        grads[1],
        want=lambda: gradient(lambda z: oracles.convolved(x, z, *settings), w.shape, g),
    )


@pytest.mark.points(1, part="conv_backward", hidden=True)
@pytest.mark.parametrize("stride", [1, 2], ids=["dense", "strided"])
def test_gradient_of_input_gradient(stage, judge, rng, stride):
    shape = (2, 5, 5, 2)
    w, g = rng.standard_normal((3, 3, 2, 3)), rng.standard_normal(shape)
    y = rng.standard_normal(output_shape(g, w, stride, 1, 1))
    op = stage.ConvInputGradient(shape, stride, 1)
    grads = helpers.linear_gradients(stage, op, *map(stage.Tensor, (g, y, w)))
    judge.close("of y", grads[0], want=lambda: oracles.convolved(g, w, stride, 1))
    judge.close(
        "of kernels",
        grads[1],
        want=lambda: gradient(lambda z: oracles.convolved(g, z, stride, 1), w.shape, y),
    )


@pytest.mark.points(1, part="conv_backward", hidden=True)
@pytest.mark.parametrize("stride", [1, 2], ids=["dense", "strided"])
def test_gradient_of_weight_gradient(stage, judge, rng, stride):
    x, g = rng.standard_normal((2, 5, 5, 2)), rng.standard_normal((3, 3, 2, 3))
    y = rng.standard_normal(output_shape(x, g, stride, 1, 1))
    op = stage.ConvWeightGradient(g.shape, stride, 1)
    grads = helpers.linear_gradients(stage, op, *map(stage.Tensor, (g, x, y)))
    judge.close(
        "of images",
        grads[0],
        want=lambda: gradient(lambda z: oracles.convolved(z, g, stride, 1), x.shape, y),
    )
    judge.close("of y", grads[1], want=lambda: oracles.convolved(x, g, stride, 1))
