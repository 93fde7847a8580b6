"""Batch and layer normalisation and their gradients, on every device and instruction set."""

import numpy as np
import pytest

from needle_hw3 import neural

EPS = 1e-3
BATCHES = [(1, 1), (7, 17), (300, 5), (1100, 40), (130, 300)]
ROWS = [(5,), (3, 1), (4, 17), (2, 3, 64), (70, 5), (3, 300)]
# A device may divide rows among a few threads or many, and keep them or read them again.
ROWS += [(65, 33), (10, 513), (3, 2049), (2, 4097), (2, 8193), (1, 16385)]
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


def moments(x, axis):
    """Return the mean and the variance over `axis`, which is kept, in long double."""
    x = np.asarray(x, np.longdouble)
    mean = np.sum(x, axis=axis, keepdims=True) / x.shape[axis]
    return mean, np.sum((x - mean) ** 2, axis=axis, keepdims=True) / x.shape[axis]


def normalized(x, weight, bias, axis):
    mean, variance = moments(x, axis)
    return (x - mean) / np.sqrt(variance + EPS) * weight + bias


KINDS = [(neural.batch_norm, neural.batch_norm_gradient, 0, shape) for shape in BATCHES] + [
    (neural.layer_norm, neural.layer_norm_gradient, -1, shape) for shape in ROWS
]


def names(value):
    return value.__name__ if callable(value) else str(value)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("forward", "_", "axis", "shape"), KINDS, ids=names)
def test_values_are_those_of_the_formulas(array, layout, rng, forward, _, axis, shape, dtype):
    x = (2 * rng.standard_normal(shape) + 1).astype(dtype)
    weight, bias = rng.standard_normal((2, shape[-1])).astype(dtype)
    y, mean, variance = forward(*(array(layout(each)) for each in (x, weight, bias)), eps=EPS)
    expected = normalized(x, weight, bias, axis)
    assert y.dtype == mean.dtype == variance.dtype == dtype
    # One element has no variance, and all of its error is divided by sqrt(eps).
    np.testing.assert_allclose(y.numpy(), expected.astype("float64"), atol=4 * TOLERANCE[dtype])
    for found, moment in zip((mean, variance), moments(x, axis), strict=True):
        flat = np.squeeze(moment, axis).astype("float64")
        assert found.shape == flat.shape
        np.testing.assert_allclose(found.numpy(), flat, atol=TOLERANCE[dtype])


@pytest.mark.parametrize(("forward", "backward", "axis", "shape"), [
    (neural.batch_norm, neural.batch_norm_gradient, 0, (6, 5)),
    (neural.batch_norm, neural.batch_norm_gradient, 0, (2, 18)),
    (neural.layer_norm, neural.layer_norm_gradient, -1, (5, 6)),
    (neural.layer_norm, neural.layer_norm_gradient, -1, (2, 1, 18)),
    (neural.layer_norm, neural.layer_norm_gradient, -1, (4,)),
], ids=names)  # fmt: skip
def test_gradients_are_those_of_differences(
    array, layout, rng, differences, forward, backward, axis, shape
):
    x, grad = rng.standard_normal((2, *shape))
    weight, bias = rng.standard_normal((2, shape[-1]))
    ours = [array(layout(each)) for each in (x, weight, bias)]
    _, mean, variance = forward(*ours, eps=EPS)
    statistics = [array(layout(each.numpy())) for each in (mean, variance)]
    found = backward(array(layout(grad)), *ours[:2], *statistics, eps=EPS)
    expected = [
        differences(lambda x: normalized(x, weight, bias, axis), x, grad),
        differences(lambda weight: normalized(x, weight, bias, axis), weight, grad),
        differences(lambda bias: normalized(x, weight, bias, axis), bias, grad),
    ]
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one.numpy(), other, atol=1e-7)


