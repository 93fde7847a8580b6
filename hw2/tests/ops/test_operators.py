"""The contract of hw2's operators: every one on a device against NumPy in float64.

Run it on another device with `--device PACKAGE:FACTORY`. Each line of a table is an operator, as
it is written for tensors and for NumPy's arrays, and what it is tried on.
"""

import numpy as np
import pytest

import needle_hw2 as ndl
from needle_hw2 import Tensor, ops
from needle_shared.testing import (
    OPERATOR_VIEWS,
    assert_close,
    constant_check,
    lazy_check,
    purity_check,
    second_derivative_check,
    unary_operator_check,
)

DTYPES = ["float32", "float64"]

UNARY = [
    # name, of tensors, of NumPy's arrays, numbers
    ("sqrt", ndl.sqrt, np.sqrt, "positive"),
    ("tanh", ndl.tanh, np.tanh, "any"),
    ("sigmoid", ndl.sigmoid, lambda x: 1 / (1 + np.exp(-x)), "any"),
    ("softplus", ndl.softplus, lambda x: np.log(1 + np.exp(x)), "any"),
]


def np_logsumexp(x, axis=None, keepdims=False):
    return np.log(np.exp(x).sum(axis=axis, keepdims=keepdims))


REDUCTIONS = [
    ("mean", ndl.mean, lambda x, axis, keepdims: x.mean(axis=axis, keepdims=keepdims)),
    ("max", ndl.max, lambda x, axis, keepdims: x.max(axis=axis, keepdims=keepdims)),
    ("min", ndl.min, lambda x, axis, keepdims: x.min(axis=axis, keepdims=keepdims)),
    ("logsumexp", ndl.logsumexp, np_logsumexp),
]

AXES = [
    # shape, and axes that leave something to reduce
    ((), [None, ()]),
    ((1,), [None, 0, -1, (0,), ()]),
    ((3,), [None, 0, -1, [0]]),
    ((2, 3), [None, 0, 1, -1, -2, (0, 1), (-1, 0), ()]),
    ((1, 3), [None, 0, 1]),
    ((0, 3), [1, -1]),
    ((2, 3, 4), [None, 1, (0, 2), (-1, 0), (2, 1), (0, 1, 2)]),
    ((2, 1, 3), [1, (0, 1), -1]),
]
SHAPES_AND_AXES = [(shape, axes) for shape, several in AXES for axes in several]


def as_axis(axes):
    return tuple(axes) if isinstance(axes, list) else axes


def np_affine(x, weight, bias):
    return x @ weight + bias.reshape(-1)


def np_normalize(axes, eps=1e-5):
    def reference(x, weight, bias):
        centred = x - x.mean(axis=axes, keepdims=True)
        variance = (centred**2).mean(axis=axes, keepdims=True)
        return centred / np.sqrt(variance + eps) * weight + bias

    return reference


def np_cross_entropy(labels, smoothing=0.0):
    def reference(z):
        log_probs = z - np_logsumexp(z, 1, keepdims=True)
        targets = np.eye(z.shape[1])[labels] * (1 - smoothing) + smoothing / z.shape[1]
        return -(targets * log_probs).sum() / len(z)

    return reference


LABELS = np.array([2, 0, 2, 1])
SHAPED = [
    # name, of tensors, of NumPy's arrays, shapes
    ("affine matrix", ndl.affine, np_affine, [(4, 3), (3, 2), (1, 2)]),
    ("affine row", ndl.affine, np_affine, [(3,), (3, 2), (2,)]),
    ("affine batches", ndl.affine, np_affine, [(2, 1, 4, 3), (3, 2), (2,)]),
    ("affine one", ndl.affine, np_affine, [(1, 1), (1, 1), (1, 1)]),
    ("affine no rows", ndl.affine, np_affine, [(0, 3), (3, 2), (2,)]),
    ("affine no inputs", ndl.affine, np_affine, [(4, 0), (0, 2), (2,)]),
    ("affine no outputs", ndl.affine, np_affine, [(4, 3), (3, 0), (0,)]),
    ("normalize columns", lambda *a: ndl.normalize(*a, 0), np_normalize(0), [(4, 3), (3,), (3,)]),
    ("normalize rows", lambda *a: ndl.normalize(*a, -1), np_normalize(1), [(4, 3), (3,), (3,)]),
    ("normalize vector", lambda *a: ndl.normalize(*a, 0), np_normalize(0), [(5,), (5,), (5,)]),
    (
        "normalize batches",
        lambda *a: ndl.normalize(*a, (0, 1), 0.1),
        np_normalize((0, 1), 0.1),
        [(2, 3, 2), (2,), (2,)],
    ),
    ("normalize one", lambda *a: ndl.normalize(*a, -1), np_normalize(-1), [(3, 1), (1,), (1,)]),
    ("normalize none", lambda *a: ndl.normalize(*a, -1), np_normalize(-1), [(0, 3), (3,), (3,)]),
    (
        "cross_entropy",
        lambda z: ndl.cross_entropy(z, labels_like(z, LABELS)),
        np_cross_entropy(LABELS),
        [(4, 3)],
    ),
    (
        "cross_entropy smoothed",
        lambda z: ndl.cross_entropy(z, labels_like(z, LABELS), 0.25),
        np_cross_entropy(LABELS, 0.25),
        [(4, 3)],
    ),
    (
        "cross_entropy one",
        lambda z: ndl.cross_entropy(z, labels_like(z, [0])),
        np_cross_entropy([0]),
        [(1, 1)],
    ),
]
REDUCED = [
    (f"{name} {axes}", lambda x, f=f, a=axes: f(x, a), lambda x, r=r, a=axes: r(x, a, False))
    for name, f, r in REDUCTIONS
    for axes in (None, 0, (0, -1))
] + [
    (
        f"logsoftmax {axes}",
        lambda x, a=axes: ndl.logsoftmax(x, a),
        lambda x, a=axes: x - np_logsumexp(x, a, keepdims=True),
    )
    for axes in (-1, 0, None, (0, -1))
]
EVERY = [
    *((name, function, [((2, 3), numbers)]) for name, function, _, numbers in UNARY),
    *((name, function, [((2, 3), "any")]) for name, function, _ in REDUCED),
    *(
        (name, f, [(s, "any") for s in shapes])
        for name, f, _, shapes in SHAPED
        if 0 not in shapes[0]
    ),
]
each = pytest.mark.parametrize("case", EVERY, ids=lambda case: case[0])


