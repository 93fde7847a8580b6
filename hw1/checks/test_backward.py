"""Question `backward`: the gradient of each operator, called alone."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of

helpers = helpers_of(__file__)


def unary_gradient(name, x, g):
    return {
        "Negate": lambda: -g,
        "Log": lambda: g / x,
        "Exp": lambda: g * np.exp(x),
        "ReLU": lambda: np.where(x > 0, g, 0.0),
    }[name]()


@pytest.mark.points(2, part="backward")
def test_divide(stage, judge, rng):
    a, b, g = (helpers.draw(rng, (3, 4)) for _ in range(3))
    got = helpers.gradients(stage, stage.EWiseDiv(), a / b, g, a, b)
    judge.close("gradients", got, want=lambda: [g / b, -g * a / b**2])


@pytest.mark.points(2, part="backward")
def test_power(stage, judge, rng):
    a, b, g = rng.uniform(0.5, 2.0, (3, 4)), helpers.draw(rng, (3, 4)), helpers.draw(rng, (3, 4))
    got = helpers.gradients(stage, stage.EWisePow(), a**b, g, a, b)
    judge.close("gradients", got, want=lambda: [g * b * a ** (b - 1), g * a**b * np.log(a)])


@pytest.mark.points(1, part="backward")
def test_divide_by_number(stage, judge, rng):
    a, g = helpers.draw(rng, (2, 5)), helpers.draw(rng, (2, 5))
    number = float(rng.uniform(1.5, 3.0))
    got = helpers.gradients(stage, stage.DivScalar(number), a / number, g, a)
    judge.close("gradient", got, want=lambda: [g / number])


@pytest.mark.points(2, part="backward")
@pytest.mark.parametrize("whole", [True, False], ids=["whole number", "fraction"])
def test_power_of_number(stage, judge, rng, whole):
    number = int(rng.integers(2, 5)) if whole else float(rng.uniform(-2.5, -0.5))
    a, g = rng.uniform(0.5, 2.0, (4, 2)), helpers.draw(rng, (4, 2))
    got = helpers.gradients(stage, stage.PowerScalar(number), a**number, g, a)
    judge.close("gradient", got, want=lambda: [g * number * a ** (number - 1)])


@pytest.mark.points(4, part="backward")
@pytest.mark.parametrize("name", ["Negate", "Log", "Exp", "ReLU"])
def test_one_tensor(stage, judge, rng, name):
    x, g = helpers.draw(rng, (4, 5)), helpers.draw(rng, (4, 5))
    if name == "Log":
        x = np.abs(x)
    value = {
        "Negate": np.negative, "Log": np.log, "Exp": np.exp, "ReLU": lambda x: np.maximum(x, 0.0)
    }[name](x)  # fmt: skip
    got = helpers.gradients(stage, getattr(stage, name)(), value, g, x)
    judge.close("gradient", got, want=lambda: [unary_gradient(name, x, g)])


@pytest.mark.points(1, part="backward")
def test_reshape(stage, judge, rng):
    x, g = helpers.draw(rng, (2, 3, 4)), helpers.draw(rng, (4, 6))
    got = helpers.gradients(stage, stage.Reshape((4, 6)), x.reshape(4, 6), g, x)
    judge.close("gradient", got, want=lambda: [g.reshape(2, 3, 4)])


@pytest.mark.points(1, part="backward")
@pytest.mark.parametrize("axes", [None, (0, 1)], ids=["last two axes", "named axes"])
def test_transpose(stage, judge, rng, axes):
    x = helpers.draw(rng, (2, 3, 4))
    value = np.swapaxes(x, *(axes or (1, 2)))
    g = helpers.draw(rng, value.shape)
    got = helpers.gradients(stage, stage.Transpose(axes), value, g, x)
    judge.close("gradient", got, want=lambda: [np.swapaxes(g, *(axes or (1, 2)))])


@pytest.mark.points(2, part="backward")
@pytest.mark.parametrize(
    ("shape", "summed"),
    [((4,), 0), ((3, 1), 1)],
    ids=["new axis", "axis of size 1"],
)
def test_broadcast_to(stage, judge, rng, shape, summed):
    x, g = helpers.draw(rng, shape), helpers.draw(rng, (3, 4))
    got = helpers.gradients(stage, stage.BroadcastTo((3, 4)), x + np.zeros((3, 4)), g, x)
    judge.close("gradient", got, want=lambda: [g.sum(axis=summed).reshape(shape)])


@pytest.mark.points(2, part="backward")
@pytest.mark.parametrize(
    ("axes", "kept"),
    [(None, (1, 1, 1)), (1, (3, 1, 2)), ((0, 2), (1, 4, 1))],
    ids=["all axes", "one axis", "two axes"],
)
def test_sum(stage, judge, rng, axes, kept):
    x = helpers.draw(rng, (3, 4, 2))
    value = np.asarray(x.sum(axis=axes))
    g = helpers.draw(rng, value.shape)
    got = helpers.gradients(stage, stage.Summation(axes), value, g, x)
    judge.close("gradient", got, want=lambda: [g.reshape(kept) + np.zeros((3, 4, 2))])


@pytest.mark.points(2, part="backward")
@pytest.mark.parametrize("batch", [(), (2,)], ids=["matrices", "batches"])
def test_matmul(stage, judge, rng, batch):
    a, b = helpers.draw(rng, (*batch, 3, 4)), helpers.draw(rng, (*batch, 4, 5))
    g = helpers.draw(rng, (*batch, 3, 5))
    got = helpers.gradients(stage, stage.MatMul(), a @ b, g, a, b)
    judge.close("gradients", got, want=lambda: [g @ b.mT, a.mT @ g])