def exact_gradients(grad, x, weight, axis):
    grad, x, weight = (np.asarray(each, np.longdouble) for each in (grad, x, weight))
    mean, variance = moments(x, axis)
    rate = 1 / np.sqrt(variance + EPS)
    normal, g = (x - mean) * rate, grad * weight
    tilt = normal * np.mean(g * normal, axis=axis, keepdims=True)
    dx = (g - np.mean(g, axis=axis, keepdims=True) - tilt) * rate
    rows = tuple(range(x.ndim - 1))
    return dx, np.sum(grad * normal, axis=rows), np.sum(grad, axis=rows)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("_", "backward", "axis", "shape"), KINDS, ids=names)
def test_gradients_are_those_of_the_formulas(array, rng, _, backward, axis, shape, dtype):
    x, grad = rng.standard_normal((2, *shape)).astype(dtype)
    weight = rng.standard_normal(shape[-1]).astype(dtype)
    statistics = [np.squeeze(moment, axis).astype(dtype) for moment in moments(x, axis)]
    found = backward(*(array(each) for each in (grad, x, weight, *statistics)), eps=EPS)
    for one, other in zip(found, exact_gradients(grad, x, weight, axis), strict=True):
        assert one.dtype == dtype
        assert one.shape == other.shape
        size = 1 + np.abs(other).max()
        np.testing.assert_allclose(
            one.numpy() / size, (other / size).astype("float64"), atol=5 * TOLERANCE[dtype]
        )


def test_a_large_mean_does_not_hide_the_variance(array, rng):
    # The mean of squares, minus the square of the mean, would have no correct digit.
    x = (1e4 + rng.standard_normal((4000, 20))).astype("float32")
    one, zero = array(np.ones(20, "float32")), array(np.zeros(20, "float32"))
    _, mean, variance = neural.batch_norm(array(x), one, zero)
    np.testing.assert_allclose(mean.numpy(), x.mean(0, dtype="float64"), rtol=5e-6)
    np.testing.assert_allclose(variance.numpy(), x.var(0, dtype="float64"), rtol=1e-3)
    one, zero = array(np.ones(4000, "float32")), array(np.zeros(4000, "float32"))
    _, mean, variance = neural.layer_norm(array(x.T), one, zero)
    np.testing.assert_allclose(mean.numpy(), x.mean(0, dtype="float64"), rtol=5e-6)
    np.testing.assert_allclose(variance.numpy(), x.var(0, dtype="float64"), rtol=1e-3)


def test_many_rows_are_added_up_without_loss(home, array, rng):
    if home.name == "cpu_numpy":
        pytest.skip("NumPy adds rows one by one")
    x = rng.random((40_000, 3), dtype="float32")
    weight, bias = array(np.ones(3, "float32")), array(np.zeros(3, "float32"))
    ours = array(x)
    _, mean, variance = neural.batch_norm(ours, weight, bias)
    np.testing.assert_allclose(mean.numpy(), x.mean(0, dtype="float64"), rtol=2e-7)
    np.testing.assert_allclose(variance.numpy(), x.var(0, dtype="float64"), rtol=1e-6)
    _, _, dbias = neural.batch_norm_gradient(ours, ours, weight, mean, variance)
    np.testing.assert_allclose(dbias.numpy(), x.sum(0, dtype="float64"), rtol=1e-6)
    _, mean, variance = neural.layer_norm(ours, weight, bias)
    _, _, dbias = neural.layer_norm_gradient(ours, ours, weight, mean, variance)
    np.testing.assert_allclose(dbias.numpy(), x.sum(0, dtype="float64"), rtol=1e-6)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)], ids=str)
def test_no_elements(array, shape):
    m, d = shape
    x, vector = array(np.ones(shape)), array(np.ones(d))
    for forward, backward, size in [
        (neural.batch_norm, neural.batch_norm_gradient, d),
        (neural.layer_norm, neural.layer_norm_gradient, m),
    ]:
        y, mean, variance = forward(x, vector, vector)
        assert y.shape == shape
        assert mean.shape == variance.shape == (size,)
        assert np.isnan(mean.numpy()).all()
        assert np.isnan(variance.numpy()).all()
        dx, dweight, dbias = backward(x, x, vector, mean, variance)
        assert dx.shape == shape
        assert dweight.numpy().tolist() == dbias.numpy().tolist() == [0.0] * d


