"""Every operator against PyTorch's: values and gradients."""

import math
import operator

import numpy as np
import pytest
import torch

import needle_hw2 as ndl

every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])

SHAPES = [(), (1,), (0,), (7,), (2, 3), (3, 0), (2, 1, 3), (40, 25)]

UNARY = [
    # name, ours, PyTorch's, numbers
    ("sqrt", ndl.sqrt, torch.sqrt, "positive"),
    ("tanh", ndl.tanh, torch.tanh, "any"),
    ("sigmoid", ndl.sigmoid, torch.sigmoid, "any"),
    ("softplus", ndl.softplus, torch.nn.functional.softplus, "any"),
    ("exp", ndl.exp, torch.exp, "any"),
    ("log", ndl.log, torch.log, "positive"),
    ("relu", ndl.relu, torch.relu, "any"),
    ("negate", ndl.negate, torch.neg, "any"),
    ("add_scalar", lambda x: ndl.add_scalar(x, 1.5), lambda x: x + 1.5, "any"),
    ("mul_scalar", lambda x: ndl.mul_scalar(x, 1.5), lambda x: x * 1.5, "any"),
    ("divide_scalar", lambda x: ndl.divide_scalar(x, 1.5), lambda x: x / 1.5, "any"),
    ("power_scalar", lambda x: ndl.power_scalar(x, 3), lambda x: x**3, "any"),
    ("power_scalar -1.5", lambda x: ndl.power_scalar(x, -1.5), lambda x: x**-1.5, "positive"),
    ("fused_add_scalars", lambda x: operator.mul(*ndl.fused_add_scalars(x, 0.5, -2.0)),
     lambda x: (x + 0.5) * (x - 2.0), "any"),
    ("make_tuple", lambda x: operator.mul(*ndl.make_tuple(x, ndl.exp(x))),
     lambda x: x * torch.exp(x), "any"),
    ("reshape", lambda x: ndl.reshape(x, (x.size, 1)), lambda x: x.reshape(x.numel(), 1), "any"),
]  # fmt: skip

BINARY = [
    ("add", ndl.add, torch.add, "any"),
    ("subtract", operator.sub, torch.sub, "any"),
    ("multiply", ndl.multiply, torch.mul, "any"),
    ("divide", ndl.divide, torch.div, "any"),
    ("power", ndl.power, torch.pow, "positive"),
]
PAIRS = [
    ((), ()), ((3,), ()), ((), (2, 3)), ((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), (2, 1)),
    ((2, 1, 3), (4, 1)), ((0,), (1,)), ((0, 3), (3,)), ((40, 25), (25,)),
]  # fmt: skip

REDUCTIONS = [
    ("mean", ndl.mean, torch.mean),
    ("max", ndl.max, torch.amax),
    ("min", ndl.min, torch.amin),
    ("logsumexp", ndl.logsumexp, torch.logsumexp),
    ("summation", ndl.summation, torch.sum),
]
AXES = [
    ((1,), [None, 0]),
    ((7,), [None, 0, -1]),
    ((2, 3), [None, 0, 1, -1, (0, 1), (-1, 0)]),
    ((0, 3), [1]),
    ((2, 1, 3), [None, 1, (0, 2), (1, 2), (-1, -3)]),
    ((40, 25), [None, 0, 1]),
]
SHAPES_AND_AXES = [(shape, axes) for shape, several in AXES for axes in several]

SHAPED = [
    # ours, PyTorch's, shapes
    (ndl.matmul, torch.matmul, [(2, 3), (3, 4)]),
    (ndl.matmul, torch.matmul, [(3,), (3,)]),
    (ndl.matmul, torch.matmul, [(3,), (3, 4)]),
    (ndl.matmul, torch.matmul, [(5, 2, 3), (3, 4)]),
    (ndl.matmul, torch.matmul, [(2, 3), (5, 3, 4)]),
    (ndl.matmul, torch.matmul, [(0, 3), (3, 4)]),
    (ndl.matmul, torch.matmul, [(3, 0), (0, 4)]),
    (ndl.matmul, torch.matmul, [(40, 25), (25, 30)]),
    (ndl.transpose, lambda x: x.mT, [(2, 3)]),
    (lambda x: ndl.transpose(x, (0, 2)), lambda x: x.transpose(0, 2), [(4, 2, 3)]),
    (lambda x: ndl.broadcast_to(x, (4, 2, 3)), lambda x: x.broadcast_to(4, 2, 3), [(2, 1)]),
    (lambda x: ndl.getitem(x, (1, slice(1, None))), lambda x: x[1, 1:], [(2, 3)]),
]
AFFINE = [
    [(4, 3), (3, 2), (2,)], [(3,), (3, 2), (2,)], [(2, 4, 3), (3, 2), (2,)], [(0, 3), (3, 2), (2,)],
    [(1, 1), (1, 1), (1,)], [(40, 25), (25, 30), (30,)],
]  # fmt: skip


@every_dtype
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("case", UNARY, ids=lambda case: case[0])
def test_operator_of_one_tensor(compare, draw, case, shape, dtype):
    _, ours, theirs, numbers = case
    compare(ours, theirs, draw(shape, numbers, dtype))


