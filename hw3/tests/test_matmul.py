"""Products of matrices on every device, around the edges of tiles, vectors and warps.

The tolerance is the bound for sums of k products in any order: k u |A| |B|, where u is half of the
distance from 1 to the next number (Higham, "Accuracy and Stability of Numerical Algorithms", 3.5).
"""

from functools import partial
from itertools import product

import numpy as np
import pytest

FLOATS = ("float32", "float64")
INTEGERS = ("uint8", "int32", "int64")
NO_MARGIN, NO_STEPS = (0, 0), (1, 1)
# Whether columns are neighbours in memory, the steps from one row and column to the next, and how
# much there is around the matrix: nan, or the largest number.
LAYOUTS = {
    "compact": (False, NO_STEPS, NO_MARGIN),
    "transposed": (True, NO_STEPS, NO_MARGIN),
    "rows apart": (False, NO_STEPS, (0, 4)),  # by a multiple of 4
    "transposed, rows apart": (True, NO_STEPS, (1, 3)),
    "steps": (False, (2, 3), (1, 0)),
    "rows backwards": (False, (-1, 1), (1, 1)),
    "all backwards": (True, (-2, -1), (1, 1)),
}
# Kernels that the CUDA device can be held to: the rows and columns of a tile, and the parts of a
# sum. 0: as the sizes say.
PLANS = [
    (0, 0, 0), (128, 128, 1), (64, 64, 1), (32, 32, 1), (128, 16, 1), (16, 128, 2), (64, 64, 3),
]  # fmt: skip


def _slice(size, step, margin):
    if step > 0:
        return slice(margin, margin + size * step, step)
    last = margin - (size - 1) * step
    return slice(last, None if margin == 0 else margin - 1, step)


def operand(backend, values, layout="compact"):
    """Return an array with these values, in a layout, in memory that is full of others."""
    columns, steps, margin = LAYOUTS[layout]
    values = np.swapaxes(values, -1, -2) if columns else values
    rows, cols = (
        size * abs(step) + 2 * more
        for size, step, more in zip(values.shape[-2:], steps, margin, strict=True)
    )
    poison = np.nan if values.dtype.kind == "f" else np.iinfo(values.dtype).max
    base = np.full((*values.shape[:-2], rows, cols), poison, values.dtype)
    key = (
        ...,
        _slice(values.shape[-2], steps[0], margin[0]),
        _slice(values.shape[-1], steps[1], margin[1]),
    )
    base[key] = values
    view = backend.array(base)[key]
    return view.mT if columns else view


def draw(rng, shape, dtype):
    if dtype in FLOATS:
        return rng.standard_normal(shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, size=shape, dtype=dtype, endpoint=True)


def check(found, a, b):
    """Compare with the product of two arrays of NumPy, which are finite."""
    if a.dtype.kind != "f":
        expected = a @ b
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        np.testing.assert_array_equal(found.numpy(), expected)
        return
    wide_a, wide_b = a.astype("float64"), b.astype("float64")
    expected = wide_a @ wide_b
    errors = a.shape[-1] * np.finfo(a.dtype).eps / 2 * (1 if a.dtype == np.float32 else 2)
    bound = 1.001 * errors * (np.abs(wide_a) @ np.abs(wide_b))
    assert (found.dtype, found.shape) == (a.dtype, expected.shape)
    assert (np.abs(found.numpy() - expected) <= bound).all()


@pytest.fixture
def plans(backend):
    """Return the plans that the device can be held to; it is let go at the end."""
    fix = getattr(backend.kernels, "set_matmul_plan", None)
    if fix is None:
        yield [lambda: None]
        return
    yield [partial(fix, *plan) for plan in PLANS]
    fix(0, 0, 0)


@pytest.mark.parametrize("dtype", FLOATS)
def test_edges_of_tiles_are_right(backend, plans, rng, dtype):
    for plan in plans:
        plan()
        for m, k, n in [(1, 1, 1), (31, 7, 33), (33, 32, 4), (64, 40, 36), (65, 100, 130)]:
            a, b = draw(rng, (m, k), dtype), draw(rng, (k, n), dtype)
            check(operand(backend, a) @ operand(backend, b), a, b)


@pytest.mark.parametrize("left", LAYOUTS)
@pytest.mark.parametrize("right", LAYOUTS)
def test_operands_have_any_strides(backend, plans, rng, left, right):
    for plan, (m, k, n) in product(plans, [(6, 9, 35), (36, 40, 4)]):
        plan()
        a, b = draw(rng, (m, k), "float32"), draw(rng, (k, n), "float32")
        check(operand(backend, a, left) @ operand(backend, b, right), a, b)
    a, b = draw(rng, (5, 8), "float64"), draw(rng, (8, 6), "float64")
    check(operand(backend, a, left) @ operand(backend, b, right), a, b)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_products_with_vectors(backend, plans, rng, dtype, layout):
    plans[-1]()  # a long sum in parts, if they can be chosen
    for m, k in [(1, 1), (1, 300), (33, 65), (9, 1040), (70, 31)]:
        a, x = draw(rng, (m, k), dtype), draw(rng, (k, 1), dtype)
        matrix, column = operand(backend, a, layout), operand(backend, x, layout)
        check(matrix @ column, a, x)
        check(column.mT @ matrix.mT, x.T, a.T)
    plans[0]()
    a, x = draw(rng, (3, 2100), dtype), draw(rng, (2100, 1), dtype)
    check(operand(backend, a, layout) @ operand(backend, x), a, x)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("layout", ["compact", "transposed", "steps"])
