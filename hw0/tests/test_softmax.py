import numpy as np
import pytest

from needle_hw0 import loss_err, softmax_loss, softmax_regression_epoch


def loss_by_definition(Z, y):
    """Average log(sum(exp(z))) - z[y] in extended precision, one row at a time."""
    Z = Z.astype(np.longdouble)
    return np.mean([np.log(np.exp(z).sum()) - z[label] for z, label in zip(Z, y, strict=True)])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (50, 10), (3, 300)])
def test_loss_follows_its_definition(rng, shape, dtype):
    Z = rng.standard_normal(shape).astype(dtype)
    y = rng.integers(shape[1], size=shape[0])
    expected = float(loss_by_definition(Z, y))
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    assert softmax_loss(Z, y) == pytest.approx(expected, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64", "uint64"])
def test_labels_may_be_any_integers(rng, dtype):
    Z, y = rng.standard_normal((6, 3)), np.array([0, 1, 2, 2, 1, 0])
    assert softmax_loss(Z, y.astype(dtype)) == softmax_loss(Z, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e4, 1e30])
def test_large_logits_give_a_finite_loss(dtype, size):
    Z = np.array([[size, -size, 0], [-size, -size, -size]], dtype=dtype)
    assert softmax_loss(Z, np.array([0, 1])) == pytest.approx(np.log(3) / 2)
    assert softmax_loss(Z, np.array([2, 1])) == pytest.approx((size + np.log(3)) / 2)


def test_loss_leaves_the_logits_alone(rng):
    Z = rng.standard_normal((5, 3))
    kept = Z.copy()
    softmax_loss(Z, np.zeros(5, dtype=np.uint8))
    np.testing.assert_array_equal(Z, kept)


@pytest.mark.parametrize("order", ["C", "F"])
def test_loss_of_views(rng, order):
    whole = np.asarray(rng.standard_normal((9, 8)), order=order)
    Z, y = whole[::-2, 1::3], np.array([0, 1, 2, 2, 1])
    assert softmax_loss(Z, y) == softmax_loss(Z.copy(), y)


def test_error_is_the_share_of_wrong_maxima():
    h = np.array([[1.0, 2], [4, 3], [5, 6], [8, 7]])
    loss, error = loss_err(h, np.array([1, 0, 0, 0]))
    assert error == 0.25
    assert loss == softmax_loss(h, np.array([1, 0, 0, 0]))


@pytest.mark.parametrize(("m", "n", "k"), [(1, 1, 1), (5, 1, 3), (1, 4, 2), (6, 5, 4), (9, 3, 1)])
def test_update_is_the_gradient_of_the_loss(problem, numerical_gradient, m, n, k):
    X, y, theta = problem(m, n, k, dtype=np.float64)
    gradient = numerical_gradient(lambda: softmax_loss(X @ theta, y), theta)
    before = theta.copy()
    softmax_regression_epoch(X, y, theta, lr=0.5, batch=m)
    np.testing.assert_allclose((before - theta) / 0.5, gradient, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 7, 8, 1000])
def test_batches_follow_in_order_and_the_last_counts_its_own_size(
    problem, numerical_gradient, batch
):
    X, y, theta = problem(7, 3, 4, dtype=np.float64)
    expected = theta.copy()
    for start in range(0, 7, batch):
        rows = slice(start, start + batch)
        loss = lambda rows=rows, W=expected: softmax_loss(X[rows] @ W, y[rows])  # noqa: E731
        expected -= 0.3 * numerical_gradient(loss, expected)
    softmax_regression_epoch(X, y, theta, lr=0.3, batch=batch)
    np.testing.assert_allclose(theta, expected, rtol=1e-6, atol=1e-8)


def test_defaults_are_rate_a_tenth_and_batch_a_hundred(problem):
    X, y, theta = problem(150, 3, 2)
    expected = theta.copy()
    softmax_regression_epoch(X, y, expected, lr=0.1, batch=100)
    assert softmax_regression_epoch(X, y, theta) is None
    np.testing.assert_array_equal(theta, expected)


@pytest.mark.parametrize("types", ["ff", "dd", "fd", "df"])
def test_data_and_weights_may_differ_in_precision(problem, types):
    X, y, theta = problem(20, 3, 4, dtype=np.float64)
    X, theta = X.astype(types[0]), theta.astype(types[1])
    expected = theta.astype(np.float64)
    softmax_regression_epoch(X.astype(np.float64), y, expected, batch=8)
    softmax_regression_epoch(X, y, theta, batch=8)
    assert theta.dtype == types[1]
    np.testing.assert_allclose(theta, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("view", ["fortran", "every second", "reversed", "byte-swapped"])
def test_any_layout_of_theta_is_trained_in_place(problem, view):
    X, y, theta = problem(20, 6, 4)
    expected = theta.copy()
    softmax_regression_epoch(X, y, expected, batch=8)
    memory = np.zeros((12, 8), dtype=np.float32)
    views = {
        "fortran": np.asfortranarray(theta),
        "every second": memory[::2, ::2],
        "reversed": memory[5::-1, 3::-1],
        "byte-swapped": theta.astype(">f4"),
    }
    views[view][...] = theta
    softmax_regression_epoch(X, y, views[view], batch=8)
    np.testing.assert_allclose(views[view], expected, rtol=1e-6)


def test_large_logits_train_without_overflow(problem):
    X, y, theta = problem(20, 3, 4)
    softmax_regression_epoch(X * np.float32(1e4), y, theta, batch=8)
    assert np.isfinite(theta).all()
