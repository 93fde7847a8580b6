"""Operators of large numbers, infinities and nan; identities that hold for any numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import needle_hw2 as ndl
from needle_hw2 import Tensor
from needle_shared.testing import arrays, assert_close

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1e5, 5e5, 1e10, 1e30])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_logarithms_of_exponentials_do_not_overflow(gradients, device, dtype, size, sign):
    x = np.array([[sign * size, sign * size, -sign * size], [sign * size] * 3], dtype)
    big = x[:, 0].astype("float64")
    equal = [2, 3] if sign > 0 else [1, 3]
    peak = big if sign > 0 else np.array([size, -size])
    total, softmax = gradients(lambda t: ndl.logsumexp(t, 1), x, device=device)
    assert total.dtype == dtype
    assert_close(total, peak + np.log(equal), rtol=1e-6)
    expected = np.array([[1, 1, 0], [1, 1, 1]]) if sign > 0 else np.array([[0, 0, 1], [1, 1, 1]])
    expected = expected / expected.sum(1, keepdims=True)
    assert_close(softmax, expected, rtol=1e-6)
    log_probs, grad = gradients(ndl.logsoftmax, x, device=device)
    gap = np.where(expected > 0, 0.0, -2 * size)
    assert_close(log_probs, gap - np.log(equal)[:, None], rtol=1e-6)
    assert_close(grad, 1 - 3 * expected, rtol=1e-6)


def test_logsoftmax_keeps_the_logarithm_beside_large_numbers(device):
    # x - logsumexp(x) would lose log 2 beside 1e10 in float32.
    x = Tensor(np.array([[1e10, 1e10]], "float32"), device=device)
    assert_close(ndl.logsoftmax(x).numpy(), np.full((1, 2), -np.log(2), "float32"))


@pytest.mark.parametrize("function", [ndl.logsumexp, ndl.logsoftmax])
def test_small_numbers_keep_their_accuracy(device, function):
    x = np.array([1e-8, -1e-8, 3e-9])
    expected = np.log(np.exp(x).sum())
    value = function(Tensor(x, device=device)).numpy()
    assert_close(value, expected if function is ndl.logsumexp else x - expected, rtol=1e-14)


def test_logsumexp_of_infinities(device):
    x = np.array([
        [-INF, -INF, -INF], [-INF, 0.0, -INF], [INF, 0.0, 1.0], [INF, -INF, INF], [NAN, 0.0, INF],
        [-INF, 1e30, 1e30],
    ])  # fmt: skip
    value = ndl.logsumexp(Tensor(x, device=device), 1).numpy()
    np.testing.assert_allclose(value, [-INF, 0.0, INF, INF, NAN, 1e30])


def test_gradient_of_logsumexp_is_finite_where_the_function_is(gradients, device):
    x = np.array([[-INF, 0.0, 0.0], [-INF, -INF, 5.0]])
    _, softmax = gradients(lambda t: ndl.logsumexp(t, 1), x, device=device)
    assert_close(softmax, [[0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])


def test_logsoftmax_of_masked_scores(device):
    x = np.array([[-INF, 0.0, 0.0], [-INF, -INF, 5.0]])
    weights = np.array([[0.0, 1.0, 2.0], [0.0, 0.0, 3.0]])
    leaf = Tensor(x, device=device)
    result = ndl.logsoftmax(leaf)
    np.testing.assert_allclose(result.numpy(), [[-INF, -np.log(2), -np.log(2)], [-INF, -INF, 0.0]])
    result.backward(Tensor(weights, device=device))
    assert_close(leaf.grad.numpy(), [[0.0, -0.5, 0.5], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sigmoid_softplus_and_tanh_saturate_without_overflow(gradients, device, dtype):
    x = np.array([-INF, -1e4, -50.0, 0.0, 50.0, 1e4, INF], dtype)
    exact = 1 / (1 + np.exp(-np.clip(x, -700, 700).astype("float64")))
    value, grad = gradients(ndl.sigmoid, x, device=device)
    assert_close(value, exact)
    assert_close(value[2], exact[2], rtol=1e-5, atol=0)  # relatively, too: 2e-22
    assert_close(grad, exact * (1 - exact))
    value, grad = gradients(ndl.softplus, x, device=device)
    np.testing.assert_allclose(value, [0, 0, np.exp(-50), np.log(2), 50, 1e4, INF], rtol=1e-6)
    assert_close(grad, exact)
    value, grad = gradients(ndl.tanh, x, device=device)
    assert_close(value, np.array([-1, -1, -1, 0, 1, 1, 1], dtype))
    assert_close(grad, np.array([0, 0, 0, 1, 0, 0, 0], dtype))


@pytest.mark.parametrize(
    "function",
    [
        ndl.sqrt,
        ndl.tanh,
        ndl.sigmoid,
        ndl.softplus,
        ndl.mean,
        ndl.max,
        ndl.min,
        ndl.logsumexp,
        ndl.logsoftmax,
    ],
)
def test_nan_stays_nan(device, function):
    assert np.isnan(function(Tensor([1.0, NAN], device=device)).numpy()).any()


def test_square_root_at_and_below_zero(gradients, device):
    value, grad = gradients(ndl.sqrt, np.array([0.0, -1.0, 4.0, INF]), device=device)
    np.testing.assert_array_equal(value, [0.0, NAN, 2.0, INF])
    np.testing.assert_array_equal(grad, [INF, NAN, 0.25, 0.0])


@given(arrays((3, 4), bound=300.0), st.sampled_from([None, 0, 1, (0, 1)]))
def test_softmax_sums_to_one_and_does_not_feel_a_shift(x, axes):
    log_probs = ndl.logsoftmax(Tensor(x), axes).numpy()
    assert_close(np.exp(log_probs).sum(axis=axes), np.ones(np.sum(x, axis=axes).shape))
    assert_close(ndl.logsoftmax(Tensor(x + 1e3), axes).numpy(), log_probs, atol=1e-9)
    shifted = ndl.logsumexp(Tensor(x + 1e3), axes).numpy()
    assert_close(shifted, ndl.logsumexp(Tensor(x), axes).numpy() + 1e3)


@given(arrays((2, 5), bound=100.0))
def test_logsumexp_lies_between_the_maximum_and_that_plus_log_n(x):
    peak, total = x.max(1), ndl.logsumexp(Tensor(x), 1).numpy()
    assert (peak <= total).all()
    assert (total <= peak + np.log(5) + 1e-12 * np.abs(peak)).all()


@given(arrays((7,), bound=30.0))
def test_identities_of_the_logistic_function(x):
    t = Tensor(x)
    assert_close(ndl.sigmoid(t).numpy() + ndl.sigmoid(-t).numpy(), np.ones(7))
    assert_close(ndl.softplus(t).numpy() - ndl.softplus(-t).numpy(), x)
    assert_close(ndl.tanh(t).numpy(), 2 * ndl.sigmoid(t * 2).numpy() - 1)
    assert_close(ndl.softplus(t).numpy(), ndl.logsumexp(Tensor(np.stack([x, 0 * x])), 0).numpy())
