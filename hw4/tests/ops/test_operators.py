"""The contract of hw4's operators: every one on a device against NumPy in float64.

Each line of a table is an operator, as it is written for tensors and for NumPy's arrays, and what
it is tried on. Convolutions and recurrent layers have more cases in files of their own.
"""

import math

import numpy as np
import pytest

from needle_hw4 import Tensor, ops
from needle_shared.testing import (
    OPERATOR_VIEWS,
    constant_check,
    lazy_check,
    partial_gradient_check,
    purity_check,
    release_check,
    second_derivative_check,
    unary_operator_check,
)

DTYPES = ["float32", "float64"]


def np_softmax(x, axis=-1):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


def np_dilate(x, axes, dilation):
    sizes = [n * (dilation + 1) if axis in axes else n for axis, n in enumerate(x.shape)]
    result = np.zeros(sizes)
    for index in np.ndindex(x.shape):
        result[tuple(i * (dilation + 1) if a in axes else i for a, i in enumerate(index))] = x[
            index
        ]
    return result


def np_undilate(x, axes, dilation):
    for axis in axes:
        x = np.take(x, range(0, x.shape[axis], dilation + 1), axis)
    return x


def np_pad(x, widths):
    return np.pad(x, widths) if x.ndim else x


def weighted_parts(x, axis):
    """Return the parts of x, each times another number, stacked again."""
    return ops.stack([part * (k + 1.0) for k, part in enumerate(ops.split(x, axis))], axis)


def np_weighted_parts(x, axis):
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    return x * np.arange(1.0, x.shape[axis] + 1).reshape(shape)


def np_attention_weights(scores, scale, causal):
    queries, keys = scores.shape[-2:]
    e = np.exp(scale * scores)
    if causal:
        e = e * (np.arange(keys) <= np.arange(queries)[:, None] + keys - queries)
    total = e.sum(axis=-1, keepdims=True)
    return np.divide(e, total, out=np.zeros_like(e), where=total > 0)


# Of one tensor of any shape.
UNARY = [
    ("flip", ops.flip, np.flip),
    ("flip last", lambda x: ops.flip(x, -1 if x.ndim else ()),
     lambda x: np.flip(x, -1 if x.ndim else ())),
    ("permute", lambda x: ops.permute(x, range(x.ndim)[::-1]), np.transpose),
    ("dilate", lambda x: ops.dilate(x, None, 1), lambda x: np_dilate(x, range(x.ndim), 1)),
    ("dilate last", lambda x: ops.dilate(x, -1, 2), lambda x: np_dilate(x, {x.ndim - 1}, 2)),
    ("dilate by 0", lambda x: ops.dilate(x, 0, 0), lambda x: x),
    ("undilate", lambda x: ops.undilate(x, None, 1), lambda x: np_undilate(x, range(x.ndim), 1)),
    ("undilate last", lambda x: ops.undilate(x, -1, 2),
     lambda x: np_undilate(x, {x.ndim - 1} if x.ndim else (), 2)),
    ("pad", lambda x: ops.pad(x, [(k, 2) for k in range(x.ndim)]),
     lambda x: np_pad(x, [(k, 2) for k in range(x.ndim)])),
    ("stack", lambda x: ops.stack([x, x * x, x], -1), lambda x: np.stack([x, x * x, x], -1)),
    ("stack one", lambda x: ops.stack([x]), lambda x: x[None]),
]  # fmt: skip
UNARY = [(name, ours, theirs, "any") for name, ours, theirs in UNARY]

