"""Question `backend_ops`, hidden: other axes, views, empty tensors, gradients in a graph."""

import numpy as np
import pytest

from needle_shared.grading.local import oracles_of

oracles = oracles_of(__file__)


@pytest.mark.points(0.5, part="backend_ops", hidden=True)
def test_stack_negative_axis(stage, judge, rng):
    arrays = rng.standard_normal((2, 4, 3))
    views = [stage.Tensor(a).transpose() for a in arrays]
    judge.close("views", stage.stack(views, -2), want=lambda: np.stack([a.T for a in arrays], -2))
    numbers = rng.standard_normal(3)
    joined = stage.stack([stage.Tensor(np.array(a)) for a in numbers], 0)
    judge.close("0-d", joined * 2, want=lambda: numbers * 2)


@pytest.mark.points(0.5, part="backend_ops", hidden=True)
def test_split_negative_axis(stage, judge, rng):
    x = rng.standard_normal((3, 4, 2))
    judge.close("parts", [*stage.split(stage.Tensor(x), -2)], want=lambda: [*x.swapaxes(0, 1)])
    with_one = stage.split(stage.Tensor(x[:, :1]), 1)
    judge.close("one part", [*with_one], want=lambda: [x[:, 0]])


@pytest.mark.points(0.5, part="backend_ops", hidden=True)
def test_flip_all_axes(stage, judge, rng):
    x = rng.standard_normal((3, 4))
    judge.close("all axes", stage.flip(stage.Tensor(x)), want=lambda: x[::-1, ::-1])
    judge.close("last axis", stage.flip(stage.Tensor(x), (-1,)), want=lambda: x[:, ::-1])
    judge.shape("empty", stage.flip(stage.Tensor(x[:0]), (0,)), want=lambda: (0, 4))


@pytest.mark.points(0.5, part="backend_ops", hidden=True)
def test_dilate_other_axes(stage, judge, rng):
    x = rng.standard_normal((2, 3))
    missing = stage.dilate(stage.Tensor(x), (0, 2), 1)
    judge.close("missing axis", missing, want=lambda: oracles.dilated(x, (0,), 1))
    negative = stage.dilate(stage.Tensor(x), (-1,), 3)
    judge.close("negative axis", negative, want=lambda: oracles.dilated(x, (1,), 3))
    judge.close("no zeros", stage.dilate(stage.Tensor(x), (0, 1), 0) * 3, want=lambda: x * 3)


@pytest.mark.points(1, part="backend_ops", hidden=True)
@pytest.mark.parametrize("times", [1, 2], ids=["once", "a tensor twice"])
def test_gradients_in_a_graph(stage, judge, rng, times):
    a, b = rng.standard_normal((2, 2, 3))
    g = rng.standard_normal((times + 1, 2, 3))
    x, y = stage.Tensor(a), stage.Tensor(b)
    joined = stage.flip(stage.stack([x] * times + [y], 1), (1, 2))
    parts = stage.split(joined, 1)
    total = sum((part * stage.Tensor(w)).sum() for part, w in zip(parts, g, strict=True))
    total.backward()
    judge.close("of x", x.grad, want=lambda: g[:0:-1, :, ::-1].sum(0))
    judge.close("of y", y.grad, want=lambda: g[0, :, ::-1])


@pytest.mark.points(0.5, part="backend_ops", hidden=True)
def test_dilate_gradient_of_more_axes(stage, judge, rng):
    x, g = stage.Tensor(rng.standard_normal((2, 3))), rng.standard_normal((6, 9))
    (stage.dilate(x, (0, 1, 5), 2) * stage.Tensor(g)).sum().backward()
    judge.close("gradient", x.grad, want=lambda: g[::3, ::3])
