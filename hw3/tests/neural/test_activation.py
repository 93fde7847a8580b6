"""Nonlinearities and their gradients, on every device and instruction set."""

import numpy as np
import pytest

from needle_hw3 import neural

SHAPES = [(), (1,), (5,), (0,), (2, 3), (3, 0), (2, 1, 40)]


def exact_sigmoid(x):
    return np.exp(-np.logaddexp(np.longdouble(0), -np.asarray(x, np.longdouble)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_and_gradients_are_those_of_the_formulas(array, layout, rng, shape, dtype):
    x, grad = (3 * rng.standard_normal((2, *shape))).astype(dtype)
    y = exact_sigmoid(x).astype(dtype)
    ours, ours_grad, ours_y = array(layout(x)), array(layout(grad)), array(layout(y))
    wide, wide_y = grad.astype(np.longdouble), y.astype(np.longdouble)
    for found, expected in [
        (neural.sigmoid(ours), exact_sigmoid(x)),
        (neural.sigmoid_gradient(ours_grad, ours_y), wide * wide_y * (1 - wide_y)),
        (neural.tanh_gradient(ours_grad, ours_y), wide * (1 - wide_y**2)),
        (neural.relu(ours), np.maximum(x, 0)),
        (neural.relu_gradient(ours_grad, ours), wide * (x > 0)),
    ]:
        assert found.dtype == dtype
        assert found.shape == shape
        bound = 4 * np.finfo(dtype).eps
        np.testing.assert_allclose(found.numpy(), expected.astype("float64"), bound, bound)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_arguments(array, dtype):
    x = array(np.array([-np.inf, -1e30, -0.0, 0.0, 1e30, np.inf, np.nan], dtype))
    np.testing.assert_array_equal(neural.sigmoid(x).numpy(), [0, 0, 0.5, 0.5, 1, 1, np.nan])
    large = x[4].item()
    np.testing.assert_array_equal(neural.relu(x).numpy(), [0, 0, 0, 0, large, np.inf, np.nan])
    grad = array(np.full(7, np.inf, dtype))
    expected = [0, 0, 0, 0, np.inf, np.inf, 0]
    np.testing.assert_array_equal(neural.relu_gradient(grad, x).numpy(), expected)


def test_relu_of_integers(array):
    x, grad = array(np.array([-3, 0, 3])), array(np.array([5, 6, 7]))
    assert neural.relu(x).numpy().tolist() == [0, 0, 3]
    assert neural.relu_gradient(grad, x).numpy().tolist() == [0, 0, 7]
    assert neural.relu(x).dtype == "int64"


def test_gradients_broadcast(array, rng):
    y, grad = rng.random((4, 5)), rng.standard_normal(5)
    found = neural.sigmoid_gradient(array(grad), array(y)).numpy()
    np.testing.assert_allclose(found, grad * y * (1 - y))


def test_dtypes_and_devices_that_do_not_fit_are_refused(array):
    x, single = array(np.ones(3)), array(np.ones(3, "float32"))
    whole = array(np.ones(3, "int64"))
    for call in (
        lambda: neural.sigmoid(whole),
        lambda: neural.sigmoid_gradient(x, single),
        lambda: neural.tanh_gradient(whole, whole),
        lambda: neural.relu_gradient(x, whole),
        lambda: neural.relu(array(np.array([True]))),
        lambda: neural.sigmoid(1.0),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(ValueError, match="broadcast"):
        neural.relu_gradient(x, array(np.ones(4)))
