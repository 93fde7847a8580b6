"""Convolutions against loops over windows in NumPy: values, gradients and theirs, errors."""

import math

import numpy as np
import pytest

import needle_hw1
from needle_hw4 import Tensor, ops
from needle_shared.testing import (
    OPERATOR_VIEWS,
    assert_close,
    constant_check,
    lazy_check,
    partial_gradient_check,
    purity_check,
    release_check,
    reuse_check,
    second_derivative_check,
)


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def windows(x, w, stride, padding, dilation, groups):
    """Yield the place of each window in the result, its index in the padded image, and groups."""
    (s, t), (d, e) = pair(stride), pair(dilation)
    kh, kw, c, outputs = w.shape
    part = outputs // groups
    rows = (x.shape[1] - d * (kh - 1) - 1) // s + 1
    columns = (x.shape[2] - e * (kw - 1) - 1) // t + 1
    for i, j in np.ndindex(rows, columns):
        above = slice(i * s, i * s + d * (kh - 1) + 1, d)
        left = slice(j * t, j * t + e * (kw - 1) + 1, e)
        for g in range(groups):
            channels = slice(g * c, (g + 1) * c)
            yield (i, j), (slice(None), above, left, channels), slice(g * part, (g + 1) * part)


def padded(x, padding):
    (p, q) = pair(padding)
    return np.pad(x, ((0, 0), (p, p), (q, q), (0, 0)))


def np_conv(x, w, stride=1, padding=0, dilation=1, groups=1):
    x = padded(x, padding)
    sizes = zip(x.shape[1:3], w.shape[:2], pair(stride), pair(dilation), strict=True)
    shape = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in sizes]
    y = np.zeros((len(x), *shape, w.shape[3]))
    for (i, j), at, out in windows(x, w, stride, padding, dilation, groups):
        y[:, i, j, out] = np.tensordot(x[at], w[..., out], 3)
    return y


def np_conv_gradients(x, w, dy, stride=1, padding=0, dilation=1, groups=1):
    images = padded(x, padding)
    dx, dw = np.zeros(images.shape), np.zeros(w.shape)
    for (i, j), at, out in windows(images, w, stride, padding, dilation, groups):
        dx[at] += np.tensordot(dy[:, i, j, out], w[..., out], (1, 3))
        dw[..., out] += np.tensordot(images[at], dy[:, i, j, out], (0, 0))
    (p, q), (rows, columns) = pair(padding), x.shape[1:3]
    return dx[:, p : p + rows, q : q + columns], dw


