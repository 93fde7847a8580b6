import numpy as np
import pytest

from needle_hw0 import nn_epoch, softmax_loss


def loss(X, y, W1, W2):
    hidden = X @ W1
    return softmax_loss(np.where(hidden > 0, hidden, 0) @ W2, y)


SHAPES = [(1, 1, 1, 1), (5, 1, 3, 2), (1, 4, 2, 3), (6, 5, 4, 3), (4, 3, 1, 2), (3, 2, 5, 1)]


@pytest.mark.parametrize(("m", "n", "d", "k"), SHAPES)
def test_update_is_the_gradient_of_the_loss(problem, numerical_gradient, m, n, d, k):
    X, y, W1, W2 = problem(m, n, d, k, dtype=np.float64)
    gradients = [numerical_gradient(lambda: loss(X, y, W1, W2), W) for W in (W1, W2)]
    before = [W1.copy(), W2.copy()]
    nn_epoch(X, y, W1, W2, lr=0.5, batch=m)
    for old, new, gradient in zip(before, (W1, W2), gradients, strict=True):
        np.testing.assert_allclose((old - new) / 0.5, gradient, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 7, 8, 1000])
def test_batches_follow_in_order_and_the_last_counts_its_own_size(
    problem, numerical_gradient, batch
):
    X, y, W1, W2 = problem(7, 3, 4, 2, dtype=np.float64)
    V1, V2 = W1.copy(), W2.copy()
    for start in range(0, 7, batch):
        rows = slice(start, start + batch)
        step = lambda rows=rows, V=(V1, V2): loss(X[rows], y[rows], *V)  # noqa: E731
        first, second = numerical_gradient(step, V1), numerical_gradient(step, V2)
        V1 -= 0.3 * first
        V2 -= 0.3 * second
    nn_epoch(X, y, W1, W2, lr=0.3, batch=batch)
    np.testing.assert_allclose(W1, V1, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(W2, V2, rtol=1e-6, atol=1e-8)


def test_no_gradient_passes_where_the_hidden_value_is_zero():
    X, y = np.ones((1, 1)), np.zeros(1, dtype=np.uint8)
    W1, W2 = np.zeros((1, 2)), np.array([[1.0, -1], [2, 3]])
    kept = W2.copy()
    nn_epoch(X, y, W1, W2)
    np.testing.assert_array_equal(W1, 0)
    np.testing.assert_array_equal(W2, kept)


def test_defaults_are_rate_a_tenth_and_batch_a_hundred(problem):
    X, y, W1, W2 = problem(150, 3, 4, 2)
    V1, V2 = W1.copy(), W2.copy()
    nn_epoch(X, y, V1, V2, lr=0.1, batch=100)
    assert nn_epoch(X, y, W1, W2) is None
    np.testing.assert_array_equal(W1, V1)
    np.testing.assert_array_equal(W2, V2)


@pytest.mark.parametrize("types", ["fff", "fdd", "dff"])
def test_data_and_weights_may_differ_in_precision(problem, types):
    exact = problem(20, 3, 4, 2, dtype=np.float64)
    X, y, W1, W2 = (array.copy() for array in exact)
    X, W1, W2 = (array.astype(kind) for array, kind in zip((X, W1, W2), types, strict=True))
    nn_epoch(*exact, batch=8)
    nn_epoch(X, y, W1, W2, batch=8)
    np.testing.assert_allclose(W1, exact[2], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(W2, exact[3], rtol=1e-4, atol=1e-5)


def test_layouts_other_than_row_major_are_trained_in_place(problem):
    X, y, W1, W2 = problem(20, 3, 4, 2)
    memory = np.zeros((4, 6), dtype=np.float32)
    F1, F2 = np.asfortranarray(W1), memory[:, ::3]
    F2[...] = W2
    nn_epoch(X, y, W1, W2, batch=8)
    nn_epoch(X, y, F1, F2, batch=8)
    np.testing.assert_allclose(F1, W1, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(F2, W2, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(memory[:, 1::3], 0)
