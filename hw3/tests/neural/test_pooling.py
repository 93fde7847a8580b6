"""Pooling on every device, against loops in NumPy."""

import itertools

import numpy as np
import pytest

import needle_hw3 as nd


def windows(shape, size, stride, padding, dilation=(1, 1)):
    """Yield each window's place in the result and the places of its elements in the image."""
    ranges = []
    for axis in (0, 1):
        extent = dilation[axis] * (size[axis] - 1) + 1
        count = (shape[1 + axis] + 2 * padding[axis] - extent) // stride[axis] + 1
        starts = (i * stride[axis] - padding[axis] for i in range(count))
        steps = [dilation[axis] * a for a in range(size[axis])]
        ranges.append(
            [[s + step for step in steps if 0 <= s + step < shape[1 + axis]] for s in starts]
        )
    for (i, rows), (j, columns) in itertools.product(enumerate(ranges[0]), enumerate(ranges[1])):
        yield (i, j), list(itertools.product(rows, columns))


def result_shape(shape, *settings):
    (rows, columns) = max((place for place, _ in windows(shape, *settings)))
    return (shape[0], rows + 1, columns + 1, shape[3])


def largest(x, *settings):
    shape = result_shape(x.shape, *settings)
    y, places = np.full(shape, -np.inf, x.dtype), np.full(shape, -1)
    for (i, j), elements in windows(x.shape, *settings):
        for n, c in itertools.product(range(shape[0]), range(shape[3])):
            values = [x[n, row, column, c] for row, column in elements]
            if values:
                best = int(np.argmax(values))  # the first nan, or the first of the largest
                row, column = elements[best]
                y[n, i, j, c], places[n, i, j, c] = values[best], row * x.shape[2] + column
    return y, places


