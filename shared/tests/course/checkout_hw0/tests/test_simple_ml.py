# ruff: noqa: F403, F405, SIM105 -- written as course code is
import gzip
import struct
import sys

import numpy as np
import pytest

sys.path.append("./src")
import mugrade
from simple_ml import *

try:
    from simple_ml_ext import *
except ImportError:
    pass


def numeric_gradient(function, x, eps=1e-5):
    grad = np.zeros_like(x)
    for i in range(x.size):
        old = x.flat[i]
        x.flat[i] = old + eps
        above = function()
        x.flat[i] = old - eps
        below = function()
        x.flat[i] = old
        grad.flat[i] = (above - below) / (2 * eps)
    return grad


def problem(m=50, n=20, k=10):
    np.random.seed(0)
    X = np.random.randn(m, n).astype(np.float32)
    y = np.random.randint(k, size=(m,)).astype(np.uint8)
    return X, y


def test_add():
    assert add(5, 6) == 11
    assert type(add(4.0, 4)) is float
    np.testing.assert_array_equal(add(np.array([1, 2]), np.array([3, 4])), [4, 6])


def test_parse_mnist(tmp_path):
    pixels = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4) * 10
    with gzip.open(tmp_path / "images.gz", "wb") as file:
        file.write(struct.pack(">IIII", 2051, 2, 3, 4) + pixels.tobytes())
    with gzip.open(tmp_path / "labels.gz", "wb") as file:
        file.write(struct.pack(">II", 2049, 2) + bytes([7, 2]))
    X, y = parse_mnist(str(tmp_path / "images.gz"), str(tmp_path / "labels.gz"))
    assert X.dtype == np.float32
    assert y.dtype == np.uint8
    np.testing.assert_allclose(X, pixels.reshape(2, 12) / 255, rtol=1e-6)
    np.testing.assert_array_equal(y, [7, 2])


def test_softmax_loss():
    np.random.seed(0)
    Z = np.zeros((7, 10))
    y = np.array([0, 2, 9, 0, 2, 1, 4])
    np.testing.assert_allclose(softmax_loss(Z, y), np.log(10), rtol=1e-6)
    Z = np.random.randn(7, 10)
    expected = np.mean(np.log(np.exp(Z).sum(1)) - Z[np.arange(7), y])
    np.testing.assert_allclose(softmax_loss(Z, y), expected, rtol=1e-6)


@pytest.mark.parametrize("engine", ["numpy", "cpp"])
def test_softmax_regression_epoch(engine):
    update = softmax_regression_epoch if engine == "numpy" else softmax_regression_epoch_cpp
    X, y = problem()
    theta = np.zeros((20, 10), dtype=np.float32)
    exact = theta.astype(np.float64)
    gradient = numeric_gradient(lambda: softmax_loss(X.astype(np.float64) @ exact, y), exact)
    assert update(X, y, theta, lr=1.0, batch=50) is None
    np.testing.assert_allclose(theta, -gradient, rtol=1e-4, atol=1e-5)


def test_nn_epoch():
    X, y = problem()
    W1 = (np.random.randn(20, 5) / np.sqrt(5)).astype(np.float32)
    W2 = (np.random.randn(5, 10) / np.sqrt(10)).astype(np.float32)
    exact1, exact2, wide = W1.astype(np.float64), W2.astype(np.float64), X.astype(np.float64)

    def loss():
        return softmax_loss(np.maximum(wide @ exact1, 0) @ exact2, y)

    gradients = [numeric_gradient(loss, W) for W in (exact1, exact2)]
    nn_epoch(X, y, W1, W2, lr=1.0, batch=50)
    np.testing.assert_allclose(exact1 - W1, gradients[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(exact2 - W2, gradients[1], rtol=1e-4, atol=1e-4)


def test_loss_err():
    loss, error = loss_err(np.array([[9.0, 0.0], [9.0, 0.0]]), np.array([0, 1]))
    np.testing.assert_allclose(loss, 4.5, atol=1e-3)
    assert error == 0.5


def test_submit():
    mugrade.submit(add(1, 2))
    assert mugrade.submissions[-1] == 3
