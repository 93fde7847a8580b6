"""Question `operators`: large and infinite numbers, other shapes and axes, second gradients."""

import numpy as np
import pytest

from needle_shared.grading.local import oracles_of

oracles = oracles_of(__file__)

MODES = [pytest.param(True, id="made of ops"), pytest.param(False, id="on arrays")]


def logsumexp(x, axes):
    return np.logaddexp.reduce(x, axis=axes, keepdims=True)


def logsumexp_over_all(x):
    return np.logaddexp.reduce(x.reshape(-1))


def log_softmax(x, axes):
    with np.errstate(invalid="ignore"):
        return x - logsumexp(x, axes)


def log_softmax_of_shifted(x, shift):
    shifted = x + shift - (x + shift).max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def smooth_targets(y, k, s):
    return np.eye(k)[y] * (1 - s) + s / k


def smooth_loss(z, y, s):
    return -np.mean(np.sum(smooth_targets(y, z.shape[1], s) * log_softmax(z, 1), axis=1))


def smooth_gradient(z, y, s):
    return (np.exp(log_softmax(z, 1)) - smooth_targets(y, z.shape[1], s)) / len(y)


def first_gradient(name, x, y, w, g):
    if name == "cross_entropy":
        return g[0, 0] * smooth_gradient(x, y, 0)
    if name == "normalize":
        return oracles.normalize_gradients(x, w, g, 0, 0.3)[0]
    given = np.exp(log_softmax(x, 1)) * g.sum(1, keepdims=True)
    return given if name == "logsumexp" else g - given


def slope(gradient, x, v):
    """Return how `gradient` changes from x in the direction of v."""
    h = 1e-5
    return (gradient(x + h * v) - gradient(x - h * v)) / (2 * h)


def sizes(rng, count):
    return tuple(int(size) for size in rng.integers(3, 7, size=count))


@pytest.mark.points(0.5, part="operators", hidden=True)
def test_logsumexp_of_large_and_infinite_numbers(stage, judge, rng):
    x = rng.standard_normal((4, 5)) * 3
    x[1] += 1e5
    x[2] -= 1e5
    x[3, 1:3] = -np.inf
    t = stage.Tensor(x)
    y = stage.logsumexp(t, 1)
    judge.close("log of the sum", y, want=lambda: logsumexp(x, 1)[:, 0])
    y.backward()
    judge.close("gradient", t.grad, want=lambda: np.exp(log_softmax_of_shifted(x, 0)))
    nothing = stage.Tensor(np.where(np.arange(4)[:, None] == 2, -np.inf, x))
    judge.close(
        "a row of -inf",
        stage.logsumexp(nothing, 1),
        want=lambda: np.where(np.arange(4) == 2, -np.inf, logsumexp(x, 1)[:, 0]),
    )


@pytest.mark.points(0.5, part="operators", hidden=True)
def test_logsoftmax_of_large_numbers(stage, judge, rng):
    x, shift = rng.standard_normal((3, 5)) * 3, np.array([[1e6], [-1e6], [0.0]])
    y = stage.logsoftmax(stage.Tensor(x + shift))
    judge.close("log-softmax", y, want=lambda: log_softmax_of_shifted(x, shift))


@pytest.mark.points(0.5, part="operators", hidden=True)
def test_cross_entropy_of_large_numbers(stage, judge, rng):
    z, y = rng.standard_normal((4, 5)) * 400, rng.integers(5, size=4)
    z[0] += 1e4
    t = stage.Tensor(z)
    loss = stage.cross_entropy(t, y)
    judge.close("loss", loss, want=lambda: smooth_loss(z, y, 0))
    loss.backward(create_graph=False)
    judge.close("gradient", t.grad, want=lambda: smooth_gradient(z, y, 0))


@pytest.mark.points(0.5, part="operators", hidden=True)
def test_cross_entropy_of_many_classes(stage, judge, rng):
    # As uint8, each label is also the number of another class, 256 above it.
    z, y = rng.standard_normal((4, 300)), rng.integers(44, size=4).astype("uint8")
    for mode in (True, False):
        t = stage.Tensor(z)
        loss = stage.cross_entropy(t, y)
        judge.close("loss, labels of uint8", loss, want=lambda: smooth_loss(z, y, 0))
        loss.backward(create_graph=mode)
        judge.close("gradient, labels of uint8", t.grad, want=lambda: smooth_gradient(z, y, 0))
    for name, label in (("a label of -1", -1), ("a label of k", 300)):
        wrong = np.where(np.arange(4) == 2, label, y.astype("int64"))
        judge.raises(name, IndexError, lambda w=wrong: stage.cross_entropy(stage.Tensor(z), w))


