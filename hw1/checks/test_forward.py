"""Question `forward`: what each operator computes."""

import numpy as np
import pytest


def sizes(rng, axes):
    """Return a shape of different sizes: no axis can be mistaken for another."""
    return tuple(rng.permutation([2, 3, 4, 5])[:axes].tolist())


def unary(name, x):
    return {
        "negate": np.negative,
        "log": np.log,
        "exp": np.exp,
        "relu": lambda x: np.maximum(x, 0),
    }[name](x)


@pytest.mark.points(2, part="forward")
@pytest.mark.parametrize("name", ["divide", "power"])
def test_two_tensors(stage, judge, rng, name):
    shape = sizes(rng, 2)
    a, b = rng.uniform(0.5, 2.0, shape), rng.uniform(0.5, 2.0, shape)
    result = getattr(stage, name)(stage.Tensor(a), stage.Tensor(b))
    judge.close(name, result, want=lambda: a / b if name == "divide" else a**b)


@pytest.mark.points(2, part="forward")
@pytest.mark.parametrize("name", ["divide", "power"])
def test_tensor_and_number(stage, judge, rng, name):
    a, number = rng.uniform(0.5, 2.0, sizes(rng, 2)), float(rng.uniform(1.5, 3.0))
    result = getattr(stage, f"{name}_scalar")(stage.Tensor(a), number)
    judge.close(name, result, want=lambda: a / number if name == "divide" else a**number)


@pytest.mark.points(4, part="forward")
@pytest.mark.parametrize("name", ["negate", "log", "exp", "relu"])
def test_one_tensor(stage, judge, rng, name):
    x = rng.standard_normal((4, 6))
    if name == "log":
        x = np.abs(x) + 0.1
    judge.close(name, getattr(stage, name)(stage.Tensor(x)), want=lambda: unary(name, x))


@pytest.mark.points(1, part="forward")
@pytest.mark.parametrize("axes", [1, 3], ids=["vector to matrix", "three axes to two"])
def test_reshape(stage, judge, rng, axes):
    x = rng.standard_normal(12 if axes == 1 else (2, 3, 4))
    shape = (3, 4) if axes == 1 else (4, 6)
    judge.close("reshaped", stage.reshape(stage.Tensor(x), shape), want=lambda: x.reshape(shape))


@pytest.mark.points(2, part="forward")
@pytest.mark.parametrize("axes", [None, (0, 2)], ids=["last two axes", "named axes"])
def test_transpose(stage, judge, rng, axes):
    x = rng.standard_normal(sizes(rng, 3))
    result = stage.transpose(stage.Tensor(x), axes)
    judge.close("transposed", result, want=lambda: np.swapaxes(x, *(axes or (-1, -2))))


@pytest.mark.points(1, part="forward")
@pytest.mark.parametrize("new", [False, True], ids=["axis of size 1", "new axis"])
def test_broadcast_to(stage, judge, rng, new):
    rows, columns = sizes(rng, 2)
    x = rng.standard_normal(columns if new else (rows, 1))
    result = stage.broadcast_to(stage.Tensor(x), (rows, columns))
    judge.close("broadcast", result, want=lambda: x + np.zeros((rows, columns)))


@pytest.mark.points(2, part="forward")
@pytest.mark.parametrize(
    ("axes", "keepdims"),
    [(None, False), (1, False), ((0, 2), False), (1, True)],
    ids=["all axes", "one axis", "two axes", "kept axis"],
)
def test_sum(stage, judge, rng, axes, keepdims):
    x = rng.standard_normal(sizes(rng, 3))
    result = stage.summation(stage.Tensor(x), axes, keepdims)
    judge.close("sum", result, want=lambda: np.sum(x, axis=axes, keepdims=keepdims))


@pytest.mark.points(2, part="forward")
@pytest.mark.parametrize(
    ("a", "b"), [((3, 4), (4, 2)), ((2, 3, 4), (2, 4, 5))], ids=["matrices", "batches"]
)
def test_matmul(stage, judge, rng, a, b):
    x, y = rng.standard_normal(a), rng.standard_normal(b)
    judge.close("product", stage.matmul(stage.Tensor(x), stage.Tensor(y)), want=lambda: x @ y)
