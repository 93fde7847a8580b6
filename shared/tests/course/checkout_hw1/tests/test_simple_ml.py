# ruff: noqa: F403, F405 -- written as course code is
import sys

import numpy as np
import pytest

sys.path.append("./python")
sys.path.append("./apps")
import needle as ndl
from needle.autograd import *
from needle.ops import *
from simple_ml import *


def test_star_imports_give_the_classes_of_needle():
    import apps.simple_ml

    assert Tensor is ndl.Tensor
    assert Value is ndl.autograd.Value
    assert issubclass(MulScalar, TensorOp)
    assert isinstance(ndl.Tensor([1.0]) * 2, Value)
    assert apps.simple_ml.loss_err is loss_err
    assert ndl.autograd.TENSOR_COUNTER >= 0
    assert array_api.add is np.add
    assert NDArray is np.ndarray


def problem(m=50, n=20, k=10):
    np.random.seed(0)
    X = np.random.randn(m, n).astype(np.float32)
    y = np.random.randint(k, size=(m,)).astype(np.uint8)
    return X, y


def one_hot(y, k):
    result = np.zeros((y.size, k))
    result[np.arange(y.size), y] = 1
    return result


def test_softmax_loss():
    _, y = problem()
    Z = np.random.randn(50, 10)
    loss = softmax_loss(ndl.Tensor(Z), ndl.Tensor(one_hot(y, 10)))
    expected = np.mean(np.log(np.exp(Z).sum(1)) - Z[np.arange(50), y])
    np.testing.assert_allclose(loss.numpy(), expected, rtol=1e-5)
    Z = ndl.Tensor(np.zeros((50, 10)))
    softmax_loss(Z, ndl.Tensor(one_hot(y, 10))).backward()
    np.testing.assert_allclose(Z.grad.numpy(), (0.1 - one_hot(y, 10)) / 50, rtol=1e-6)


def test_nn_epoch_returns_new_weights_after_the_steps_of_gradient_descent():
    X, y = problem()
    W1 = ndl.Tensor(np.random.randn(20, 5).astype(np.float32) / 2)
    W2 = ndl.Tensor(np.random.randn(5, 10).astype(np.float32) / 3)
    V1, V2 = W1.numpy().astype(np.float64), W2.numpy().astype(np.float64)
    start = V1.copy()
    for rows in (slice(0, 25), slice(25, 50)):
        hidden = np.maximum(X[rows] @ V1, 0)
        scores = np.exp(hidden @ V2)
        G2 = scores / scores.sum(1, keepdims=True) - one_hot(y[rows], 10)
        G1 = (hidden > 0) * (G2 @ V2.T)
        V1, V2 = V1 - 0.2 * X[rows].T @ G1 / 25, V2 - 0.2 * hidden.T @ G2 / 25
    new1, new2 = nn_epoch(X, y, W1, W2, lr=0.2, batch=25)
    np.testing.assert_allclose(new1.numpy(), V1, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(new2.numpy(), V2, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(W1.numpy(), start)


def test_loss_err():
    h = ndl.Tensor(np.array([[9.0, 0.0], [9.0, 0.0]]))
    loss, error = loss_err(h, np.array([0, 1]))
    np.testing.assert_allclose(np.array((loss, error)), [4.5, 0.5], atol=1e-3)


def test_parse_mnist_is_here_or_says_what_is_missing():
    with pytest.raises((FileNotFoundError, ImportError), match=r"no-images|needle_hw0"):
        parse_mnist("no-images", "no-labels")