ROWS = np.array([[2, 0], [2, 2]])
# name, of tensors, of NumPy's arrays, shapes
SHAPED = [
    ("stack 0", lambda *a: ops.stack(a, 0), lambda *a: np.stack(a, 0), [(2, 3)] * 3),
    ("stack 1", lambda *a: ops.stack(a, 1), lambda *a: np.stack(a, 1), [(2, 3)] * 2),
    ("stack last", lambda *a: ops.stack(a, 2), lambda *a: np.stack(a, 2), [(2, 3)] * 2),
    ("stack -2", lambda *a: ops.stack(a, -2), lambda *a: np.stack(a, -2), [(2, 3)] * 2),
    ("stack numbers", lambda *a: ops.stack(a), lambda *a: np.stack(a), [()] * 3),
    ("stack nothing", lambda *a: ops.stack(a, 1), lambda *a: np.stack(a, 1), [(0, 2)] * 2),
    ("split 0", lambda x: weighted_parts(x, 0), lambda x: np_weighted_parts(x, 0), [(3, 2)]),
    ("split -1", lambda x: weighted_parts(x, -1), lambda x: np_weighted_parts(x, -1), [(2, 1, 3)]),
    ("split one", lambda x: weighted_parts(x, 1), lambda x: np_weighted_parts(x, 1), [(2, 1)]),
    ("split vector", lambda x: weighted_parts(x, 0), lambda x: np_weighted_parts(x, 0), [(3,)]),
    ("split empty", lambda x: weighted_parts(x, 0), lambda x: np_weighted_parts(x, 0), [(2, 0)]),
    ("split member", lambda x: ops.split(x, 1)[-1], lambda x: x[:, -1], [(2, 3)]),
    ("concat 0", lambda *a: ops.concat(a), lambda *a: np.concatenate(a), [(2, 3), (1, 3), (0, 3)]),
    ("concat -1", lambda *a: ops.concat(a, -1), lambda *a: np.concatenate(a, -1),
     [(2, 1, 3), (2, 1, 1)]),
    ("concat 1", lambda *a: ops.concat(a, 1), lambda *a: np.concatenate(a, 1), [(2, 1, 3)] * 2),
    ("concat one", lambda x: ops.concat([x]), lambda x: x, [(3,)]),
    ("permute 3", lambda x: ops.permute(x, (1, 2, 0)), lambda x: x.transpose(1, 2, 0), [(2, 3, 4)]),
    ("permute -1", lambda x: ops.permute(x, (-1, 0, 1)), lambda x: x.transpose(2, 0, 1),
     [(2, 3, 4)]),
    ("flip axes", lambda x: ops.flip(x, (0, -1)), lambda x: np.flip(x, (0, -1)), [(2, 3, 2)]),
    ("flip none", lambda x: ops.flip(x, ()), lambda x: x, [(2, 3)]),
    ("dilate axes", lambda x: ops.dilate(x, (0, 2, 5), 1), lambda x: np_dilate(x, {0, 2}, 1),
     [(2, 1, 2)]),
    ("dilate missing", lambda x: ops.dilate(x, 2, 1), lambda x: x, [(2, 3)]),
    ("undilate axes", lambda x: ops.undilate(x, (-3, 1), 2), lambda x: np_undilate(x, (0, 1), 2),
     [(4, 3, 2)]),
    ("undilate missing", lambda x: ops.undilate(x, (2,), 1), lambda x: x, [(2, 3)]),
    ("pad sides", lambda x: ops.pad(x, ((0, 2), (1, 0))), lambda x: np.pad(x, ((0, 2), (1, 0))),
     [(2, 3)]),
    ("softmax rows", ops.softmax, np_softmax, [(2, 3)]),
    ("softmax columns", lambda x: ops.softmax(x, 0), lambda x: np_softmax(x, 0), [(2, 3)]),
    ("softmax middle", lambda x: ops.softmax(x, -2), lambda x: np_softmax(x, 1), [(2, 3, 2)]),
    ("softmax vector", ops.softmax, np_softmax, [(3,)]),
    ("softmax of one", ops.softmax, np_softmax, [(2, 1)]),
    ("softmax of no rows", ops.softmax, np_softmax, [(0, 3)]),
    ("softmax of nothing", ops.softmax, lambda x: x, [(2, 0)]),
    *(
        (
            f"attention_weights {shape} {causal}",
            lambda x, causal=causal: ops.attention_weights(x, 0.7, causal),
            lambda x, causal=causal: np_attention_weights(x, 0.7, causal),
            [shape],
        )
        for shape in [(3, 3), (2, 4), (4, 2), (1, 2, 3, 3), (2, 0, 3), (2, 3, 0), (1, 1)]
        for causal in (False, True)
    ),
    ("take rows", lambda x: ops.take(x, [2, 0, 2]), lambda x: x[[2, 0, 2]], [(3, 2)]),
    ("take matrix", lambda x: ops.take(x, ROWS), lambda x: x[ROWS], [(3, 2)]),
    ("take blocks", lambda x: ops.take(x, [1, 1]), lambda x: x[[1, 1]], [(2, 2, 3)]),
    ("take numbers", lambda x: ops.take(x, ROWS), lambda x: x[ROWS], [(4,)]),
    ("take one", lambda x: ops.take(x, 1), lambda x: x[1], [(3, 2)]),
    ("take none", lambda x: ops.take(x, []), lambda x: x[[]].reshape(0, 2), [(3, 2)]),
    ("take empty rows", lambda x: ops.take(x, [1, 1]), lambda x: x[[1, 1]], [(3, 0)]),
]  # fmt: skip
EVERY = [
    *((name, function, [(2, 3)]) for name, function, _, _ in UNARY),
    *((name, f, shapes) for name, f, _, shapes in SHAPED if all(map(math.prod, shapes))),
]