def test_nan_and_infinity_stay_in_their_column_or_row(array, rng):
    x = rng.standard_normal((5, 4))
    x[2, 1], x[3, 2] = np.nan, np.inf
    ones = array(np.ones(4))
    y, mean, _ = neural.batch_norm(array(x), ones, ones)
    assert np.isnan(y.numpy()).all(axis=0).tolist() == [False, True, True, False]
    assert np.isfinite(y.numpy()[:, [0, 3]]).all()
    assert np.isfinite(mean.numpy()).tolist() == [True, False, False, True]
    y, _, variance = neural.layer_norm(array(x), ones, ones)
    assert np.isnan(y.numpy()).all(axis=1).tolist() == [False, False, True, True, False]
    assert np.isfinite(variance.numpy()).tolist() == [True, True, False, False, True]


def test_operands_that_repeat_elements(array, rng):
    x, grad, one = rng.standard_normal((3, 6))
    repeated = [np.broadcast_to(row, (4, 6)) for row in (x, grad)]
    repeated.append(np.broadcast_to(one[:1], (6,)))
    copied = [np.array(each) for each in repeated]
    for forward, backward in [
        (neural.batch_norm, neural.batch_norm_gradient),
        (neural.layer_norm, neural.layer_norm_gradient),
    ]:
        results = []
        for x, grad, vector in (map(array, repeated), map(array, copied)):
            y, mean, variance = forward(x, vector, vector)
            results.append([y, mean, variance, *backward(grad, x, vector, mean, variance)])
        for one, other in zip(*results, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_shapes_and_dtypes_that_do_not_fit_are_refused(array):
    x, d, m = array(np.ones((2, 3))), array(np.ones(3)), array(np.ones(2))
    single, whole = array(np.ones(3, "float32")), array(np.ones((2, 3), "int64"))
    for call in (
        lambda: neural.batch_norm(d, d, d),
        lambda: neural.batch_norm(x, m, d),
        lambda: neural.batch_norm(x, d, m),
        lambda: neural.layer_norm(array(1.0), d, d),
        lambda: neural.layer_norm(x, m, d),
        lambda: neural.layer_norm(x, d, x),
        lambda: neural.batch_norm_gradient(d, x, d, d, d),
        lambda: neural.batch_norm_gradient(x, x, d, m, d),
        lambda: neural.batch_norm_gradient(x, x, d, d, m),
        lambda: neural.layer_norm_gradient(x, x, m, m, m),
        lambda: neural.layer_norm_gradient(x, x, d, d, m),
    ):
        with pytest.raises(ValueError, match=r"\("):
            call()
    for call in (
        lambda: neural.batch_norm(whole, d, d),
        lambda: neural.batch_norm(x, single, d),
        lambda: neural.layer_norm(x, d, single),
        lambda: neural.layer_norm_gradient(x, x, single, m, m),
        lambda: neural.layer_norm(x, d, np.ones(3)),
    ):
        with pytest.raises(TypeError):
            call()


def test_results_do_not_depend_on_threads(array, threads, rng):
    x, grad = rng.standard_normal((2, 3000, 70)).astype("float32")
    weight, bias = rng.standard_normal((2, 70)).astype("float32")
    operands = [array(each) for each in (x, weight, bias)]
    found = []
    for number in (1, 2):
        threads(number)
        results = []
        for forward, backward in [
            (neural.batch_norm, neural.batch_norm_gradient),
            (neural.layer_norm, neural.layer_norm_gradient),
        ]:
            y, *statistics = forward(*operands)
            results += [y, *statistics, *backward(array(grad), *operands[:2], *statistics)]
        found.append(results)
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())
