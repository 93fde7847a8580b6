"""Softmax, log-softmax, logsumexp and the softmax loss, on every device and instruction set."""

import numpy as np
import pytest

import needle_hw3 as nd
from needle_hw3 import neural

SHAPES = [(1,), (7,), (3, 1), (5, 17), (2, 3, 64), (4, 0), (0, 4), (2, 131)]
TOLERANCE = {"float32": 1e-5, "float64": 1e-13}


def wide(x):
    return np.asarray(x, np.longdouble)


def exact_softmax(x):
    powers = np.exp(wide(x) - np.max(x, axis=-1, keepdims=True, initial=-1e30))
    return powers / np.sum(powers, axis=-1, keepdims=True)


def exact_logsumexp(x):
    peak = np.max(x, axis=-1, keepdims=True, initial=-1e4)
    with np.errstate(divide="ignore"):
        return np.log(np.sum(np.exp(wide(x) - peak), axis=-1)) + peak[..., 0]


def assert_near(result, expected, dtype, scale=1.0):
    assert isinstance(result, nd.NDArray)
    assert result.dtype == dtype
    np.testing.assert_allclose(
        result.numpy(), np.asarray(expected, "float64"), rtol=0, atol=scale * TOLERANCE[dtype]
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_are_those_of_the_formulas(array, layout, rng, shape, dtype):
    x = layout((3 * rng.standard_normal(shape)).astype(dtype))
    ours = array(x)
    assert_near(neural.softmax(ours), exact_softmax(x), dtype)
    assert_near(neural.softmax(ours, scale=-0.5), exact_softmax(-0.5 * wide(x)), dtype)
    total = exact_logsumexp(x)
    assert_near(neural.logsumexp(ours), total, dtype, 4)
    assert_near(neural.log_softmax(ours), wide(x) - total[..., None], dtype, 4)
    np.testing.assert_array_equal(ours.numpy(), x)


@pytest.mark.parametrize("shape", [(5, 17), (1, 1), (2, 3, 5)], ids=str)
def test_gradients_are_those_of_differences(array, layout, rng, differences, shape):
    x, grad = rng.standard_normal((2, *shape))

    def softmax(x):
        return exact_softmax(0.7 * x)

    def log_softmax(x):
        return wide(x) - exact_logsumexp(x)[..., None]

    ours = array(layout(grad))
    y = array(layout(softmax(x).astype("float64")))
    found = neural.softmax_gradient(ours, y, scale=0.7)
    np.testing.assert_allclose(found.numpy(), differences(softmax, x, grad), atol=1e-8)
    y = array(layout(log_softmax(x).astype("float64")))
    found = neural.log_softmax_gradient(ours, y)
    np.testing.assert_allclose(found.numpy(), differences(log_softmax, x, grad), atol=1e-8)


def test_rows_that_are_not_the_same_distance_apart(array, rng):
    x = rng.standard_normal((2, 3, 4, 5))
    for moved in (x.swapaxes(0, 1), x.swapaxes(1, 2), x[:, :2], x[::-1, 1:, ::2], x[:, :1, ::-1]):
        assert_near(neural.softmax(array(moved)), exact_softmax(moved), "float64")


# A device may divide rows among a few threads or many, and keep them or read them again.
LENGTHS = [31, 33, 257, 513, 1025, 2049, 4097, 8193, 16385]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", LENGTHS)
def test_rows_of_any_length(array, rng, n, dtype):
    m = 37 if n < 1000 else 2
    x, grad = rng.standard_normal((2, m, n)).astype(dtype)
    x *= 5
    x[0].sort()
    ours, ours_grad, labels = array(x), array(grad), rng.integers(n, size=m)
    y, total = exact_softmax(x), exact_logsumexp(x)[:, None]
    assert_near(neural.softmax(ours), y, dtype)
    assert_near(neural.logsumexp(ours), total[:, 0], dtype, 4)
    assert_near(neural.log_softmax(ours), x - total, dtype, 16)
    expected = y * (grad - np.sum(grad * y, axis=-1, keepdims=True))
    found = neural.softmax_gradient(ours_grad, array(y.astype(dtype)))
    assert_near(found, expected, dtype)
    expected = grad - y * np.sum(wide(grad), axis=-1, keepdims=True)
    found = neural.log_softmax_gradient(ours_grad, array((x - total).astype(dtype)))
    assert_near(found, expected, dtype, 16)
    ours_labels = array(labels)
    losses, totals = neural.softmax_loss(ours, ours_labels, smoothing=0.1)
    assert_near(losses, exact_losses(x, labels, 0.1), dtype, 16)
    assert_near(totals, total[:, 0], dtype, 4)
    found = neural.softmax_loss_gradient(ours, ours_labels, totals, array(grad[:, 0]), smoothing=0)
    assert_near(found, (y - (np.arange(n) == labels[:, None])) * grad[:, :1], dtype, 4)


@pytest.mark.parametrize("n", [40, 20_000])
def test_extreme_numbers_anywhere_in_a_row(array, n):
    place = n - 3
    for lowest, value, there, elsewhere, total in [
        (0, np.inf, np.nan, 0, np.inf),
        (0, np.nan, np.nan, np.nan, np.nan),
        (0, 1e30, 1, 0, 1e30),
        (-np.inf, 5, 1, 0, 5),
        (-np.inf, -1e30, 1, 0, -1e30),
        (-np.inf, -np.inf, np.nan, np.nan, -np.inf),
        (-np.inf, np.inf, np.nan, 0, np.inf),
        (200, np.inf, np.nan, np.nan, np.inf),  # exp(200) is infinite in float32
    ]:
        row = np.full(n, lowest, "float32")
        row[place] = value
        expected = np.full(n, elsewhere, "float32")
        expected[place] = there
        np.testing.assert_array_equal(neural.softmax(array(row)).numpy(), expected)
        np.testing.assert_array_equal(neural.logsumexp(array(row)).numpy(), np.float32(total))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("axis", [0, 1, -2])
def test_any_axis_is_one_of_rows(array, rng, axis, dtype):
    x, grad = rng.standard_normal((2, 3, 4, 5)).astype(dtype)
    ours, ours_grad = array(x), array(grad)

    def moved(function, *operands, **options):
        rows = [nd.moveaxis(each, axis, -1) for each in operands]
        return nd.moveaxis(function(*rows, **options), -1, axis).numpy()

    for function, operands in [
        (neural.softmax, [ours]),
        (neural.log_softmax, [ours]),
        (neural.softmax_gradient, [ours_grad, ours]),
        (neural.log_softmax_gradient, [ours_grad, ours]),
    ]:
        found = function(*operands, axis=axis).numpy()
        np.testing.assert_array_equal(found, moved(function, *operands))
    rows = neural.logsumexp(nd.moveaxis(ours, axis, -1)).numpy()
    np.testing.assert_array_equal(neural.logsumexp(ours, axis=axis).numpy(), rows)
    kept = neural.logsumexp(ours, axis=axis, keepdims=True)
    np.testing.assert_array_equal(kept.numpy(), np.expand_dims(rows, axis))
    with pytest.raises(IndexError):
        neural.softmax(ours, axis=3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3), (2, 3, 20, 20), (1, 1)], ids=str)
