"""Question `backward`, hidden: gradients at the edges of their rules."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of

helpers = helpers_of(__file__)


def summed(g, shape):
    """Return `g` summed over what broadcasting from `shape` repeats."""
    padded = (1,) * (g.ndim - len(shape)) + shape
    repeated = tuple(i for i, size in enumerate(padded) if size == 1)
    return g.sum(axis=repeated, keepdims=True).reshape(shape)


@pytest.mark.points(1, part="backward", hidden=True)
@pytest.mark.parametrize("what", ["base", "base and exponent"])
def test_power_of_zero(stage, judge, rng, what):
    a, b, g = rng.uniform(0.5, 2.0, 6), rng.uniform(1.5, 3.0, 6), helpers.draw(rng, 6)
    a[2] = 0.0
    if what == "base and exponent":  # a^0 is 1 for every a
        b[2] = b[4] = 0.0
        got = helpers.gradients(stage, stage.PowerScalar(0), np.ones(6), g, a)
        judge.close("power of a number", got, want=lambda: [np.zeros(6)])
    got = helpers.gradients(stage, stage.EWisePow(), a**b, g, a, b)
    judge.close("gradients", got, want=lambda: [power_gradient(a, b, g), log_gradient(a, b, g)])


def power_gradient(a, b, g):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(b == 0, 0.0, g * b * a ** (b - 1))


def log_gradient(a, b, g):
    return g * a**b * np.log(np.where(a == 0, 1.0, a))


@pytest.mark.points(1, part="backward", hidden=True)
def test_float32_stays_float32(stage, judge, rng):
    x = helpers.draw(rng, (3, 2)).astype(np.float32)
    g = helpers.draw(rng, (3, 2)).astype(np.float32)
    number = float(rng.uniform(1.5, 3.0))
    got = helpers.gradients(stage, stage.DivScalar(number), x / np.float32(number), g, x)
    got += helpers.gradients(stage, stage.PowerScalar(2), x**2, g, x)
    judge.close(
        "gradients", got, want=lambda: [(g / number).astype(np.float32), np.float32(2) * g * x]
    )
    judge.value("dtypes", [str(grad.dtype) for grad in got], want=lambda: ["float32"] * 2)


@pytest.mark.points(1, part="backward", hidden=True)
def test_relu_at_zero(stage, judge, rng):
    x, g = helpers.draw(rng, (5, 4)), helpers.draw(rng, (5, 4))
    x[rng.integers(5)] = 0.0
    got = helpers.gradients(stage, stage.ReLU(), np.maximum(x, 0.0), g, x)
    judge.close("gradient", got, want=lambda: [np.where(x > 0, g, 0.0)])


@pytest.mark.points(1, part="backward", hidden=True)
@pytest.mark.parametrize("axes", [(-1, 0), (-3, -2)], ids=["last and first", "inner axes"])
def test_transpose_negative_axes(stage, judge, rng, axes):
    x = helpers.draw(rng, (2, 3, 4, 5))
    value = np.swapaxes(x, *axes)
    g = helpers.draw(rng, value.shape)
    got = helpers.gradients(stage, stage.Transpose(axes), value, g, x)
    judge.close("gradient", got, want=lambda: [np.swapaxes(g, *axes)])


@pytest.mark.points(2, part="backward", hidden=True)
@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((), (2, 3)),
        ((3, 1), (2, 3, 4)),
        ((1, 3, 1), (2, 3, 4)),
        ((2, 1, 1), (2, 1, 5)),
        ((1,), (1, 4)),
    ],
    ids=["0-d", "new axis and size 1", "first and last", "size 1 that stays", "new axis of size 1"],
)
def test_broadcast_to(stage, judge, rng, shape, wanted):
    x, g = helpers.draw(rng, shape), helpers.draw(rng, wanted)
    got = helpers.gradients(stage, stage.BroadcastTo(wanted), x + np.zeros(wanted), g, x)
    judge.close("gradient", got, want=lambda: [summed(g, shape)])


@pytest.mark.points(2, part="backward", hidden=True)
@pytest.mark.parametrize(
    ("axes", "keepdims", "kept"),
    [
        (-2, False, (3, 4, 1, 2)),
        ((3, 0), False, (1, 4, 1, 1)),
        ((0, -1), True, (1, 4, 1, 1)),
        (None, True, (1, 1, 1, 1)),
    ],
    ids=["axis of size 1", "axes in any order", "kept axes", "all axes kept"],
)
def test_sum(stage, judge, rng, axes, keepdims, kept):
    x = helpers.draw(rng, (3, 4, 1, 2))
    value = x.sum(axis=axes, keepdims=keepdims)
    g = helpers.draw(rng, value.shape)
    got = helpers.gradients(stage, stage.Summation(axes, keepdims), value, g, x)
    judge.close("gradient", got, want=lambda: [g.reshape(kept) + np.zeros(x.shape)])


@pytest.mark.points(2, part="backward", hidden=True)
@pytest.mark.parametrize(
    ("a", "b"),
    [((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5)), ((2, 1, 3, 4), (5, 4, 2))],
    ids=["batch and matrix", "matrix and batch", "broadcast batches"],
)
def test_matmul_broadcast(stage, judge, rng, a, b):
    x, y = helpers.draw(rng, a), helpers.draw(rng, b)
    g = helpers.draw(rng, (x @ y).shape)
    got = helpers.gradients(stage, stage.MatMul(), x @ y, g, x, y)
    judge.close("gradients", got, want=lambda: [summed(g @ y.mT, a), summed(x.mT @ g, b)])


def vector_gradients(x, y, g):
    """Return those of a vector with matrices, as of a matrix with one row or column."""
    if x.ndim == 1:
        rows = g[..., np.newaxis, :]
        return [summed(rows @ y.mT, (1, x.size))[0], x[:, np.newaxis] * rows]
    columns = g[..., np.newaxis]
    return [columns * y, summed(x.mT @ columns, (y.size, 1))[:, 0]]


@pytest.mark.points(1, part="backward", hidden=True)
@pytest.mark.parametrize(
    ("a", "b"),
    [((3,), (3, 4)), ((4, 3), (3,)), ((3,), (2, 3, 4)), ((2, 4, 3), (3,))],
    ids=["vector and matrix", "matrix and vector", "vector and batch", "batch and vector"],
)
def test_matmul_vector(stage, judge, rng, a, b):
    x, y = helpers.draw(rng, a), helpers.draw(rng, b)
    g = helpers.draw(rng, (x @ y).shape)
    got = helpers.gradients(stage, stage.MatMul(), x @ y, g, x, y)
    judge.close("gradients", got, want=lambda: vector_gradients(x, y, g))