# Remainders of (H + 2 padding - dilation (K - 1) - 1) / stride that are 0, the largest and between.
CASES = [
    # images, kernels, settings
    ((2, 3, 3, 2), (1, 1, 2, 3), {}),
    ((1, 4, 4, 2), (3, 3, 2, 2), {"padding": 1}),
    ((1, 7, 7, 1), (3, 3, 1, 2), {"stride": 2}),
    ((1, 8, 8, 1), (3, 3, 1, 2), {"stride": 2}),
    ((1, 7, 7, 1), (1, 1, 1, 2), {"stride": 2}),
    ((1, 8, 6, 1), (1, 1, 1, 1), {"stride": 4}),
    ((1, 9, 8, 1), (3, 3, 1, 1), {"stride": 4, "padding": 1}),
    ((1, 3, 3, 2), (1, 1, 2, 2), {"padding": 2}),
    ((1, 3, 4, 1), (1, 1, 1, 2), {"padding": 2, "stride": 2}),
    ((1, 3, 3, 1), (2, 2, 1, 1), {"padding": 3, "stride": 3}),
    ((1, 5, 5, 1), (5, 5, 1, 1), {"padding": 2}),
    ((1, 9, 8, 1), (7, 7, 1, 1), {"stride": 4, "padding": 3}),
    ((1, 5, 6, 2), (2, 3, 2, 2), {"stride": (1, 2), "padding": (2, 0), "dilation": (1, 2)}),
    ((1, 6, 5, 1), (3, 1, 1, 2), {"stride": (2, 1), "padding": (0, 1), "dilation": (2, 3)}),
    ((1, 8, 7, 1), (3, 3, 1, 1), {"stride": 2, "padding": 1, "dilation": 2}),
    ((2, 4, 4, 4), (3, 3, 2, 2), {"groups": 2, "padding": 1}),
    ((1, 4, 3, 3), (3, 3, 1, 3), {"groups": 3, "padding": 1, "stride": 2}),
    ((1, 3, 3, 2), (2, 2, 1, 4), {"groups": 2}),
    ((2, 3, 5, 1), (1, 3, 1, 2), {}),
    ((1, 4, 4, 1), (4, 4, 1, 2), {}),
    ((1, 2, 2, 1), (3, 3, 1, 1), {"padding": 1}),
    ((0, 4, 4, 2), (3, 3, 2, 2), {"padding": 1}),
    ((1, 1, 1, 1), (1, 1, 1, 1), {}),
]
LARGER = [
    ((1, 15, 15, 3), (3, 3, 3, 2), {"stride": 2}),
    ((3, 15, 14, 3), (3, 3, 3, 5), {"stride": 2, "padding": 1}),
    ((1, 7, 7, 1), (1, 1, 1, 1), {"stride": 2}),
    ((2, 6, 7, 17), (3, 3, 17, 9), {"padding": 1}),
    ((2, 5, 5, 33), (1, 1, 33, 40), {}),
    ((1, 32, 32, 3), (7, 7, 3, 16), {"stride": 4, "padding": 3}),
    ((2, 4, 4, 64), (3, 3, 64, 70), {"stride": 2, "padding": 1}),
    ((2, 6, 6, 24), (3, 3, 8, 36), {"groups": 3, "padding": 1}),
    ((2, 9, 9, 20), (3, 3, 1, 20), {"groups": 20, "dilation": 2}),
    ((5, 4, 4, 8), (4, 4, 8, 3), {}),
]


def function_of(settings):
    return lambda x, w: ops.conv(x, w, **{"padding": 0, **settings})


def drawn(draw, shapes, dtype="float64"):
    return [draw(shape, dtype=dtype) for shape in shapes]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("x", "w", "settings"), CASES, ids=str)
def test_values_and_gradients(check_operator, draw, x, w, settings, dtype):
    check_operator(
        function_of(settings),
        lambda x, w: np_conv(x, w, **settings),
        *drawn(draw, (x, w), dtype),
    )


def compare_with_loops(device, x, w, dy, settings, dtype="float32"):
    expected = np_conv(x, w, **settings)
    gradients = np_conv_gradients(x, w, dy, **settings)
    leaves = [Tensor(array, device=device, dtype=dtype) for array in (x, w)]
    y = function_of(settings)(*leaves)
    # Sums of as many terms as a kernel, or the images, have.
    terms = max(w.size, dy.size)
    bound = {"rtol": 0, "atol": terms * 4 * np.finfo(dtype).eps}
    assert_close(y.numpy(), expected.astype(dtype), **bound)
    for create_graph in (True, False):
        y.backward(Tensor(dy, device=device), create_graph=create_graph)
        for leaf, gradient in zip(leaves, gradients, strict=True):
            assert leaf.grad.dtype == dtype
            assert_close(leaf.grad.numpy(), gradient.astype(dtype), **bound)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("x", "w", "settings"), LARGER, ids=str)
def test_larger_images(device, draw, x, w, settings, dtype):
    x, w = drawn(draw, (x, w), dtype)
    dy = draw(np_conv(x[:, :], w, **settings).shape)
    compare_with_loops(device, x, w, dy, settings, dtype)