def test_causal_softmax_leaves_out_what_comes_later(array, layout, rng, shape, dtype):
    x = rng.standard_normal(shape).astype(dtype)
    queries, keys = shape[-2:]
    later = np.arange(keys) > np.arange(queries)[:, None] + keys - queries
    x[..., later] = np.nan  # it does not matter
    found = neural.softmax(array(layout(x)), scale=1.5, causal=True).numpy()
    expected = np.zeros(shape)
    for place in np.ndindex(shape[:-1]):
        seen = ~later[place[-1]]
        expected[place][seen] = exact_softmax(1.5 * wide(x[place][seen]))
    np.testing.assert_allclose(found, expected, atol=TOLERANCE[dtype])
    assert (found[..., later] == 0).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_rows(array, dtype):
    inf, nan = np.inf, np.nan
    rows = np.array(
        [
            [1e30, 1e30, -1e30, 0],
            [-1e30, -1e30, -1e30, -1e30],
            [-inf, -inf, -inf, -inf],
            [-inf, 0, 0, -inf],
            [inf, 0, 1, 2],
            [nan, 0, 1, 2],
            [nan, nan, nan, nan],
            [-90, 0, -200, -1000],
        ],
        dtype,
    )
    half, least = np.log(2.0), np.finfo("float32").tiny
    x = array(rows)
    y = neural.softmax(x).numpy()
    np.testing.assert_allclose(y[0], [0.5, 0.5, 0, 0])
    np.testing.assert_allclose(y[1], [0.25] * 4)
    np.testing.assert_allclose(y[3], [0, 0.5, 0.5, 0])
    assert np.isnan(y[[2, 5, 6]]).all()
    np.testing.assert_array_equal(y[4], [nan, 0, 0, 0])
    np.testing.assert_allclose(y[7], np.exp([-90.0, 0, -200, -1000]), rtol=1e-6, atol=least)
    np.testing.assert_allclose(
        neural.logsumexp(x).numpy(), [1e30, -1e30, -inf, half, inf, nan, nan, 0], rtol=1e-6
    )
    y = neural.log_softmax(x).numpy()
    np.testing.assert_allclose(y[0], [-half, -half, -2e30, -1e30], rtol=1e-6)
    np.testing.assert_allclose(y[1], [-2 * half] * 4, rtol=1e-6)
    np.testing.assert_allclose(y[3], [-inf, -half, -half, -inf], rtol=1e-6)
    assert np.isnan(y[[2, 5, 6]]).all()
    np.testing.assert_array_equal(y[4], [nan, -inf, -inf, -inf])
    np.testing.assert_array_equal(y[7], rows[7])


