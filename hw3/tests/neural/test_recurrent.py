"""The LSTM cell and its gradient, on every device and instruction set."""

import numpy as np
import pytest

from needle_hw3 import neural

TOLERANCE = {"float32": 2e-6, "float64": 1e-14}


def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x))


def exact_cell(gates, c):
    i, f, g, o = np.split(np.asarray(gates, np.longdouble), 4, axis=1)
    activations = [sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)]
    c_new = activations[1] * c + activations[0] * activations[2]
    return activations[3] * np.tanh(c_new), c_new, np.concatenate(activations, axis=1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (2, 16), (130, 33), (0, 4), (4, 0)], ids=str)
def test_values_are_those_of_the_formulas(array, layout, rng, shape, dtype):
    m, h = shape
    gates, c = (2 * rng.standard_normal((m, n)) for n in (4 * h, h))
    gates, c = gates.astype(dtype), c.astype(dtype)
    found = neural.lstm_cell(array(layout(gates)), array(layout(c)))
    for one, other in zip(found, exact_cell(gates, c), strict=True):
        assert one.dtype == dtype
        assert one.shape == other.shape
        np.testing.assert_allclose(one.numpy(), other.astype("float64"), atol=TOLERANCE[dtype])


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (2, 17)], ids=str)
def test_gradients_are_those_of_differences(array, layout, rng, differences, shape):
    m, h = shape
    gates, c, grad_h, grad_c = (rng.standard_normal((m, n)) for n in (4 * h, h, h, h))
    both = np.concatenate([grad_h, grad_c], axis=1)

    def results(gates, c):
        return np.concatenate(exact_cell(gates, c)[:2], axis=1)

    _, c_new, activations = (each.astype("float64") for each in exact_cell(gates, c))
    operands = (grad_h, grad_c, activations, c, c_new)
    found = neural.lstm_cell_gradient(*(array(layout(each)) for each in operands))
    expected = [
        differences(lambda gates: results(gates, c), gates, both),
        differences(lambda c: results(gates, c), c, both),
    ]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.numpy(), other, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_saturated_gates_and_nan(array, dtype):
    gates = np.array([[1e30, -1e30, 1e30, 1e30], [-1e30, 1e30, 0, -1e30], [0, 0, np.nan, 0]], dtype)
    c = np.array([[5], [5], [5]], dtype)
    h, c_new, activations = neural.lstm_cell(array(gates), array(c))
    np.testing.assert_allclose(c_new.numpy(), [[1], [5], [np.nan]])
    np.testing.assert_allclose(h.numpy(), [[np.tanh(1)], [0], [np.nan]], rtol=1e-6)
    np.testing.assert_array_equal(activations.numpy()[:2], [[1, 0, 1, 1], [0, 1, 0, 0]])


def test_shapes_and_dtypes_that_do_not_fit_are_refused(array):
    gates, c = array(np.ones((2, 12))), array(np.ones((2, 3)))
    for call in (
        lambda: neural.lstm_cell(c, c),
        lambda: neural.lstm_cell(gates, array(np.ones(3))),
        lambda: neural.lstm_cell_gradient(gates, c, gates, c, c),
        lambda: neural.lstm_cell_gradient(c, gates, gates, c, c),
        lambda: neural.lstm_cell_gradient(c, c, c, c, c),
        lambda: neural.lstm_cell_gradient(c, c, gates, c, gates),
    ):
        with pytest.raises(ValueError, match=r"\("):
            call()
    single, whole = array(np.ones((2, 3), "float32")), array(np.ones((2, 3), "int64"))
    for call in (
        lambda: neural.lstm_cell(gates, single),
        lambda: neural.lstm_cell(gates, whole),
        lambda: neural.lstm_cell_gradient(c, single, gates, c, c),
    ):
        with pytest.raises(TypeError):
            call()


def test_results_do_not_depend_on_threads(array, threads, rng):
    shapes = [(64, 400), (64, 100), (64, 100), (64, 100)]
    operands = [array(rng.standard_normal(shape).astype("float32")) for shape in shapes]
    found = []
    for number in (1, 2):
        threads(number)
        gates, c, grad_h, grad_c = operands
        h, c_new, activations = neural.lstm_cell(gates, c)
        grads = neural.lstm_cell_gradient(grad_h, grad_c, activations, c, c_new)
        found.append([h, c_new, activations, *grads])
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())