def test_settings_at_random(device, rng):
    for _ in range(60):
        groups = int(rng.integers(1, 4))
        settings = {name: tuple(rng.integers(low, high, 2).tolist()) for name, low, high in
                    [("stride", 1, 5), ("padding", 0, 4), ("dilation", 1, 4)]}  # fmt: skip
        kernel = rng.integers(1, 5, 2)
        least = (
            np.array(settings["dilation"]) * (kernel - 1) + 1 - 2 * np.array(settings["padding"])
        )
        image = np.maximum(least, 1) + rng.integers(0, 5, 2)
        inputs, outputs = rng.integers(1, 6, 2) * [1, groups]
        settings["groups"] = groups
        x = rng.standard_normal((rng.integers(1, 3), *image, inputs * groups))
        w = rng.standard_normal((*kernel, inputs, outputs))
        dy = rng.standard_normal(np_conv(x, w, **settings).shape)
        compare_with_loops(device, x, w, dy, settings, "float64")


RULES = [second_derivative_check, lazy_check, constant_check, purity_check, partial_gradient_check]
FEW = [CASES[2], CASES[8], CASES[15]]


def squared(settings):
    def square(x, w):
        y = function_of(settings)(x, w)
        return y * y

    return square


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize(("x", "w", "settings"), FEW, ids=str)
def test_op_keeps_the_rule(device, draw, x, w, settings, rule):
    if rule is second_derivative_check:  # the squares of a part are enough
        rule(lambda a, b: squared(settings)(a, b)[..., :1], *leaves_of(device, draw, x, w))
    else:
        rule(squared(settings), *leaves_of(device, draw, x, w))


def leaves_of(device, draw, *shapes):
    return [Tensor(draw(shape), device=device) for shape in shapes]


@pytest.mark.parametrize(("x", "w", "settings"), [CASES[12]], ids=str)
def test_each_gradient_op_has_its_own_gradients(check_operator, draw, x, w, settings):
    y = np_conv(np.ones(x), np.ones(w), **settings).shape
    values = [settings["stride"], settings["padding"], settings["dilation"]]
    check_operator(
        ops.ConvInputGradient(x, *values),
        lambda dy, w: np_conv_gradients(np.ones(x), w, dy, **settings)[0],
        *drawn(draw, (y, w)),
    )
    check_operator(
        ops.ConvWeightGradient(w, *values),
        lambda x, dy: np_conv_gradients(x, np.ones(w), dy, **settings)[1],
        *drawn(draw, (x, y)),
    )


def test_op_leaves_no_reference_cycles(without_gc, device, draw):
    for x, w, settings in FEW:
        release_check(squared(settings), *leaves_of(device, draw, x, w))


def test_one_op_object_serves_several_images(device, draw):
    first, second = (leaves_of(device, draw, (1, 4, 4, 2), (3, 3, 2, 2)) for _ in range(2))
    reuse_check(lambda: ops.Conv(padding=1), lambda y: y, first, second)


@pytest.mark.parametrize("view", list(OPERATOR_VIEWS)[1:])
def test_images_and_kernels_may_be_views(check_operator, draw, view):
    of_tensor, of_array = OPERATOR_VIEWS[view]
    if view == "broadcast":
        of_tensor, of_array = (lambda x, f=f: f(x)[0] for f in (of_tensor, of_array))
    check_operator(
        lambda x, w: ops.conv(of_tensor(x), of_tensor(w), padding=0),
        lambda x, w: np_conv(of_array(x), of_array(w)),
        draw((1, 3, 3, 3)),
        draw((2, 2, 3, 3)),
    )


def test_channels_first_images_of_one_colour_for_all_pixels(check_operator, draw):
    # A view with strides of 0, and one with the channels in front.
    check_operator(
        lambda x, w: ops.conv(ops.permute(x.broadcast_to((2, 2, 4, 3)), (0, 2, 3, 1)), w),
        lambda x, w: np_conv(np.broadcast_to(x, (2, 2, 4, 3)).transpose(0, 2, 3, 1), w, padding=1),
        draw((2, 2, 1, 1)),
        draw((3, 3, 2, 2)),
    )


def test_image_and_kernel_may_be_one_tensor(check_operator, draw):
    check_operator(lambda x: ops.conv(x, x), lambda x: np_conv(x, x, padding=1), draw((2, 2, 2, 2)))