def test_large_numbers_that_are_scaled_have_an_exact_peak(array):
    x = array(np.array([[1e30, 1e30, 3.3e29], [-7e29, 1e30, 1e30]], "float32"))
    found = neural.softmax(x, scale=0.1234567).numpy()
    np.testing.assert_allclose(found, [[0.5, 0.5, 0], [0, 0.5, 0.5]], atol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities_are_accurate_to_a_few_units(array, rng, dtype):
    # All differences to the peak that matter: down to the smallest normal number.
    low = {"float32": -87.0, "float64": -700.0}[dtype]
    x = np.concatenate([[0.0], np.linspace(low, -1e-6, 5001)]).astype(dtype)
    expected = exact_softmax(x)
    found = neural.softmax(array(x)).numpy()
    normal = expected > np.finfo(dtype).tiny
    assert normal.sum() > 4000
    assert np.max(np.abs(found / expected - 1)[normal]) < 6 * np.finfo(dtype).eps


def exact_losses(z, labels, s):
    logs = wide(z) - exact_logsumexp(z)[:, None]
    rows = np.arange(len(labels))
    return -(1 - s) * logs[rows, labels] - s * np.mean(logs, axis=1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (40, 131)], ids=str)
@pytest.mark.parametrize("s", [0.0, 0.1])
def test_losses_are_those_of_the_formula(array, layout, rng, shape, s, dtype):
    z = rng.standard_normal(shape).astype(dtype)
    labels = rng.integers(shape[1], size=shape[0])
    losses, totals = neural.softmax_loss(array(layout(z)), array(layout(labels)), smoothing=s)
    assert_near(losses, exact_losses(z, labels, s), dtype, 4)
    assert_near(totals, exact_logsumexp(z), dtype, 4)
    assert losses.shape == totals.shape == shape[:1]


@pytest.mark.parametrize("s", [0.0, 0.3])
def test_gradient_of_the_loss_is_that_of_differences(array, layout, rng, differences, s):
    z, labels = rng.standard_normal((6, 19)), rng.integers(19, size=6)
    grad = rng.standard_normal(6)
    ours = array(layout(z)), array(layout(labels))
    _, totals = neural.softmax_loss(*ours, smoothing=s)
    found = neural.softmax_loss_gradient(*ours, totals, array(layout(grad)), smoothing=s)
    expected = differences(lambda z: exact_losses(z, labels, s), z, grad)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-8)
    one = neural.softmax_loss_gradient(*ours, totals, array(2.5), smoothing=s)
    all_of_it = array(np.full(6, 2.5))
    expected = neural.softmax_loss_gradient(*ours, totals, all_of_it, smoothing=s)
    np.testing.assert_array_equal(one.numpy(), expected.numpy())


