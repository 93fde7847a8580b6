"""Clipping of gradients against NumPy in float64."""

import math

import numpy as np
import pytest

from needle_hw1 import Tensor
from needle_hw2 import optim
from needle_shared.testing import assert_close

SHAPES = [(), (0,), (3,), (2, 3, 4)]


def total_norm(params):
    values = [p.grad.numpy().astype("float64").ravel() for p in params if p.grad is not None]
    return np.linalg.norm(np.concatenate(values))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.99])
def test_gradients_are_scaled_to_the_norm(share, dtype, device, make_params):
    params = make_params(*SHAPES, device=device, dtype=dtype)
    norm = total_norm(params)
    before = [p.grad for p in params]
    values = [grad.numpy() for grad in before]
    result = optim.clip_grad_norm(iter(params), np.float64(share * norm))
    assert type(result) is float
    assert_close(result, norm)
    for p, old, value in zip(params, before, values, strict=True):
        assert_close(p.grad, (value * share * norm / (norm + 1e-6)).astype(dtype))
        assert np.array_equal(old.numpy(), value)
        assert p.grad is not old
        assert p.grad.dtype == dtype
        assert p.grad.device == device
        assert type(p.grad.cached_data) is type(p.cached_data)
        assert not p.grad.requires_grad


@pytest.mark.parametrize("share", [1.001, 10.0, math.inf])
def test_small_gradients_are_left_alone(share, make_params):
    params = make_params(*SHAPES)
    before = [(p.grad, p.grad.cached_data) for p in params]
    norm = total_norm(params)
    assert_close(optim.clip_grad_norm(params, share * norm), norm)
    for p, (grad, array) in zip(params, before, strict=True):
        assert p.grad is grad
        assert p.grad.cached_data is array


def test_parameters_without_gradient_are_left_out(make_params):
    params = make_params((3,), (2,))
    params[0].grad = None
    norm = total_norm(params)
    assert_close(optim.clip_grad_norm(params, 0.5), norm)
    optim.clip_grad_value(params, 0.1)
    assert params[0].grad is None
    assert optim.clip_grad_norm(params[:1], 0.5) == 0.0
    assert optim.clip_grad_norm([], 0.5) == 0.0


def test_parameter_that_is_named_twice_counts_once(make_params):
    (p,) = make_params((3,))
    norm = total_norm([p])
    expected = p.grad.numpy() * 0.5
    assert_close(optim.clip_grad_norm([p, p], 0.5 * norm), norm)
    assert_close(p.grad, expected)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_norm_of_extreme_float32_is_exact(size):
    p = Tensor(np.zeros(4), dtype="float32")
    p.grad = Tensor(np.full(4, size), dtype="float32")
    with np.errstate(all="raise"):
        norm = optim.clip_grad_norm([p], 1.0)
    assert_close(norm, 2 * size, rtol=1e-6, atol=0.0)
    assert_close(p.grad, np.full(4, min(size, 0.5)), rtol=1e-6)


def test_norm_that_is_not_finite_is_returned():
    p = Tensor(np.zeros(2))
    p.grad = Tensor(np.array([np.inf, 1.0]))
    assert optim.clip_grad_norm([p], 1.0) == math.inf
    np.testing.assert_array_equal(p.grad.numpy(), [np.nan, 0.0])
    assert math.isnan(optim.clip_grad_norm([p], 1.0))
    np.testing.assert_array_equal(p.grad.numpy(), [np.nan, np.nan])


def test_values_are_clipped_to_both_sides(device):
    p = Tensor(np.zeros(5), device=device)
    values = np.array([-3.0, -0.5, 0.0, 0.5, 3.0])
    p.grad = old = Tensor(values, device=device)
    assert optim.clip_grad_value([p], 0.5) is None
    assert p.grad.numpy().tolist() == [-0.5, -0.5, 0.0, 0.5, 0.5]
    assert old.numpy().tolist() == values.tolist()
    assert p.grad.device == device


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clipped_values_keep_shape_and_dtype(shape, dtype, make_params):
    (p,) = make_params(shape, dtype=dtype)
    expected = np.clip(p.grad.numpy(), -0.3, 0.3)
    optim.clip_grad_value([p], np.float64(0.3))  # would promote float32
    assert p.grad.dtype == dtype
    assert type(p.grad.cached_data) is np.ndarray
    assert np.array_equal(p.grad.numpy(), expected)


@pytest.mark.parametrize("bound", [-1e-9, math.nan, -math.inf])
def test_bound_that_is_negative_or_nan_is_refused(bound, make_params):
    params = make_params((2,))
    before = params[0].grad
    with pytest.raises(ValueError, match=f"max_norm is at least 0, got {bound}"):
        optim.clip_grad_norm(params, bound)
    with pytest.raises(ValueError, match=f"limit is at least 0, got {bound}"):
        optim.clip_grad_value(params, bound)
    assert params[0].grad is before


def test_what_is_no_tensor_is_refused(make_params):
    for clip in (optim.clip_grad_norm, optim.clip_grad_value):
        with pytest.raises(TypeError, match="gradients of tensors are clipped, got ndarray"):
            clip([*make_params((1,)), np.ones(1)], 1.0)


def test_methods_clip_all_groups(make_params):
    a, b = params = make_params((3,), (2,))
    optimizer = optim.SGD([{"params": [a]}, {"params": [b]}])
    norm = total_norm(params)
    assert_close(optimizer.clip_grad_norm(), norm)
    assert_close(total_norm(params), 0.25, rtol=1e-5)  # the default, less 1e-6 beside the norm
    optimizer.clip_grad_norm(max_norm=0.125)
    assert_close(total_norm(params), 0.125, rtol=1e-4)
    optimizer.clip_grad_value(0.01)
    assert max(np.abs(p.grad.numpy()).max() for p in params) <= np.float32(0.01)


def test_norm_may_be_zero():
    p = Tensor(np.ones(2))
    p.grad = Tensor(np.zeros(2))
    assert optim.clip_grad_norm([p], 1.0) == 0.0
    assert optim.clip_grad_norm([p], 0.0) == 0.0
    assert p.grad.numpy().tolist() == [0.0, 0.0]
