"""Question `forward`, hidden: the same operators at the edges of their rules."""

import numpy as np
import pytest


@pytest.mark.points(1, part="forward", hidden=True)
@pytest.mark.parametrize("name", ["divide", "power"])
def test_broadcasting(stage, judge, rng, name):
    a, b = rng.uniform(0.5, 2.0, (4, 1, 3)), rng.uniform(0.5, 2.0, (2, 1))
    result = getattr(stage, name)(stage.Tensor(a), stage.Tensor(b))
    judge.close(name, result, want=lambda: a / b if name == "divide" else a**b)


@pytest.mark.points(1, part="forward", hidden=True)
def test_float32_stays_float32(stage, judge, rng):
    x, number = rng.uniform(0.5, 2.0, (3, 5)).astype(np.float32), float(rng.uniform(1.5, 3.0))
    results = [stage.divide_scalar(stage.Tensor(x), number)]
    results += [stage.power_scalar(stage.Tensor(x), number)]
    results += [stage.relu(stage.Tensor(x - 1)), stage.exp(stage.Tensor(x))]
    wide = x.astype(np.float64)
    judge.close(
        "results",
        results,
        want=lambda: [
            np.asarray(result, dtype=np.float32)
            for result in (wide / number, wide**number, np.maximum(wide - 1, 0), np.exp(wide))
        ],
    )
    judge.value("dtypes", [str(result.dtype) for result in results], want=lambda: ["float32"] * 4)


@pytest.mark.points(1, part="forward", hidden=True)
def test_log_and_exp_over_a_wide_range(stage, judge, rng):
    x, y = 10.0 ** rng.uniform(-200, 200, 20), rng.uniform(-600, 600, 20)
    x[rng.integers(20)] = 0.0
    judge.close("log", stage.log(stage.Tensor(x)), want=lambda: quiet_log(x), atol=0.0)
    judge.close("exp", stage.exp(stage.Tensor(y)), want=lambda: np.exp(y), rtol=1e-6, atol=0.0)


def quiet_log(x):
    with np.errstate(divide="ignore"):
        return np.log(x)


@pytest.mark.points(1, part="forward", hidden=True)
def test_reshape(stage, judge, rng):
    x, y = rng.standard_normal((4, 3)), rng.standard_normal()
    transposed = stage.Tensor(x.T)  # row-major order is that of the tensor, not of its memory
    judge.close(
        "transposed", stage.reshape(transposed, (2, 6)), want=lambda: x.T.copy().reshape(2, 6)
    )
    judge.close("rest", stage.reshape(stage.Tensor(x), (2, -1)), want=lambda: x.reshape(2, 6))
    judge.close("0-d", stage.reshape(stage.Tensor(y), (1, 1)), want=lambda: np.full((1, 1), y))


@pytest.mark.points(1, part="forward", hidden=True)
@pytest.mark.parametrize("axes", [(-1, 0), (1, -2)], ids=["last and first", "inner axes"])
def test_transpose_negative_axes(stage, judge, rng, axes):
    x = rng.standard_normal((2, 3, 4, 5))
    result = stage.transpose(stage.Tensor(x), axes)
    judge.close("transposed", result, want=lambda: np.swapaxes(x, *axes))


@pytest.mark.points(1, part="forward", hidden=True)
def test_sum(stage, judge, rng):
    x = rng.standard_normal((3, 1, 4, 2))
    for name, axes, keepdims in (
        ("axis of size 1", 1, False),
        ("last axis", -1, False),
        ("axes in any order", (2, 0), False),
        ("all axes, kept", None, True),
    ):
        result = stage.summation(stage.Tensor(x), axes, keepdims)
        judge.close(name, result, want=lambda: np.sum(x, axis=axes, keepdims=keepdims))  # noqa: B023
    empty = stage.summation(stage.Tensor(x[:0]), 0)
    judge.close("no rows", empty, want=lambda: np.zeros((1, 4, 2)))


@pytest.mark.points(1, part="forward", hidden=True)
def test_broadcast_to(stage, judge, rng):
    x, y = rng.standard_normal((2, 1, 3)), rng.standard_normal()
    middle = stage.broadcast_to(stage.Tensor(x), (5, 2, 4, 3))
    judge.close("middle axis", middle, want=lambda: x + np.zeros((5, 2, 4, 3)))
    judge.close("0-d", stage.broadcast_to(stage.Tensor(y), (2, 3)), want=lambda: np.full((2, 3), y))


@pytest.mark.points(1, part="forward", hidden=True)
@pytest.mark.parametrize(
    ("a", "b"),
    [((4,), (4, 3)), ((2, 3, 4), (4,)), ((2, 1, 3, 4), (5, 4, 2)), ((3, 1), (1, 2))],
    ids=["vector on the left", "vector on the right", "broadcast batches", "outer product"],
)
def test_matmul(stage, judge, rng, a, b):
    x, y = rng.standard_normal(a), rng.standard_normal(b)
    judge.close("product", stage.matmul(stage.Tensor(x), stage.Tensor(y)), want=lambda: x @ y)
