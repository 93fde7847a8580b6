"""Pooling against loops over windows in NumPy; ties, nan, borders; errors."""

import math

import numpy as np
import pytest

import needle_hw1
from needle_hw4 import Tensor, ops
from needle_shared.testing import (
    OPERATOR_VIEWS,
    constant_check,
    lazy_check,
    purity_check,
    release_check,
    reuse_check,
    second_derivative_check,
)

INF, NAN = math.inf, math.nan


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def pooled(reduce, outside):
    """Return a function of NumPy's arrays that reduces each window with `reduce`."""

    def function(x, size, stride=None, padding=0, dilation=1):
        size, padding, dilation = pair(size), pair(padding), pair(dilation)
        stride = size if stride is None else pair(stride)
        (p, q) = padding
        x = np.pad(x, ((0, 0), (p, p), (q, q), (0, 0)), constant_values=outside)
        reach = [d * (k - 1) + 1 for d, k in zip(dilation, size, strict=True)]
        sizes = zip(x.shape[1:3], reach, stride, strict=True)
        rows, columns = ((n - r) // s + 1 for n, r, s in sizes)
        y = np.zeros((len(x), rows, columns, x.shape[3]))
        for i, j in np.ndindex(rows, columns):
            above, left = (slice(k * s, k * s + r, d) for k, s, r, d in
                           zip((i, j), stride, reach, dilation, strict=True))  # fmt: skip
            y[:, i, j] = reduce(x[:, above, left], axis=(1, 2))
        return y

    return function


FUNCTIONS = {
    "max": (ops.max_pool2d, pooled(np.max, -INF), ops.MaxPool2d),
    "avg": (ops.avg_pool2d, pooled(np.mean, 0.0), ops.AvgPool2d),
}
each = pytest.mark.parametrize("name", FUNCTIONS)

CASES = [
    # images, settings
    ((2, 4, 4, 3), {"size": 2}),
    ((1, 5, 7, 2), {"size": 2}),
    ((1, 5, 5, 1), {"size": 3, "stride": 1}),
    ((1, 5, 6, 2), {"size": 3, "stride": 2, "padding": 1}),
    ((1, 4, 5, 1), {"size": (2, 3), "stride": (1, 2), "padding": (1, 0)}),
    ((1, 4, 4, 1), {"size": 1, "stride": 3}),
    ((1, 3, 3, 2), {"size": 3}),
    ((1, 2, 2, 1), {"size": 4, "padding": 1}),
    ((0, 4, 4, 2), {"size": 2}),
    ((2, 4, 4, 0), {"size": 2}),
    ((1, 6, 5, 17), {"size": 2, "stride": 2}),
]
DILATED = [
    ((1, 5, 6, 1), {"size": 2, "stride": 1, "dilation": 2}),
    ((1, 5, 6, 2), {"size": (2, 3), "stride": 2, "padding": 1, "dilation": (3, 2)}),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("shape", "settings"), CASES, ids=str)
@each
def test_values_and_gradients(check_operator, draw, name, shape, settings, dtype):
    ours, theirs, _ = FUNCTIONS[name]
    check_operator(
        lambda x: ours(x, **settings), lambda x: theirs(x, **settings), draw(shape, dtype=dtype)
    )


@pytest.mark.parametrize(("shape", "settings"), DILATED, ids=str)
def test_maximum_of_dilated_windows(check_operator, draw, shape, settings):
    ours, theirs, _ = FUNCTIONS["max"]
    check_operator(lambda x: ours(x, **settings), lambda x: theirs(x, **settings), draw(shape))


@pytest.mark.parametrize("view", list(OPERATOR_VIEWS)[1:])
@each
def test_images_may_be_views(check_operator, draw, name, view):
    of_tensor, of_array = OPERATOR_VIEWS[view]
    if view == "broadcast":
        of_tensor, of_array = (lambda x, f=f: f(x)[1] for f in (of_tensor, of_array))
    ours, theirs, _ = FUNCTIONS[name]
    check_operator(
        lambda x: ours(of_tensor(x), 2, 1), lambda x: theirs(of_array(x), 2, 1), draw((2, 3, 3, 2))
    )


RULES = [second_derivative_check, lazy_check, constant_check, purity_check]


def squared(name, settings):
    def square(x):
        y = FUNCTIONS[name][0](x, **settings)
        return y * y

    return square


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize(("shape", "settings"), [CASES[0], CASES[3]], ids=str)
@each
def test_op_keeps_the_rule(device, draw, name, shape, settings, rule):
    rule(squared(name, settings), Tensor(draw(shape), device=device))


@each
def test_op_leaves_no_reference_cycles(without_gc, device, draw, name):
    release_check(squared(name, {"size": 2}), Tensor(draw((1, 4, 4, 1)), device=device))


@each
def test_one_op_object_serves_several_images(device, draw, name):
    first, second = (Tensor(draw((1, 4, 4, 2)), device=device) for _ in range(2))
    reuse_check(lambda: FUNCTIONS[name][2](2), lambda y: y, [first], [second])


def grad_of(x, device, *settings, weights=None):
    leaf = Tensor(np.asarray(x, "float64").reshape(1, *np.shape(x), 1), device=device)
    y = ops.max_pool2d(leaf, *settings)
    y.backward(None if weights is None else Tensor(np.reshape(weights, y.shape), device=device))
    return y.numpy().reshape(y.shape[1:3]), leaf.grad.numpy().reshape(np.shape(x))


def test_first_of_equal_elements_has_the_gradient(device):
    y, grad = grad_of(np.ones((2, 4)), device, 2)
    np.testing.assert_array_equal(y, [[1.0, 1.0]])
    np.testing.assert_array_equal(grad, [[1, 0, 1, 0], [0, 0, 0, 0]])
    _, grad = grad_of([[0.0, 2.0], [2.0, 1.0]], device, 2)
    np.testing.assert_array_equal(grad, [[0, 1], [0, 0]])
    _, grad = grad_of(np.full((2, 2), -INF), device, 2, 2, 1)
    np.testing.assert_array_equal(grad, np.ones((2, 2)))


def test_gradients_of_windows_that_share_an_element_are_added(device):
    x = np.zeros((3, 3))
    x[1, 1] = 5.0
    _, grad = grad_of(x, device, 2, 1, weights=[1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(grad, x * 2)


def test_nan_is_the_largest_and_negative_numbers_beat_the_border(device):
    y, grad = grad_of([[1.0, NAN], [NAN, INF]], device, 2)
    np.testing.assert_array_equal(y, [[NAN]])
    np.testing.assert_array_equal(grad, [[0, 1], [0, 0]])
    y, grad = grad_of(np.full((2, 2), -3.0), device, 2, 2, 1)
    np.testing.assert_array_equal(y, np.full((2, 2), -3.0))
    np.testing.assert_array_equal(grad, np.ones((2, 2)))


def test_zeros_around_the_image_count_in_the_mean(device):
    y = ops.avg_pool2d(Tensor(np.ones((1, 2, 2, 1)), device=device), 2, 2, 1)
    np.testing.assert_array_equal(y.numpy(), np.full((1, 2, 2, 1), 0.25))


X = (1, 4, 4, 2)
ERRORS = [
    ((4, 4, 2), {"size": 2}, ValueError, [r"\(4, 4, 2\)", "4 axes"]),
    (X, {"size": 5}, ValueError, [r"\(5, 5\)", r"\(4, 4\)"]),
    (X, {"size": 0}, ValueError, ["size is at least 1", "got 0"]),
    (X, {"size": 2, "stride": 0}, ValueError, ["stride is at least 1"]),
    (X, {"size": 2, "padding": -1}, ValueError, ["padding is at least 0"]),
    (X, {"size": (2, 2, 2)}, ValueError, ["size is a number or a pair"]),
    (X, {"size": 1.5}, TypeError, ["float"]),
]


@pytest.mark.parametrize(("shape", "settings", "error", "parts"), ERRORS, ids=str)
@each
def test_what_does_not_fit_is_named(device, name, shape, settings, error, parts):
    x = Tensor(np.ones(shape), device=device)
    for part in parts:
        with pytest.raises(error, match=part):
            FUNCTIONS[name][0](x, **settings)


def test_dilation_of_a_window_is_checked(device):
    with pytest.raises(ValueError, match="dilation is at least 1, got 0"):
        ops.max_pool2d(Tensor(np.ones(X), device=device), 2, dilation=0)


@each
def test_whole_numbers_and_numpys_arrays_are_refused(device, name):
    function, _, op = FUNCTIONS[name]
    with pytest.raises(TypeError, match="int64"):
        function(Tensor(np.ones(X, "int64"), device=device), 2)
    x = Tensor(np.ones(X), device=needle_hw1.cpu())
    with pytest.raises(TypeError, match=f"{op.__name__} has no kernels for numpy.ndarray"):
        function(x, 2)