def squared(function):
    """Return a function whose second derivatives are not 0, though `function` is linear."""

    def square(*leaves):
        y = function(*leaves)
        return y * y

    return square


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("view", OPERATOR_VIEWS)
@pytest.mark.parametrize("case", UNARY, ids=lambda case: case[0])
def test_operator_of_one_tensor(check_operator, draw, case, view, dtype):
    unary_operator_check(check_operator, draw, case, view, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", SHAPED, ids=lambda case: case[0])
def test_operator_that_depends_on_shape(check_operator, draw, case, dtype):
    _, function, reference, shapes = case
    check_operator(function, reference, *[draw(shape, dtype=dtype) for shape in shapes])


# Of tensors with two axes, and the same of NumPy's arrays.
VIEWS = {
    "reversed": OPERATOR_VIEWS["reversed"],
    "transposed": OPERATOR_VIEWS["transposed"],
    "repeated": (
        lambda t: t[:1].broadcast_to(t.shape),
        lambda a: np.broadcast_to(a[:1], a.shape),
    ),
}
MATRICES = [case for case in SHAPED if len(case[3]) == 1 and len(case[3][0]) == 2 and case[3][0][0]]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("case", MATRICES, ids=lambda case: case[0])
def test_operator_that_depends_on_shape_takes_views(check_operator, draw, case, view):
    _, function, reference, (shape,) = case
    of_tensor, of_array = VIEWS[view]
    check_operator(
        lambda x: function(of_tensor(x)),
        lambda x: reference(of_array(x)),
        draw(shape[::-1] if view == "transposed" else shape),
    )


@pytest.mark.parametrize("function", [ops.stack, ops.concat])
def test_joined_tensors_promote(check_operator, draw, function):
    reference = {ops.stack: np.stack, ops.concat: np.concatenate}[function]
    arrays = [draw((2, 3)), draw((2, 3), dtype="float32"), draw((2, 3))]
    check_operator(lambda *a: function(a, 1), lambda *a: reference(a, 1), *arrays)


RULES = [
    second_derivative_check,
    lazy_check,
    constant_check,
    purity_check,
    partial_gradient_check,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("case", EVERY, ids=lambda case: case[0])
def test_operator_keeps_the_rule(device, draw, case, rule):
    _, function, shapes = case
    rule(squared(function), *[Tensor(draw(shape), device=device) for shape in shapes])


def test_operators_leave_no_reference_cycles(without_gc, device, draw):
    for _, function, shapes in EVERY:
        release_check(squared(function), *[Tensor(draw(shape), device=device) for shape in shapes])


def test_every_operator_of_this_stage_is_in_a_table():
    tested = {name.split()[0] for name, *_ in [*UNARY, *SHAPED]}
    functions = {
        name
        for name, value in vars(ops).items()
        if getattr(value, "__module__", "").startswith("needle_hw4") and name.islower()
    }
    windows = {"conv", "max_pool2d", "avg_pool2d"}  # in test_convolution.py and test_pooling.py
    assert functions == tested | windows