def test_dtypes_promote(check_operator, draw):
    x, w = draw((1, 3, 3, 2), dtype="float32"), draw((2, 2, 2, 2))
    check_operator(lambda x, w: ops.conv(x, w, padding=0), np_conv, x, w)


def test_padding_is_1_in_the_function_and_0_in_the_op(device, draw):
    x, w = leaves_of(device, draw, (1, 4, 4, 1), (3, 3, 1, 1))
    assert ops.conv(x, w).shape == (1, 4, 4, 1)
    assert ops.Conv()(x, w).shape == (1, 2, 2, 1)
    assert ops.conv(x, w, padding=0).shape == (1, 2, 2, 1)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_spreads_to_its_windows_alone(device, value):
    x = np.ones((1, 5, 5, 1))
    x[0, 0, 0, 0] = value
    y = ops.conv(Tensor(x, device=device), Tensor(np.ones((3, 3, 1, 1)), device=device), padding=0)
    expected = np.full((1, 3, 3, 1), 9.0)
    expected[0, 0, 0, 0] = value
    np.testing.assert_array_equal(y.numpy(), expected)


X, W = (1, 4, 4, 4), (3, 3, 4, 2)
ERRORS = [
    # images, kernels, settings, error, what it says
    (X, (3, 3, 3, 2), {}, ValueError, [r"\(1, 4, 4, 4\)", r"\(3, 3, 3, 2\)"]),
    ((4, 4, 4), W, {}, ValueError, [r"\(4, 4, 4\)", "4 axes"]),
    (X, (3, 4, 2), {}, ValueError, [r"\(3, 4, 2\)", "4 axes"]),
    ((1, 2, 4, 4), W, {"padding": 0}, ValueError, [r"\(3, 3\)", r"\(2, 4\)"]),
    (X, W, {"dilation": 3}, ValueError, [r"\(3, 3\)", r"\(4, 4\)"]),
    (X, W, {"stride": 0}, ValueError, ["stride", "at least 1", "got 0"]),
    (X, W, {"stride": (1, 0)}, ValueError, ["stride", r"got \(1, 0\)"]),
    (X, W, {"padding": -1}, ValueError, ["padding", "at least 0", "got -1"]),
    (X, W, {"dilation": 0}, ValueError, ["dilation", "at least 1", "got 0"]),
    (X, W, {"stride": (1, 2, 3)}, ValueError, ["stride", "pair", r"\(1, 2, 3\)"]),
    (X, W, {"groups": 0}, ValueError, ["groups 0"]),
    (X, W, {"groups": 3}, ValueError, ["groups 3"]),
    (X, (3, 3, 2, 3), {"groups": 2}, ValueError, ["groups 2"]),
    (X, W, {"stride": 1.5}, TypeError, ["float"]),
    (X, W, {"groups": 1.0}, TypeError, ["float"]),
    (X, W, {"padding": "1"}, TypeError, ["str"]),
]  # fmt: skip


@pytest.mark.parametrize(("x", "w", "settings", "error", "parts"), ERRORS, ids=str)
def test_what_does_not_fit_is_named(device, x, w, settings, error, parts):
    x, w = (Tensor(np.ones(shape), device=device) for shape in (x, w))
    for part in parts:
        with pytest.raises(error, match=part):
            ops.conv(x, w, **settings)


def test_whole_numbers_are_refused(device):
    x, w = (Tensor(np.ones(shape, "int64"), device=device) for shape in (X, W))
    with pytest.raises(TypeError, match="int64"):
        ops.conv(x, w)


def test_both_must_live_on_one_device_that_has_kernels(device):
    numpy = needle_hw1.cpu()
    x, w = (Tensor(np.ones(shape), device=numpy) for shape in (X, W))
    with pytest.raises(TypeError, match=r"Conv has no kernels for numpy.ndarray: .*cpu_numpy\(\)"):
        ops.conv(x, w)
    with pytest.raises(ValueError, match="one device"):
        ops.conv(Tensor(x, device=device), w)
