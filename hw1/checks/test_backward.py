"""Question `backward`: the gradient of each operator, called alone."""

import contextlib

import numpy as np
import pytest


def gradients(stage, op, value, out_grad, *inputs):
    """Return what `op.gradient` gives for each of `inputs`.

    `value` is the right result, whatever `compute` makes of it: a gradient is judged alone.
    """
    compute = op.compute

    def known(*arrays):
        with contextlib.suppress(Exception):  # it may keep something for the gradient
            compute(*arrays)
        return value

    op.compute = known
    tensors = [stage.Tensor(x) for x in inputs]
    node = op(*tensors)
    return list(op.gradient_as_tuple(stage.Tensor(out_grad), node))


def draw(rng, shape):
    """Return numbers a distance away from 0."""
    return rng.uniform(0.5, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


def unary_gradient(name, x, g):
    return {
        "Negate": lambda: -g,
        "Log": lambda: g / x,
        "Exp": lambda: g * np.exp(x),
        "ReLU": lambda: np.where(x > 0, g, 0.0),
    }[name]()


@pytest.mark.points(2, part="backward")
def test_divide(stage, judge, rng):
    a, b, g = (draw(rng, (3, 4)) for _ in range(3))
    got = gradients(stage, stage.EWiseDiv(), a / b, g, a, b)
    judge.close("gradients", got, want=lambda: [g / b, -g * a / b**2])


@pytest.mark.points(2, part="backward")
def test_power(stage, judge, rng):
    a, b, g = rng.uniform(0.5, 2.0, (3, 4)), draw(rng, (3, 4)), draw(rng, (3, 4))
    got = gradients(stage, stage.EWisePow(), a**b, g, a, b)
    judge.close("gradients", got, want=lambda: [g * b * a ** (b - 1), g * a**b * np.log(a)])


@pytest.mark.points(1, part="backward")
def test_divide_by_number(stage, judge, rng):
    a, g, number = draw(rng, (2, 5)), draw(rng, (2, 5)), float(rng.uniform(1.5, 3.0))
    got = gradients(stage, stage.DivScalar(number), a / number, g, a)
    judge.close("gradient", got, want=lambda: [g / number])


@pytest.mark.points(2, part="backward")
@pytest.mark.parametrize("whole", [True, False], ids=["whole number", "fraction"])
def test_power_of_number(stage, judge, rng, whole):
    number = int(rng.integers(2, 5)) if whole else float(rng.uniform(-2.5, -0.5))
    a, g = rng.uniform(0.5, 2.0, (4, 2)), draw(rng, (4, 2))
    got = gradients(stage, stage.PowerScalar(number), a**number, g, a)
    judge.close("gradient", got, want=lambda: [g * number * a ** (number - 1)])


@pytest.mark.points(4, part="backward")
@pytest.mark.parametrize("name", ["Negate", "Log", "Exp", "ReLU"])
def test_one_tensor(stage, judge, rng, name):
    x, g = draw(rng, (4, 5)), draw(rng, (4, 5))
    if name == "Log":
        x = np.abs(x)
    value = {
        "Negate": np.negative, "Log": np.log, "Exp": np.exp, "ReLU": lambda x: np.maximum(x, 0.0)
    }[name](x)  # fmt: skip
    got = gradients(stage, getattr(stage, name)(), value, g, x)
    judge.close("gradient", got, want=lambda: [unary_gradient(name, x, g)])


@pytest.mark.points(1, part="backward")
def test_reshape(stage, judge, rng):
    x, g = draw(rng, (2, 3, 4)), draw(rng, (4, 6))
    got = gradients(stage, stage.Reshape((4, 6)), x.reshape(4, 6), g, x)
    judge.close("gradient", got, want=lambda: [g.reshape(2, 3, 4)])


@pytest.mark.points(1, part="backward")
@pytest.mark.parametrize("axes", [None, (0, 1)], ids=["last two axes", "named axes"])
def test_transpose(stage, judge, rng, axes):
    x = draw(rng, (2, 3, 4))
    value = np.swapaxes(x, *(axes or (1, 2)))
    g = draw(rng, value.shape)
    got = gradients(stage, stage.Transpose(axes), value, g, x)
    judge.close("gradient", got, want=lambda: [np.swapaxes(g, *(axes or (1, 2)))])


@pytest.mark.points(2, part="backward")
@pytest.mark.parametrize(
    ("shape", "summed"),
    [((4,), 0), ((3, 1), 1)],
    ids=["new axis", "axis of size 1"],
)
def test_broadcast_to(stage, judge, rng, shape, summed):
    x, g = draw(rng, shape), draw(rng, (3, 4))
    got = gradients(stage, stage.BroadcastTo((3, 4)), x + np.zeros((3, 4)), g, x)
    judge.close("gradient", got, want=lambda: [g.sum(axis=summed).reshape(shape)])


@pytest.mark.points(2, part="backward")
@pytest.mark.parametrize(
    ("axes", "kept"),
    [(None, (1, 1, 1)), (1, (3, 1, 2)), ((0, 2), (1, 4, 1))],
    ids=["all axes", "one axis", "two axes"],
)
def test_sum(stage, judge, rng, axes, kept):
    x = draw(rng, (3, 4, 2))
    value = np.asarray(x.sum(axis=axes))
    g = draw(rng, value.shape)
    got = gradients(stage, stage.Summation(axes), value, g, x)
    judge.close("gradient", got, want=lambda: [g.reshape(kept) + np.zeros((3, 4, 2))])


@pytest.mark.points(2, part="backward")
@pytest.mark.parametrize("batch", [(), (2,)], ids=["matrices", "batches"])
def test_matmul(stage, judge, rng, batch):
    a, b, g = draw(rng, (*batch, 3, 4)), draw(rng, (*batch, 4, 5)), draw(rng, (*batch, 3, 5))
    got = gradients(stage, stage.MatMul(), a @ b, g, a, b)
    judge.close("gradients", got, want=lambda: [g @ b.mT, a.mT @ g])