def labels_like(z, labels):
    """Return labels as an array of the library and device of a tensor."""
    array = z.realize_cached_data()
    xp = array.__array_namespace__()
    return xp.asarray(np.asarray(labels).tolist(), dtype=xp.int64, device=array.device)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("view", OPERATOR_VIEWS)
@pytest.mark.parametrize("case", UNARY, ids=lambda case: case[0])
def test_operator_of_one_tensor(check_operator, draw, case, view, dtype):
    unary_operator_check(check_operator, draw, case, view, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("case", REDUCTIONS, ids=lambda case: case[0])
@pytest.mark.parametrize(("shape", "axes"), SHAPES_AND_AXES)
def test_reduction_over_axes(check_operator, draw, case, shape, axes, keepdims, dtype):
    _, function, reference = case
    check_operator(
        lambda x: function(x, axes, keepdims),
        lambda x: reference(x, as_axis(axes), keepdims),
        draw(shape, dtype=dtype),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "axes"), SHAPES_AND_AXES)
def test_logsoftmax_over_axes(check_operator, draw, shape, axes, dtype):
    check_operator(
        lambda x: ndl.logsoftmax(x, axes),
        lambda x: x - np_logsumexp(x, as_axis(axes), keepdims=True),
        draw(shape, dtype=dtype),
    )


@pytest.mark.parametrize("view", list(OPERATOR_VIEWS)[1:])
@pytest.mark.parametrize("case", REDUCED, ids=lambda case: case[0])
def test_reduction_of_a_view(check_operator, draw, case, view):
    # A repeated element is a tie, whose halves of a maximum's gradient arrive at it again.
    _, function, reference = case
    of_tensor, of_array = OPERATOR_VIEWS[view]
    check_operator(
        lambda x: function(of_tensor(x)), lambda x: reference(of_array(x)), draw((2, 3, 2))
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", SHAPED, ids=lambda case: case[0])
def test_operator_that_depends_on_shape(check_operator, draw, case, dtype):
    _, function, reference, shapes = case
    check_operator(function, reference, *[draw(shape, dtype=dtype) for shape in shapes])


@pytest.mark.parametrize("view", ["reversed", "transposed"])
@pytest.mark.parametrize("name", ["affine", "normalize"])
def test_operator_of_several_tensors_takes_views(check_operator, draw, name, view):
    of_tensor, of_array = OPERATOR_VIEWS[view]
    function = {"affine": ndl.affine, "normalize": lambda *a: ndl.normalize(*a, 0)}[name]
    reference = {"affine": np_affine, "normalize": np_normalize(0)}[name]
    shapes = {"affine": [(3, 3), (3, 3), (3,)], "normalize": [(3, 3), (3,), (3,)]}[name]
    check_operator(
        lambda *tensors: function(*map(of_tensor, tensors)),
        lambda *arrays: reference(*map(of_array, arrays)),
        *map(draw, shapes),
    )


def test_operators_of_several_tensors_promote(check_operator, draw):
    x, weight, bias = (draw(shape) for shape in [(4, 3), (3, 2), (2,)])
    check_operator(ndl.affine, np_affine, x.astype("float32"), weight, bias.astype("float32"))
    check_operator(ndl.affine, np_affine, x, weight.astype("float32"), bias.astype("float32"))
    scale, shift = draw((3,)), draw((3,))
    check_operator(
        lambda *a: ndl.normalize(*a, 0), np_normalize(0), x.astype("float32"), scale, shift
    )


RULES = [second_derivative_check, lazy_check, constant_check, purity_check]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@each
def test_operator_keeps_the_rule(device, draw, case, rule):
    _, function, inputs = case
    rule(function, *[Tensor(draw(shape, numbers), device=device) for shape, numbers in inputs])


@each
def test_operator_over_another_library_equals_that_over_numpy(strict, draw, case):
    _, function, inputs = case
    arrays = [draw(shape, numbers) for shape, numbers in inputs]
    mine = [Tensor(array) for array in arrays]
    theirs = [Tensor(strict.asarray(array)) for array in arrays]
    expected, result = function(*mine), function(*theirs)
    assert_close(strict.exported(result), expected.numpy())
    for create_graph in (True, False):
        expected.backward(create_graph=create_graph)
        result.backward(create_graph=create_graph)
        for a, b in zip(mine, theirs, strict=True):
            assert_close(strict.exported(b.grad), a.grad.numpy())


def test_every_operator_of_this_stage_is_in_a_table():
    tested = {name.split()[0] for name, *_ in [*UNARY, *REDUCTIONS, *SHAPED, *REDUCED]}
    functions = {
        name
        for name, value in vars(ops).items()
        if getattr(value, "__module__", "").startswith("needle_hw2") and name.islower()
    }
    tuples = {"make_tuple", "tuple_get_item", "fused_add_scalars"}  # in test_tuples.py
    assert functions == tested | tuples
