"""Convolutions on the C++ device: every instruction set, and sizes that are cut into pieces.

Operands are small whole numbers, of which all sums are exact in float32, so that results can be
compared for equality, in whatever order they were added up.
"""

import itertools

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from needle_hw3 import _cpu

ONES, NONE = (1, 1), (0, 0)


def whole(rng, shape, dtype="float32"):
    return rng.integers(-3, 4, shape).astype(dtype)


def patches(x, size, stride, padding):
    """Return what each output meets, as (N, OH, OW, KH, KW, C)."""
    wide = np.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2, (0, 0)))
    windows = sliding_window_view(wide, size, axis=(1, 2))[:, :: stride[0], :: stride[1]]
    return np.moveaxis(windows, 3, -1)


def channels_first(x):
    """Return the same images, stored channel by channel."""
    return x.transpose(0, 3, 1, 2).copy().transpose(0, 2, 3, 1)


def unchanged(x):
    return x


# Images, filters, stride and padding. Together: filters of several blocks of columns, sums of
# several boxes (whole lines of taps, single taps, parts of the channels), outputs of several blocks
# and sums of several parts, and images that are rearranged in several chunks.
CASES = [
    ((3, 6, 5, 20), (3, 3, 20, 300), ONES, ONES),
    ((2, 5, 5, 400), (3, 3, 400, 33), ONES, ONES),
    ((1, 3, 2, 1100), (1, 2, 1100, 5), ONES, ONES),
    ((2, 4, 3, 600), (3, 2, 600, 30), (2, 1), ONES),
    ((5, 24, 23, 12), (3, 3, 12, 48), ONES, ONES),
    ((40, 16, 16, 3), (3, 3, 3, 70), ONES, ONES),
    ((9, 32, 32, 3), (7, 7, 3, 16), (4, 4), (3, 3)),
    ((40, 8, 8, 16), (3, 3, 16, 32), (2, 2), ONES),
    ((70, 4, 4, 32), (3, 3, 32, 32), ONES, ONES),
    ((130, 1, 1, 64), (3, 3, 64, 48), ONES, ONES),
    ((2, 96, 96, 66), (2, 2, 66, 2), (3, 3), NONE),
    ((2, 30, 30, 40), (1, 1, 40, 24), ONES, NONE),
    ((2, 9, 9, 12), (5, 4, 12, 25), (2, 3), (2, 1)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("stored", [unchanged, channels_first])
def test_sizes_that_are_cut_into_pieces(isa, rng, case, stored, threads):
    threads(2)
    images, filters, stride, padding = case
    x, w = whole(rng, images), whole(rng, filters)
    met = patches(x, filters[:2], stride, padding)
    y = np.tensordot(met, w, 3)
    dy = whole(rng, y.shape)
    settings = stride, padding, ONES, 1
    view = [_cpu.from_numpy(stored(a), False) for a in (x, dy)]
    weights = _cpu.from_numpy(w, False)
    np.testing.assert_array_equal(_cpu.conv2d(view[0], weights, *settings).numpy(), y)
    dw = _cpu.conv2d_weight_gradient(*view, filters, *settings).numpy()
    np.testing.assert_array_equal(dw, np.tensordot(met, dy, ((0, 1, 2), (0, 1, 2))))
    dx = _cpu.conv2d_input_gradient(view[1], weights, images, *settings).numpy()
    expected = np.zeros((images[0], *(n + 2 * p for n, p in zip(images[1:3], padding, strict=True)),
                         images[3]))  # fmt: skip
    for a, b in itertools.product(range(filters[0]), range(filters[1])):
        rows = slice(a, a + stride[0] * (y.shape[1] - 1) + 1, stride[0])
        columns = slice(b, b + stride[1] * (y.shape[2] - 1) + 1, stride[1])
        expected[:, rows, columns] += dy @ w[a, b].T
    (top, left) = padding
    expected = expected[:, top : top + images[1], left : left + images[2]]
    np.testing.assert_array_equal(dx, expected)


def test_groups_are_convolutions_of_their_own(rng, threads):
    threads(2)
    images, filters, settings = (8, 20, 20, 24), (3, 3, 12, 80), (ONES, ONES, ONES)
    x, w, dy = (whole(rng, shape) for shape in (images, filters, (8, 20, 20, 80)))
    view = [_cpu.from_numpy(a, False) for a in (x, w, dy)]
    y = _cpu.conv2d(view[0], view[1], *settings, 2).numpy()
    dx = _cpu.conv2d_input_gradient(view[2], view[1], images, *settings, 2).numpy()
    dw = _cpu.conv2d_weight_gradient(view[0], view[2], filters, *settings, 2).numpy()
    for g in (0, 1):
        channels, out = slice(12 * g, 12 * g + 12), slice(40 * g, 40 * g + 40)
        a, b, c = (
            _cpu.from_numpy(part.copy(), False)
            for part in (x[..., channels], w[..., out], dy[..., out])
        )
        alone = _cpu.conv2d(a, b, *settings, 1).numpy()
        np.testing.assert_array_equal(y[..., out], alone)
        alone = _cpu.conv2d_input_gradient(c, b, a.shape, *settings, 1).numpy()
        np.testing.assert_array_equal(dx[..., channels], alone)
        alone = _cpu.conv2d_weight_gradient(a, c, b.shape, *settings, 1).numpy()
        np.testing.assert_array_equal(dw[..., out], alone)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stored", [unchanged, channels_first])
def test_bits_do_not_depend_on_the_number_of_threads(isa, rng, dtype, stored, threads):
    for images, filters, stride in [
        ((20, 12, 12, 16), (3, 3, 16, 40), ONES),
        ((150, 4, 4, 32), (3, 3, 32, 32), ONES),
        ((40, 32, 32, 3), (7, 7, 3, 16), (4, 4)),
    ]:
        results = []
        x, w = (rng.standard_normal(s).astype(dtype) for s in (images, filters))
        settings = stride, ONES, ONES, 1
        for count in (1, 2, 3):
            threads(count)
            ours, weights = _cpu.from_numpy(stored(x), False), _cpu.from_numpy(w, False)
            y = _cpu.conv2d(ours, weights, *settings)
            dx = _cpu.conv2d_input_gradient(y, weights, images, *settings)
            dw = _cpu.conv2d_weight_gradient(ours, y, filters, *settings)
            results.append([a.numpy().tobytes() for a in (y, dx, dw)])
        assert results[0] == results[1] == results[2]


def test_nothing_outside_of_the_operands_is_read_or_written(isa, rng, threads):
    threads(1)
    x, w = whole(rng, (2, 5, 6, 3)), whole(rng, (3, 2, 3, 5))
    settings = (2, 1), ONES, ONES, 1
    y = _cpu.conv2d(_cpu.from_numpy(x, True), _cpu.from_numpy(w, True), *settings).numpy()
    found = []
    for array in (x, w):
        memory = np.full(array.size + 64, np.nan, "float32")
        memory[32:-32] = array.ravel()
        found.append(_cpu.from_numpy(memory[32:-32].reshape(array.shape), False))
    np.testing.assert_array_equal(_cpu.conv2d(*found, *settings).numpy(), y)
    dy = np.full(y.size + 64, np.nan, "float32")
    dy[32:-32] = 1
    ones = _cpu.from_numpy(dy[32:-32].reshape(y.shape), False)
    dx = _cpu.conv2d_input_gradient(ones, found[1], x.shape, *settings).numpy()
    dw = _cpu.conv2d_weight_gradient(found[0], ones, w.shape, *settings).numpy()
    assert np.isfinite(dx).all()
    assert np.isfinite(dw).all()
