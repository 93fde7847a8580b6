"""Question `backend_ops`: ops that join, split, reverse and spread elements."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(1, part="backend_ops")
@pytest.mark.parametrize("axis", [0, 2], ids=["new first axis", "new last axis"])
def test_stack(stage, judge, rng, axis):
    arrays = rng.standard_normal((3, 4, 2))
    y = stage.stack([stage.Tensor(a) for a in arrays], axis)
    judge.close("y", y, want=lambda: np.stack(list(arrays), axis))


@pytest.mark.points(1, part="backend_ops")
@pytest.mark.parametrize("axis", [1, 2], ids=["middle axis", "last axis"])
def test_stack_gradient(stage, judge, rng, axis):
    members = stage.make_tuple(*[stage.Tensor(a) for a in rng.standard_normal((3, 4, 2))])
    g = rng.standard_normal([(4, 3, 2), (4, 2, 3)][axis - 1])
    (grads,) = helpers.linear_gradients(stage, stage.Stack(axis), stage.Tensor(g), members)
    judge.close("gradients", [*grads], want=lambda: list(np.moveaxis(g, axis, 0)))


@pytest.mark.points(1, part="backend_ops")
@pytest.mark.parametrize("axis", [1, 2], ids=["middle axis", "last axis"])
def test_split(stage, judge, rng, axis):
    x = rng.standard_normal((3, 2, 4))
    parts = stage.split(stage.Tensor(x), axis)
    judge.close("parts", [*parts], want=lambda: list(np.moveaxis(x, axis, 0)))


@pytest.mark.points(0.5, part="backend_ops")
def test_split_gradient(stage, judge, rng):
    x, g = stage.Tensor(rng.standard_normal((3, 4))), rng.standard_normal((4, 3))
    out_grad = stage.make_tuple(*[stage.Tensor(row) for row in g])
    (grad,) = helpers.linear_gradients(stage, stage.Split(1), out_grad, x)
    judge.close("gradient", grad, want=lambda: g.T)


@pytest.mark.points(1, part="backend_ops")
@pytest.mark.parametrize("axes", [(1,), (0, 2)], ids=["one axis", "two axes"])
def test_flip(stage, judge, rng, axes):
    x = rng.standard_normal((3, 4, 2))
    judge.close("y", stage.flip(stage.Tensor(x), axes), want=lambda: np.flip(x, axes))


@pytest.mark.points(0.5, part="backend_ops")
def test_flip_gradient(stage, judge, rng):
    x, g = stage.Tensor(rng.standard_normal((3, 4))), rng.standard_normal((3, 4))
    (grad,) = helpers.linear_gradients(stage, stage.Flip((1,)), stage.Tensor(g), x)
    judge.close("gradient", grad, want=lambda: np.flip(g, 1))


@pytest.mark.points(1, part="backend_ops")
@pytest.mark.parametrize(
    ("axes", "dilation"), [((0,), 1), ((1, 2), 2)], ids=["one axis", "two axes by 2"]
)
def test_dilate(stage, judge, rng, axes, dilation):
    x = rng.standard_normal((3, 2, 4))
    y = stage.dilate(stage.Tensor(x), axes, dilation)
    judge.close("y", y, want=lambda: oracles.dilated(x, axes, dilation))


@pytest.mark.points(0.5, part="backend_ops")
def test_dilate_gradient(stage, judge, rng):
    x, g = stage.Tensor(rng.standard_normal((3, 2))), rng.standard_normal((9, 2))
    (grad,) = helpers.linear_gradients(stage, stage.Dilate((0,), 2), stage.Tensor(g), x)
    judge.close("gradient", grad, want=lambda: g[::3])
