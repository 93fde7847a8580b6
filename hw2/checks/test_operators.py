"""Question `operators`: what the operators of networks compute, and their gradients."""

import numpy as np
import pytest

from needle_shared.grading.local import oracles_of

oracles = oracles_of(__file__)

AXES = [
    pytest.param(2, 1, id="rows"),
    pytest.param(3, None, id="all axes"),
    pytest.param(3, (0, 2), id="two axes"),
]
MODES = [pytest.param(True, id="made of ops"), pytest.param(False, id="on arrays")]


def logsumexp(x, axes):
    peak = x.max(axes, keepdims=True)
    return np.log(np.exp(x - peak).sum(axes, keepdims=True)) + peak


def softmax(x, axes):
    return np.exp(x - logsumexp(x, axes))


def one_hot(y, k):
    return np.eye(k)[y]


def cross_entropy(z, y):
    return np.mean(logsumexp(z, 1)[:, 0] - z[np.arange(len(y)), y])


def sizes(rng, count):
    return tuple(int(size) for size in rng.integers(3, 7, size=count))


@pytest.mark.points(1.5, part="operators")
@pytest.mark.parametrize(("ndim", "axes"), AXES)
def test_logsumexp(stage, judge, rng, ndim, axes):
    x = rng.standard_normal(sizes(rng, ndim)) * 3
    judge.close(
        "reduced",
        stage.logsumexp(stage.Tensor(x), axes),
        want=lambda: logsumexp(x, axes).squeeze(axes),
    )
    kept = stage.logsumexp(stage.Tensor(x), axes, keepdims=True)
    judge.close("axes kept", kept, want=lambda: logsumexp(x, axes))


@pytest.mark.points(1.5, part="operators")
@pytest.mark.parametrize(("ndim", "axes"), AXES)
def test_logsumexp_gradient(stage, judge, rng, ndim, axes):
    x = rng.standard_normal(sizes(rng, ndim)) * 3
    t = stage.Tensor(x)
    y = stage.logsumexp(t, axes)
    g = rng.standard_normal(np.zeros_like(x).sum(axes).shape)
    y.backward(stage.Tensor(g))
    judge.close(
        "gradient",
        t.grad,
        want=lambda: softmax(x, axes) * (g if axes is None else np.expand_dims(g, axes)),
    )


@pytest.mark.points(1, part="operators")
@pytest.mark.parametrize("axes", [pytest.param(-1, id="rows"), pytest.param(0, id="columns")])
def test_logsoftmax(stage, judge, rng, axes):
    x = rng.standard_normal(sizes(rng, 2)) * 3
    y = stage.logsoftmax(stage.Tensor(x), axes)
    judge.close("log-softmax", y, want=lambda: x - logsumexp(x, axes))


@pytest.mark.points(1, part="operators")
@pytest.mark.parametrize("create_graph", MODES)
def test_logsoftmax_gradient(stage, judge, rng, create_graph):
    x = rng.standard_normal(sizes(rng, 2)) * 3
    for name, axes in (("rows", -1), ("columns", 0)):
        t, g = stage.Tensor(x), rng.standard_normal(x.shape)
        stage.logsoftmax(t, axes).backward(stage.Tensor(g), create_graph=create_graph)
        judge.close(
            name,
            t.grad,
            want=lambda g=g, axes=axes: g - softmax(x, axes) * g.sum(axes, keepdims=True),
        )


@pytest.mark.points(1, part="operators")
def test_affine(stage, judge, rng):
    m, n, p = sizes(rng, 3)
    x, w, b = (rng.standard_normal(shape) for shape in ((m, n), (n, p), p))
    judge.close(
        "x W + b",
        stage.affine(stage.Tensor(x), stage.Tensor(w), stage.Tensor(b)),
        want=lambda: x @ w + b,
    )
    row = stage.Tensor(b[None, :])
    judge.close(
        "the bias is a row",
        stage.affine(stage.Tensor(x), stage.Tensor(w), row),
        want=lambda: x @ w + b,
    )