@every_dtype
@pytest.mark.parametrize("shapes", PAIRS)
@pytest.mark.parametrize("case", BINARY, ids=lambda case: case[0])
def test_operator_of_two_tensors(compare, draw, case, shapes, dtype):
    _, ours, theirs, numbers = case
    for a, b in (shapes, shapes[::-1]):
        length = max(math.prod(a), math.prod(b))  # what broadcasting repeats is summed up
        compare(ours, theirs, draw(a, numbers, dtype), draw(b, numbers, dtype), length=length)


@every_dtype
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(("shape", "axes"), SHAPES_AND_AXES)
@pytest.mark.parametrize("case", REDUCTIONS, ids=lambda case: case[0])
def test_reduction(compare, draw, case, shape, axes, keepdims, dtype):
    _, ours, theirs = case
    dim = tuple(range(len(shape))) if axes is None else axes
    compare(
        lambda x: ours(x, axes, keepdims),
        lambda x: theirs(x, dim=dim, keepdim=keepdims),
        draw(shape, dtype=dtype),
        length=math.prod(shape),
    )


@every_dtype
@pytest.mark.parametrize("scale", [1.0, 1e4])
@pytest.mark.parametrize("axes", [0, 1, -1, -2])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (2, 3, 4), (40, 25)])
def test_logsoftmax(compare, draw, shape, axes, scale, dtype):
    compare(
        lambda x: ndl.logsoftmax(x, axes),
        lambda x: torch.log_softmax(x, axes),
        draw(shape, dtype=dtype) * np.asarray(scale, dtype),
        length=shape[axes],
    )


@every_dtype
@pytest.mark.parametrize("case", [("max", ndl.max, torch.amax), ("min", ndl.min, torch.amin)])
def test_equal_extrema_share_the_gradient(compare, rng, case, dtype):
    _, ours, theirs = case
    x = rng.integers(3, size=(6, 5)).astype(dtype)
    for axes in (0, 1, (0, 1)):
        compare(lambda t: ours(t, axes), lambda t: theirs(t, dim=axes), x)  # noqa: B023


@every_dtype
@pytest.mark.parametrize("function", ["logsumexp", "logsoftmax"])
def test_infinities(compare, function, dtype):
    x = np.array([[-np.inf, 0.0, 1.0], [-np.inf, -np.inf, 2.0]], dtype)
    ours = {"logsumexp": lambda t: ndl.logsumexp(t, 1), "logsoftmax": ndl.logsoftmax}[function]
    compare(ours, lambda t: getattr(torch, function.replace("logsoft", "log_soft"))(t, 1), x)


@every_dtype
@pytest.mark.parametrize("case", SHAPED, ids=lambda case: str(case[2]))
def test_operator_that_depends_on_shape(compare, draw, case, dtype):
    ours, theirs, shapes = case
    compare(ours, theirs, *[draw(shape, dtype=dtype) for shape in shapes], length=40)


@every_dtype
@pytest.mark.parametrize("shapes", AFFINE, ids=str)
def test_affine(compare, draw, shapes, dtype):
    def theirs(x, weight, bias):
        return torch.nn.functional.linear(x, weight.mT, bias)

    length = math.prod(shapes[0])
    compare(ndl.affine, theirs, *[draw(shape, dtype=dtype) for shape in shapes], length=length)


@every_dtype
@pytest.mark.parametrize("eps", [1e-5, 0.1])
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 5), (40, 25)])
@pytest.mark.parametrize("axis", [0, -1])
def test_normalize(compare, draw, axis, shape, eps, dtype):
    def over_columns(x, weight, bias):
        flat = x.reshape(-1, shape[-1])
        normal = torch.nn.functional.batch_norm(flat, None, None, weight, bias, True, eps=eps)
        return normal.reshape(shape)

    def over_rows(x, weight, bias):
        return torch.nn.functional.layer_norm(x, shape[-1:], weight, bias, eps)

    axes = -1 if axis == -1 else tuple(range(len(shape) - 1))
    compare(
        lambda *tensors: ndl.normalize(*tensors, axes, eps),
        over_rows if axis == -1 else over_columns,
        draw(shape, dtype=dtype),
        draw(shape[-1:], dtype=dtype),
        draw(shape[-1:], dtype=dtype),
        length=math.prod(shape),
    )


@every_dtype
@pytest.mark.parametrize("scale", [1.0, 100.0])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (5, 3), (40, 25)])
def test_cross_entropy(compare, rng, shape, smoothing, scale, dtype):
    labels = rng.integers(shape[1], size=shape[0])

    def theirs(z):
        return torch.nn.functional.cross_entropy(z, torch.tensor(labels), label_smoothing=smoothing)

    compare(
        lambda z: ndl.cross_entropy(z, labels, smoothing),
        theirs,
        (rng.standard_normal(shape) * scale).astype(dtype),
        length=math.prod(shape),
    )


@every_dtype
@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (5, 3), (40, 25)])
def test_softmax_loss_of_one_hot_labels(compare, rng, shape, dtype):
    y = np.eye(shape[1], dtype=dtype)[rng.integers(shape[1], size=shape[0])]
    compare(
        lambda z: ndl.softmax_loss(z, ndl.Tensor(y, requires_grad=False)),
        lambda z: torch.nn.functional.cross_entropy(z, torch.tensor(y)),
        rng.standard_normal(shape).astype(dtype),
        length=math.prod(shape),
    )