CASES = [
    ((2, 6, 6, 3), (2, 2), (2, 2), (0, 0), (1, 1)),
    ((2, 7, 5, 3), (3, 2), (2, 1), (1, 0), (1, 1)),
    ((1, 5, 6, 9), (2, 3), (1, 2), (1, 2), (2, 1)),
    ((2, 1, 1, 2), (1, 1), (1, 1), (0, 0), (1, 1)),
    ((1, 3, 2, 2), (2, 2), (1, 1), (3, 3), (2, 3)),  # some windows lie outside
    ((3, 4, 4, 1), (4, 4), (1, 1), (0, 0), (1, 1)),
    ((2, 9, 8, 33), (3, 3), (2, 2), (1, 1), (1, 1)),
    ((2, 7, 8, 12), (3, 2), (1, 2), (1, 1), (1, 1)),
    ((1, 9, 8, 8), (3, 3), (2, 1), (1, 2), (2, 1)),
    ((0, 4, 4, 2), (2, 2), (1, 1), (0, 0), (1, 1)),
    ((2, 4, 4, 0), (2, 2), (1, 1), (0, 0), (1, 1)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_max_pool_chooses_the_first_of_the_largest(backend, rng, case, dtype, same):
    shape, *settings = case
    x = rng.integers(-3, 4, shape).astype(dtype)  # many are equal
    y, places = nd.neural.max_pool2d(backend.array(x), *settings)
    expected = largest(x, *settings)
    same(y, expected[0])
    same(places, expected[1])
    assert y.is_compact()


def test_nan_is_the_largest_and_minus_infinity_is_chosen(backend, same):
    x = np.array([[1, np.nan, 3, -np.inf], [np.nan, 2, -np.inf, -np.inf]]).reshape(1, 2, 4, 1)
    for padding in ((0, 0), (1, 1)):
        settings = (2, 2), (1, 1), padding, (1, 1)
        y, places = nd.neural.max_pool2d(backend.array(x), *settings)
        expected = largest(x, *settings)
        same(y, expected[0])
        same(places, expected[1])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gather_and_gradient_are_transposes(backend, rng, case, same):
    shape, *settings = case
    x = rng.integers(-3, 4, shape).astype(np.float64)
    _, places = nd.neural.max_pool2d(backend.array(x), *settings)
    numbers = places.numpy()
    dy, moved = (rng.integers(-3, 4, s).astype(np.float64) for s in (numbers.shape, shape))
    gathered, dx = np.zeros(numbers.shape), np.zeros(shape)
    for n, i, j, c in np.argwhere(numbers >= 0):
        row, column = divmod(numbers[n, i, j, c], shape[2])
        gathered[n, i, j, c] = moved[n, row, column, c]
        dx[n, row, column, c] += dy[n, i, j, c]
    same(nd.neural.max_pool2d_gather(backend.array(moved), places), gathered)
    same(nd.neural.max_pool2d_gradient(backend.array(dy), places, shape), dx)


@pytest.mark.parametrize("case", [case for case in CASES if case[-1] == (1, 1)], ids=str)
def test_avg_pool_counts_padding(backend, rng, case):
    shape, size, stride, padding, _ = case
    x = rng.standard_normal(shape)
    expected = np.zeros(result_shape(shape, size, stride, padding))
    dy, dx = rng.standard_normal(expected.shape), np.zeros(shape)
    for (i, j), elements in windows(shape, size, stride, padding):
        for row, column in elements:
            expected[:, i, j] += x[:, row, column] / (size[0] * size[1])
            dx[:, row, column] += dy[:, i, j] / (size[0] * size[1])
    y = nd.neural.avg_pool2d(backend.array(x), size, stride, padding)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-13, atol=1e-13)
    found = nd.neural.avg_pool2d_gradient(backend.array(dy), shape, size, stride, padding)
    assert found.shape == shape
    np.testing.assert_allclose(found.numpy(), dx, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("first", [0, 1])
def test_channels_that_lie_apart(backend, rng, first, same):
    # Groups of 4 or 8 channels begin, or lie apart, at no multiple of theirs.
    wide = rng.integers(0, 99, (2, 5, 4, 9)).astype("float32")
    x = wide[..., first : first + 8]
    ours = backend.array(wide)[..., first : first + 8]
    y, places = nd.neural.max_pool2d(ours, (2, 3), (1, 1))
    expected = largest(x, (2, 3), (1, 1), (0, 0), (1, 1))
    same(y, expected[0])
    same(places, expected[1])
    same(nd.neural.max_pool2d_gather(ours, places), expected[0])
    dense = nd.neural.avg_pool2d(backend.array(x), (2, 3), (1, 1))
    same(nd.neural.avg_pool2d(ours, (2, 3), (1, 1)), dense.numpy())
    dense = nd.neural.avg_pool2d_gradient(backend.array(x), (2, 6, 6, 8), (2, 3), (1, 1))
    found = nd.neural.avg_pool2d_gradient(ours, (2, 6, 6, 8), (2, 3), (1, 1))
    same(found, dense.numpy())
    dense = nd.neural.max_pool2d_gradient(backend.array(expected[0]), places, x.shape)
    gap = np.concatenate([expected[0]] * 2, axis=3)[..., :9]
    found = nd.neural.max_pool2d_gradient(backend.array(gap)[..., :8], places, x.shape)
    same(found, dense.numpy())


@pytest.mark.parametrize("windows_at", ["everywhere", "two places", "one place"])
def test_gradients_are_added_in_the_order_of_the_windows(backend, rng, windows_at, same):
    """Sums of floats depend on the order, so it must be the same each time."""
    shape, dy = (2, 4, 3, 33), rng.standard_normal((2, 7, 6, 33)).astype(np.float32)
    most = {"everywhere": 12, "two places": 2, "one place": 1}[windows_at]
    places = rng.integers(-1 if most > 1 else 0, most, dy.shape)
    dx = np.zeros((2, 12, 33), np.float32)
    for n, i, j, c in np.argwhere(places >= 0):
        dx[n, places[n, i, j, c], c] += dy[n, i, j, c]
    ours = [backend.array(a) for a in (dy, places)]
    same(nd.neural.max_pool2d_gradient(*ours, shape), dx.reshape(shape))
    turned = [backend.array(a.T.copy()).permute((3, 2, 1, 0)) for a in (dy, places)]
    same(nd.neural.max_pool2d_gradient(*turned, shape), dx.reshape(shape))


def test_numbers_serve_both_axes_and_windows_do_not_overlap(backend, rng, same):
    x = rng.integers(-3, 4, (1, 4, 6, 2)).astype(np.float32)
    expected = largest(x, (2, 2), (2, 2), (0, 0), (1, 1))
    same(nd.neural.max_pool2d(backend.array(x), 2)[0], expected[0])
    assert nd.neural.avg_pool2d(backend.array(x), 2).shape == (1, 2, 3, 2)


def test_views_of_any_layout(backend, rng, views, same):
    base = rng.integers(-9, 9, (2, 6, 6, 4)).astype(np.float64)
    for view in ("reversed", "transposed", "sliced"):
        ours, x = views.pair(base, view)
        settings = (2, 3), (1, 1), (1, 0), (1, 1)
        y, places = nd.neural.max_pool2d(ours, *settings)
        expected = largest(x, *settings)
        same(y, expected[0])
        same(places, expected[1])
        same(nd.neural.max_pool2d_gather(ours, places[:, ::-1]), expected[0][:, ::-1])
        mean = nd.neural.avg_pool2d(ours, *settings[:3]).numpy()
        dense = nd.neural.avg_pool2d(backend.array(x), *settings[:3]).numpy()
        np.testing.assert_array_equal(mean, dense)
        dy = ours[..., :2, :2, :]
        dx = nd.neural.avg_pool2d_gradient(dy, (dy.shape[0], 3, 3, dy.shape[3]), 2, 1)
        copy = nd.neural.avg_pool2d_gradient(
            backend.array(dy.numpy()), (dy.shape[0], 3, 3, dy.shape[3]), 2, 1
        )
        np.testing.assert_array_equal(dx.numpy(), copy.numpy())
        flipped = nd.flip(places, axis=2)
        gradient = nd.neural.max_pool2d_gradient(nd.flip(y, axis=2), flipped, x.shape)
        again = nd.neural.max_pool2d_gradient(y, places, x.shape)
        np.testing.assert_array_equal(gradient.numpy(), again.numpy())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, r"window of shape \(0, 0\) is empty"),
        ({"size": (5, 1)}, r"windows of shape \(5, 1\) and dilation \(1, 1\) do not fit"),
        ({"stride": 0}, r"stride \(0, 0\) is not positive"),
        ({"padding": -1}, r"padding \(-1, -1\) is negative"),
        ({"stride": (1,)}, r"stride \(1,\) is not a pair"),
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_numbers(backend, arguments, message):
    x = backend.array(np.ones((1, 4, 4, 1)))
    for pool in (nd.neural.max_pool2d, nd.neural.avg_pool2d):
        with pytest.raises(ValueError, match=message):
            pool(x, **{"size": 2, **arguments})
        with pytest.raises(ValueError, match="do not have 4 axes"):
            pool(x[0], 2)
        with pytest.raises(TypeError, match="not defined for dtype int64"):
            pool(backend.array(np.ones((1, 4, 4, 1), "int64")), 2)


def test_places_outside_of_the_images_are_refused(backend):
    x = backend.array(np.ones((1, 2, 3, 1)))
    for place in (-2, 6, 2**62):
        places = backend.array(np.full((1, 1, 1, 1), place))
        with pytest.raises(IndexError, match=rf"place {place} is not in images of 2 x 3"):
            nd.neural.max_pool2d_gather(x, places)
        with pytest.raises(IndexError, match=rf"place {place} is not in images of 2 x 3"):
            nd.neural.max_pool2d_gradient(x[:, :1, :1], places, (1, 2, 3, 1))
    several = np.zeros((2, 3, 5, 40), "int64")
    several[1, 2, 4], several[1, 0, 3, 7:], several[0, 2, 4, 39] = 99, 98, 97
    images = backend.array(np.ones((2, 2, 3, 40)))
    with pytest.raises(IndexError, match="place 97 is not in"):  # the first one of all
        nd.neural.max_pool2d_gather(images, backend.array(several))
    with pytest.raises(IndexError, match="place 98 is not in"):
        nd.neural.max_pool2d_gather(images, backend.array(several)[::-1])
    places = backend.array(np.zeros((1, 1, 1, 1), "int64"))
    for wrong in (places[0], backend.array(np.zeros((2, 1, 1, 1), "int64"))):
        with pytest.raises(ValueError, match="do not fit"):
            nd.neural.max_pool2d_gather(x, wrong)
    with pytest.raises(TypeError, match="int64"):
        nd.neural.max_pool2d_gather(x, x)
    with pytest.raises(ValueError, match="do not fit places"):
        nd.neural.max_pool2d_gradient(x, places, (1, 2, 3, 1))


def test_gradients_of_another_shape_are_refused(backend):
    dy = backend.array(np.ones((1, 2, 2, 1)))
    with pytest.raises(ValueError, match=r"gradients of shape \(1, 2, 1, 1\), not \(1, 2, 2, 1\)"):
        nd.neural.avg_pool2d_gradient(dy, (1, 4, 3, 1), 2)