def test_integers_wrap(backend, rng, dtype, layout):
    for m, k, n in [(1, 3, 1), (33, 20, 5), (3, 600, 34)]:
        a, b = draw(rng, (m, k), dtype), draw(rng, (k, n), dtype)
        check(operand(backend, a, layout) @ operand(backend, b, layout), a, b)


SHAPES = [
    ((3, 4, 5), (3, 5, 6)),
    ((3, 4, 5), (5, 6)),  # one product of 12 rows
    ((4, 5), (3, 5, 6)),
    ((2, 1, 4, 5), (3, 5, 1)),
    ((2, 3, 1, 5), (1, 1, 5, 6)),
    ((2, 0, 4, 5), (1, 5, 6)),
    ((2, 4, 0), (2, 0, 3)),
    ((1, 1, 1, 1, 2, 2, 3), (2, 1, 2, 1, 2, 3, 2)),
    ((5, 1, 40, 8), (2, 8, 36)),
]


@pytest.mark.parametrize("dtype", ["float32", "int32"])
@pytest.mark.parametrize(("left", "right"), SHAPES, ids=str)
def test_batches_broadcast(backend, plans, rng, dtype, left, right):
    a, b = draw(rng, left, dtype), draw(rng, right, dtype)
    for plan in plans:
        plan()
        check(backend.array(a) @ backend.array(b), a, b)


def test_batches_have_any_strides(backend, plans, rng):
    a, b = draw(rng, (6, 4, 5), "float32"), draw(rng, (6, 5, 8), "float32")
    x, y = backend.array(a), backend.array(b)
    for plan in plans:
        plan()
        check(x[::-2] @ y[:3], a[::-2], b[:3])
        check(x[1::2] @ y[0], a[1::2], b[0])
        check(x[4] @ y[::3], a[4], b[::3])
        check(x.permute((1, 0, 2)) @ y[:4], a.transpose(1, 0, 2), b[:4])
        # Rows of 8 numbers, but matrices 5 rows and 1 number apart: no place for vector loads.
        flat = draw(rng, 3 * 41, "float32")
        odd = backend.array(flat)[: 3 * 41].reshape((3, 41))[:, :40].reshape((3, 5, 8))
        expected = flat.reshape(3, 41)[:, :40].reshape(3, 5, 8)
        check(x[:3] @ odd, a[:3], expected)
        even = draw(rng, (8, 4), "float32")  # which has such places
        check(odd @ backend.array(even), expected, even)
        check(backend.array(even).mT @ odd.mT, even.T, expected.swapaxes(1, 2))


def test_vector_loads_begin_where_they_may(backend, plans, rng):
    base = draw(rng, (44, 44), "float32")
    array = backend.array(base)
    for plan in plans:
        plan()
        # Of the last one, only the steps from row to row are multiples of 4.
        for row, col, cols in [(0, 0, 36), (0, 4, 36), (0, 1, 36), (1, 2, 36), (0, 0, 35)]:
            key = slice(row, row + 40), slice(col, col + cols)
            part, expected = array[key], base[key]
            check(part @ part.mT, expected, expected.T)
            check(part.mT @ part, expected.T, expected)
        # Here only the lengths are multiples of 4, not the steps from row to row.
        odd = array.reshape((1936,))[: 40 * 45].reshape((40, 45))[:, :36]
        expected = base.reshape(1936)[: 40 * 45].reshape(40, 45)[:, :36]
        check(odd @ odd.mT, expected, expected.T)
        check(odd.mT @ odd, expected.T, expected)


def test_a_large_operand_with_gaps_is_right(backend, rng):
    a, b = draw(rng, (3, 4), "float32"), draw(rng, (4, 300), "float32")
    check(operand(backend, a, "steps") @ operand(backend, b), a, b)
    check(operand(backend, b.T, "steps") @ operand(backend, a.T), b.T, a.T)


def test_nan_and_infinity_reach_their_rows_and_columns_only(backend, plans, rng):
    for plan, bad in product(plans, (np.nan, np.inf)):
        plan()
        a, b = np.zeros((37, 38), "float32"), draw(rng, (38, 37), "float32")
        b[5, 36] = bad  # 0 * nan and 0 * inf are nan
        nan = np.isnan((backend.array(a) @ backend.array(b)).numpy())
        assert nan[:, 36].all()
        assert nan.sum() == 37
        nan = np.isnan((backend.array(b).mT @ backend.array(a).mT).numpy())
        assert nan[36].all()
        assert nan.sum() == 37


def test_a_product_repeats_bit_by_bit(backend, plans, rng):
    a, b = draw(rng, (33, 530), "float32"), draw(rng, (530, 5), "float32")
    for plan in plans:
        plan()
        x, y = backend.array(a), backend.array(b)
        np.testing.assert_array_equal((x @ y).numpy(), (x @ y).numpy())