@pytest.mark.points(1, part="operators", hidden=True)
@pytest.mark.parametrize("create_graph", MODES)
def test_logarithms_over_other_axes(stage, judge, rng, create_graph):
    x, g = rng.standard_normal((2, 1, *sizes(rng, 2))) * 3, rng.uniform(2, 3)
    for name, axes in (("negative axes", (-1, -3)), ("all axes", (0, 1, 2, 3))):
        t, upper = stage.Tensor(x), rng.standard_normal(x.shape)
        y = stage.logsoftmax(t, axes)
        judge.close(name, y, want=lambda axes=axes: log_softmax(x, axes))
        y.backward(stage.Tensor(upper), create_graph=create_graph)
        judge.close(
            f"gradient over {name}",
            t.grad,
            want=lambda axes=axes, upper=upper: (
                upper - np.exp(log_softmax(x, axes)) * upper.sum(axes, keepdims=True)
            ),
        )
    t = stage.Tensor(x)
    y = stage.logsumexp(t)
    judge.close("one number", y, want=lambda: logsumexp_over_all(x))
    y.backward(stage.Tensor(g), create_graph=create_graph)
    judge.close(
        "gradient of one number", t.grad, want=lambda: g * np.exp(x - logsumexp_over_all(x))
    )
    kept = stage.Tensor(x)
    stage.logsumexp(kept, -2, keepdims=True).backward(create_graph=create_graph)
    judge.close("gradient with axes kept", kept.grad, want=lambda: np.exp(x - logsumexp(x, -2)))


@pytest.mark.points(2, part="operators", hidden=True)
@pytest.mark.parametrize("name", ["logsumexp", "logsoftmax", "cross_entropy", "normalize"])
def test_second_gradient(stage, judge, rng, name):
    m, k = sizes(rng, 2)
    x, v, g = (rng.standard_normal((m, k)) for _ in range(3))
    w, y = rng.normal(1, 1, k), rng.integers(k, size=m)
    results = {
        "logsumexp": lambda t: stage.logsumexp(t, 1, keepdims=True) * stage.Tensor(g),
        "logsoftmax": lambda t: stage.logsoftmax(t) * stage.Tensor(g),
        "cross_entropy": lambda t: stage.cross_entropy(t, y) * float(g[0, 0]),
        "normalize": lambda t: (
            stage.normalize(t, stage.Tensor(w), stage.Tensor(w), 0, 0.3) * stage.Tensor(g)
        ),
    }
    t = stage.Tensor(x)
    stage.summation(results[name](t)).backward()
    stage.summation(t.grad * stage.Tensor(v)).backward()
    judge.close(
        "slope of the gradient",
        t.grad,
        want=lambda: slope(lambda x: first_gradient(name, x, y, w, g), x, v),
        rtol=1e-6,
        atol=1e-8,
    )


@pytest.mark.points(1.5, part="operators", hidden=True)
@pytest.mark.parametrize("create_graph", MODES)
def test_affine_of_vectors_and_batches(stage, judge, rng, create_graph):
    a, m, n, p = sizes(rng, 4)
    for name, shape in (("vector", (n,)), ("one row", (1, n)), ("batch", (a, m, n))):
        x, w, b = (rng.standard_normal(s) for s in (shape, (n, p), (1, p)))
        g = rng.standard_normal((*shape[:-1], p))
        inputs = [stage.Tensor(array) for array in (x, w, b)]
        y = stage.affine(*inputs)
        judge.close(name, y, want=lambda x=x, w=w, b=b: x @ w + b[0])
        y.backward(stage.Tensor(g), create_graph=create_graph)
        judge.close(f"{name}: gradient of x", inputs[0].grad, want=lambda w=w, g=g: g @ w.T)
        judge.close(
            f"{name}: gradient of W",
            inputs[1].grad,
            want=lambda x=x, g=g: x.reshape(-1, x.shape[-1]).T @ g.reshape(-1, g.shape[-1]),
        )
        judge.close(
            f"{name}: gradient of b",
            inputs[2].grad,
            want=lambda g=g: g.reshape(-1, g.shape[-1]).sum(0, keepdims=True),
        )


@pytest.mark.points(1.5, part="operators", hidden=True)
@pytest.mark.parametrize("axes", [pytest.param(-1, id="rows"), pytest.param((0, 1), id="batch")])
def test_normalize_of_batches(stage, judge, rng, axes):
    shape, eps = sizes(rng, 3), float(rng.uniform(0.1, 0.5))
    x, g = rng.normal(2, 3, shape).swapaxes(0, 1), rng.standard_normal(shape).swapaxes(0, 1)
    w, b = rng.normal(1, 1, shape[-1]), rng.standard_normal(shape[-1])
    for create_graph in (True, False):
        inputs = [stage.Tensor(array) for array in (x, w, b)]
        y = stage.normalize(*inputs, axes, eps)
        judge.close("normalised", y, want=lambda: oracles.standard(x, axes, eps) * w + b)
        y.backward(stage.Tensor(g), create_graph=create_graph)
        for i, t in enumerate(inputs):
            judge.close(
                f"gradient of {'xwb'[i]}",
                t.grad,
                want=lambda i=i: oracles.normalize_gradients(x, w, g, axes, eps)[i],
            )


@pytest.mark.points(1, part="operators", hidden=True)
@pytest.mark.parametrize("create_graph", MODES)
def test_label_smoothing(stage, judge, rng, create_graph):
    m, k = sizes(rng, 2)
    z, y, s = rng.standard_normal((m, k)) * 3, rng.integers(k, size=m), rng.uniform(0.1, 0.6)
    t = stage.Tensor(z)
    loss = stage.cross_entropy(t, y, smoothing=float(s))
    judge.close("loss", loss, want=lambda: smooth_loss(z, y, s))
    loss.backward(create_graph=create_graph)
    judge.close("gradient", t.grad, want=lambda: smooth_gradient(z, y, s))