@pytest.mark.points(1.5, part="operators")
@pytest.mark.parametrize("create_graph", MODES)
def test_affine_gradient(stage, judge, rng, create_graph):
    m, n, p = sizes(rng, 3)
    x, w, b, g = (rng.standard_normal(shape) for shape in ((m, n), (n, p), p, (m, p)))
    inputs = [stage.Tensor(array) for array in (x, w, b)]
    stage.affine(*inputs).backward(stage.Tensor(g), create_graph=create_graph)
    judge.close("of x", inputs[0].grad, want=lambda: g @ w.T)
    judge.close("of W", inputs[1].grad, want=lambda: x.T @ g)
    judge.close("of b", inputs[2].grad, want=lambda: g.sum(0))


@pytest.mark.points(2, part="operators")
@pytest.mark.parametrize("axes", [pytest.param(-1, id="rows"), pytest.param(0, id="columns")])
def test_normalize(stage, judge, rng, axes):
    shape, eps = sizes(rng, 2), float(rng.uniform(0.1, 0.5))
    x, w, b = rng.normal(2, 3, shape), rng.normal(1, 1, shape[1]), rng.standard_normal(shape[1])
    y = stage.normalize(stage.Tensor(x), stage.Tensor(w), stage.Tensor(b), axes, eps)
    judge.close("normalised", y, want=lambda: oracles.standard(x, axes, eps) * w + b)


@pytest.mark.points(2.5, part="operators")
@pytest.mark.parametrize("create_graph", MODES)
def test_normalize_gradient(stage, judge, rng, create_graph):
    shape, eps = sizes(rng, 2), float(rng.uniform(0.1, 0.5))
    for name, axes in (("rows", -1), ("columns", 0)):
        x, g = rng.normal(2, 3, shape), rng.standard_normal(shape)
        w, b = rng.normal(1, 1, shape[1]), rng.standard_normal(shape[1])
        inputs = [stage.Tensor(array) for array in (x, w, b)]
        y = stage.normalize(*inputs, axes, eps)
        y.backward(stage.Tensor(g), create_graph=create_graph)
        for i, t in enumerate(inputs):
            judge.close(
                f"{name}: gradient of {'xwb'[i]}",
                t.grad,
                want=lambda x=x, w=w, g=g, axes=axes, i=i: oracles.normalize_gradients(
                    x, w, g, axes, eps
                )[i],
            )


@pytest.mark.points(1, part="operators")
def test_cross_entropy(stage, judge, rng):
    m, k = sizes(rng, 2)
    z, y = rng.standard_normal((m, k)) * 3, rng.integers(k, size=m)
    loss = stage.cross_entropy(stage.Tensor(z), y)
    judge.close("loss", loss, want=lambda: cross_entropy(z, y))


@pytest.mark.points(2, part="operators")
@pytest.mark.parametrize("create_graph", MODES)
def test_cross_entropy_gradient(stage, judge, rng, create_graph):
    m, k = sizes(rng, 2)
    z, y, g = rng.standard_normal((m, k)) * 3, rng.integers(k, size=m), rng.uniform(2, 3)
    t = stage.Tensor(z)
    stage.cross_entropy(t, y).backward(stage.Tensor(g), create_graph=create_graph)
    judge.close("gradient", t.grad, want=lambda: g * (softmax(z, 1) - one_hot(y, k)) / m)


@pytest.mark.points(1, part="operators")
@pytest.mark.parametrize("name", ["logsumexp", "logsoftmax", "affine", "normalize"])
def test_float32_stays_float32(stage, judge, rng, name):
    n, p = sizes(rng, 2)
    x, w, b = (rng.standard_normal(shape).astype("float32") for shape in ((9, n), (n, p), (n,)))
    t, scale = stage.Tensor(x), stage.Tensor(b)
    y = {
        "logsumexp": lambda: stage.logsumexp(t, 1),
        "logsoftmax": lambda: stage.logsoftmax(t),
        "affine": lambda: stage.affine(t, stage.Tensor(w), stage.Tensor(w[0])),
        "normalize": lambda: stage.normalize(t, scale, scale, 0, 0.5),
    }[name]()
    y.backward(create_graph=False)
    judge.close("result", y, want=lambda: result_of(name, x, w, b))
    dtypes = [value.numpy().dtype.name for value in (y, t.grad)]
    judge.value("dtypes of the result and the gradient", dtypes, want=lambda: ["float32"] * 2)


def result_of(name, x, w, b):
    if name == "affine":
        return x @ w + w[0]
    if name == "normalize":
        return oracles.standard(x, 0, 0.5) * b + b
    return logsumexp(x, 1)[:, 0] if name == "logsumexp" else x - logsumexp(x, 1)