def test_gradient_of_large_logits_has_all_digits(array):
    # Beside 1e30, their logsumexp has no room for log(2).
    for size in (1e30, 1e7, -1e7, 3e4):
        z = array(np.array([[size, size, -1.01e30]], "float32"))
        labels = array(np.array([1]))
        losses, totals = neural.softmax_loss(z, labels)
        np.testing.assert_allclose(losses.numpy(), [np.log(2)], rtol=1e-6)
        found = neural.softmax_loss_gradient(z, labels, totals, array(np.ones(1, "float32")))
        np.testing.assert_allclose(found.numpy(), [[0.5, -0.5, 0]], atol=1e-6)


def test_loss_without_smoothing_ignores_classes_that_cannot_be(array):
    z = array(np.array([[0.0, -np.inf, 0.0]]))
    losses, _ = neural.softmax_loss(z, array(np.array([0])))
    np.testing.assert_allclose(losses.numpy(), [np.log(2)])


@pytest.mark.parametrize("label", [-1, 5, 2**40])
def test_labels_lie_in_range(array, rng, label):
    z, labels = array(rng.standard_normal((4, 5))), array(np.array([0, label, 4, 99]))
    message = rf"label {label} is not in \[0, 5\)"
    with pytest.raises(IndexError, match=message):
        neural.softmax_loss(z, labels)
    totals = array(np.zeros(4))
    with pytest.raises(IndexError, match=message):
        neural.softmax_loss_gradient(z, labels, totals, totals)


def test_shapes_and_dtypes_that_do_not_fit_are_refused(array, home):
    kernels = home.kernels
    x, y = array(np.ones((2, 3))), array(np.ones((3, 2)))
    single, whole = array(np.ones((2, 3), "float32")), array(np.ones((2, 3), "int64"))
    labels = array(np.zeros(2, "int64"))
    for call in (
        lambda: neural.softmax(array(1.0)),
        lambda: neural.softmax(array(np.ones(3)), causal=True),
        lambda: neural.logsumexp(array(1.0)),
        lambda: neural.softmax_gradient(x, y),
        lambda: neural.log_softmax_gradient(x, y),
        lambda: neural.softmax_loss(labels._cast(x.dtype), labels),
        lambda: neural.softmax_loss(y, labels),
        lambda: neural.softmax_loss_gradient(x, labels, x, labels._cast(x.dtype)),
    ):
        with pytest.raises((ValueError, IndexError)):
            call()
    for call in (
        lambda: neural.softmax(whole),
        lambda: neural.log_softmax(whole),
        lambda: neural.logsumexp(whole),
        lambda: neural.softmax_gradient(x, single),
        lambda: neural.log_softmax_gradient(single, x),
        lambda: neural.softmax_loss(x, x),
        lambda: neural.softmax(np.ones(3)),
        lambda: kernels.softmax_loss(x._view, labels._cast(nd.int32)._view, 0.0),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        kernels.softmax_gradient(y._view, x._view, 1.0)


def test_results_do_not_depend_on_threads(array, threads, rng):
    x, grad = rng.standard_normal((2, 300, 700)).astype("float32")
    labels, ours, ours_grad = array(rng.integers(700, size=300)), array(x), array(grad)
    found = []
    for number in (1, 2):
        threads(number)
        losses, totals = neural.softmax_loss(ours, labels, smoothing=0.1)
        found.append([
            neural.softmax(ours, causal=True), neural.softmax_gradient(ours_grad, ours),
            neural.log_softmax(ours.T), neural.log_softmax_gradient(ours_grad, ours),
            neural.logsumexp(ours), losses, totals,
            neural.softmax_loss_gradient(ours, labels, totals, losses, smoothing=0.1),
        ])  # fmt: skip
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())


def test_a_long_row_is_added_up_without_loss(array):
    x = array(np.zeros(3_000_000, "float32"))
    np.testing.assert_allclose(neural.logsumexp(x).item(), np.log(3e6), rtol=2e-7)
    np.testing.assert_allclose(neural.softmax(x)[:5].numpy(), [1 / 3e6] * 5, rtol=2e-7)
