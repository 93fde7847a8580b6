"""Products of matrices on the C++ device, against NumPy in double precision.

The tolerance is the bound of numerical analysis for sums of k products in any order, which holds
for every algorithm that only adds and multiplies: k u |A| |B|, where u is half of the distance
from 1 to the next number (Higham, "Accuracy and Stability of Numerical Algorithms", 3.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import numpy as np
import pytest

from needle_hw3 import _cpu

Array = np.ndarray[Any, Any]
FLOATS = ("float32", "float64")
INTEGERS = ("uint8", "int32", "int64")
# Around the sizes of vectors and of tiles on every instruction set.
SIZES = (0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 23, 24, 25, 31, 32, 33, 63, 65, 127)


@pytest.fixture(params=_cpu.isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    before = _cpu.isa()
    _cpu.set_isa(request.param)
    yield request.param
    _cpu.set_isa(before)


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = _cpu.num_threads()
    yield _cpu.set_num_threads
    _cpu.set_num_threads(before)


def matmul(a: Array, b: Array) -> Array:
    return _cpu.matmul(_cpu.from_numpy(a, False), _cpu.from_numpy(b, False)).numpy()


def random(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    if dtype in FLOATS:
        return rng.standard_normal(shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, size=shape, dtype=dtype, endpoint=True)


def assert_is_product(c: Array, a: Array, b: Array) -> None:
    """Check shape, dtype and values; `a` and `b` are finite."""
    if a.dtype.kind != "f":
        expected = a @ b
        assert (c.dtype, c.shape) == (expected.dtype, expected.shape)
        np.testing.assert_array_equal(c, expected)
        return
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    expected = wide_a @ wide_b
    # The reference has an error of its own: none to speak of for float32, as much for float64.
    errors = a.shape[-1] * np.finfo(a.dtype).eps / 2 * (1 if a.dtype == np.float32 else 2)
    bound = 1.001 * errors * (np.abs(wide_a) @ np.abs(wide_b))
    assert (c.dtype, c.shape) == (a.dtype, expected.shape)
    assert (np.abs(c - expected) <= bound).all()


# Each makes a matrix of m x n from a larger one, where that is full of nan.
LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "compact": lambda a: a.copy(),
    "transposed": lambda a: np.swapaxes(np.swapaxes(a, -1, -2).copy(), -1, -2),
    "rows apart": lambda a: surrounded(a, (1, 1), (0, 5)),
    "transposed, rows apart": lambda a: np.swapaxes(
        surrounded(np.swapaxes(a, -1, -2), (1, 1), (2, 3)), -1, -2
    ),
    "steps": lambda a: surrounded(a, (2, 3), (1, 0)),
    "rows backwards": lambda a: surrounded(a[..., ::-1, :], (1, 1), (1, 1))[..., ::-1, :],
    "all backwards": lambda a: surrounded(a[..., ::-1, ::-1], (2, 1), (1, 1))[..., ::-1, ::-1],
}


def surrounded(a: Array, steps: tuple[int, int], margin: tuple[int, int]) -> Array:
    """Return `a` as a view of an array that has nan (or the largest number) everywhere else."""
    rows, cols = (
        size * step + 2 * more for size, step, more in zip(a.shape[-2:], steps, margin, strict=True)
    )
    poison = np.nan if a.dtype.kind == "f" else np.iinfo(a.dtype).max
    base = np.full((*a.shape[:-2], rows, cols), poison, a.dtype)
    view = base[
        ...,
        margin[0] : margin[0] + a.shape[-2] * steps[0] : steps[0],
        margin[1] : margin[1] + a.shape[-1] * steps[1] : steps[1],
    ]
    view[...] = a
    return view


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("k", [0, 1, 2, 5, 16, 33])
def test_every_size_around_a_tile_is_right(
    isa: str, rng: np.random.Generator, dtype: str, k: int
) -> None:
    for m, n in product(SIZES, SIZES):
        a, b = random(rng, (m, k), dtype), random(rng, (k, n), dtype)
        assert_is_product(matmul(a, b), a, b)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("m", "k", "n"),
    [
        (200, 127, 300),  # more than one block of C
        (70, 1025, 530),  # blocks along the shared dimension, too
        (300, 600, 70),
        (2, 3000, 40),
        (3, 20000, 5),  # cut along the shared dimension
        (90, 17000, 33),
        (30, 16385, 250),  # of 8193 and 8192, where the shorter part takes longer steps
        (1, 20000, 1),
        (1, 300, 5000),  # a vector times a matrix, and the reverse
        (5000, 300, 1),
        (5000, 3, 1),
        (4099, 2, 3),
    ],
)
def test_large_products_are_right(
    isa: str, rng: np.random.Generator, dtype: str, m: int, k: int, n: int
) -> None:
    a, b = random(rng, (m, k), dtype), random(rng, (k, n), dtype)
    assert_is_product(matmul(a, b), a, b)
    turned = matmul(a.T.copy().T, b.T.copy().T)
    assert_is_product(turned, a, b)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("left", LAYOUTS)
@pytest.mark.parametrize("right", LAYOUTS)
def test_operands_may_have_any_strides(
    isa: str, rng: np.random.Generator, dtype: str, left: str, right: str
) -> None:
    sizes = [(1, 40, 50), (50, 40, 1), (13, 21, 47), (27, 9, 5), (30, 17, 140), (140, 260, 150)]
    for m, k, n in sizes:
        a = LAYOUTS[left](random(rng, (m, k), dtype))
        b = LAYOUTS[right](random(rng, (k, n), dtype))
        assert_is_product(matmul(a, b), a, b)


@pytest.mark.parametrize("dtype", [*FLOATS, "int32"])
def test_operands_may_repeat_elements(isa: str, rng: np.random.Generator, dtype: str) -> None:
    def repeated(rows: int, cols: int) -> list[Array]:
        shapes = [(1, cols), (rows, 1), (1, 1)]
        return [np.broadcast_to(random(rng, shape, dtype), (rows, cols)) for shape in shapes]

    for m, k, n in [(14, 9, 35), (1, 6, 20), (20, 6, 1), (3, 40, 300)]:
        for a, b in product(repeated(m, k), repeated(k, n)):
            assert_is_product(matmul(a, b), a, b)


def test_rows_a_power_of_two_apart_are_right(isa: str, rng: np.random.Generator) -> None:
    a = random(rng, (70, 1024), "float32")[:, :40].T
    for n in (20, 100, 150):
        b = random(rng, (70, 1024), "float32")[:, :n]
        assert_is_product(matmul(a, b), a, b)


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3, 4, 5), (3, 5, 6)),
        ((3, 4, 5), (5, 6)),  # one product of 12 rows
        ((4, 5), (3, 5, 6)),
        ((2, 3, 4, 5), (3, 5, 6)),
        ((2, 1, 4, 5), (3, 5, 1)),
        ((2, 3, 1, 5), (1, 1, 5, 6)),
        ((0, 4, 5), (5, 6)),
        ((0, 4, 5), (1, 5, 6)),
        ((2, 0, 4, 5), (1, 5, 6)),
        ((2, 3, 0, 5), (5, 6)),
        ((2, 4, 0), (2, 0, 3)),
        ((1, 1, 1, 1, 2, 2, 3), (2, 1, 2, 1, 2, 3, 2)),
        ((40, 20, 16), (40, 16, 50)),
        ((40, 1, 16), (40, 16, 50)),
    ],
)
def test_batches_broadcast(
    isa: str,
    rng: np.random.Generator,
    dtype: str,
    left: tuple[int, ...],
    right: tuple[int, ...],
) -> None:
    a, b = random(rng, left, dtype), random(rng, right, dtype)
    assert_is_product(matmul(a, b), a, b)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_batches_may_have_any_strides(isa: str, rng: np.random.Generator, layout: str) -> None:
    a = LAYOUTS[layout](random(rng, (6, 4, 5), "float32"))
    b = LAYOUTS[layout](random(rng, (6, 5, 3), "float32"))
    for left, right in [(a, b), (a[::-2], b[:3]), (a[1::2], b[0]), (a, b[2]), (a[4], b[::3])]:
        assert_is_product(matmul(left, right), left, right)
    # Rows of one batch that do not lie evenly with the next ones.
    uneven = np.lib.stride_tricks.as_strided(a.copy(), (3, 4, 5), (80, 40, 4))
    assert_is_product(matmul(uneven, b[0]), uneven, b[0])


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_integers_wrap(rng: np.random.Generator, dtype: str, layout: str) -> None:
    for m, k, n in [(1, 1, 1), (3, 40, 5), (40, 65, 300), (33, 32, 257), (5, 0, 3), (2, 200, 1)]:
        a = LAYOUTS[layout](random(rng, (m, k), dtype))
        b = LAYOUTS[layout](random(rng, (k, n), dtype))
        assert_is_product(matmul(a, b), a, b)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("m", "k", "n"),
    [
        (256, 256, 256),
        (400, 1500, 300),
        (1000, 100, 20),
        (3, 40000, 5),
        (200, 20000, 100),
        (1, 50000, 1),
        (20000, 50, 1),
        (1, 50, 20000),
        (10, 30, 9000),
    ],
)
def test_results_do_not_depend_on_the_number_of_threads(
    isa: str,
    rng: np.random.Generator,
    threads: Callable[[int], None],
    dtype: str,
    m: int,
    k: int,
    n: int,
) -> None:
    a, b = random(rng, (m, k), dtype), random(rng, (k, n), dtype)
    results = []
    for count in (1, 2, 3):
        threads(count)
        results.append(matmul(a, b).tobytes())
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("dtype", [*FLOATS, "int64"])
def test_batches_do_not_depend_on_the_number_of_threads(
    rng: np.random.Generator, threads: Callable[[int], None], dtype: str
) -> None:
    a, b = random(rng, (50, 40, 30), dtype), random(rng, (50, 30, 60), dtype)
    threads(1)
    alone = matmul(a, b)
    threads(2)
    assert_is_product(alone, a, b)
    assert alone.tobytes() == matmul(a, b).tobytes()


def test_several_python_threads_may_multiply_at_once(rng: np.random.Generator) -> None:
    pairs = [(random(rng, (90, 300), "float32"), random(rng, (300, 80), "float32")) for _ in "1234"]
    expected = [matmul(a, b).tobytes() for a, b in pairs]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            results = pool.map(lambda pair: matmul(*pair).tobytes(), pairs)
            assert list(results) == expected


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [1, 2, 13, 37, 130])
def test_nan_and_infinity_reach_their_rows_and_columns_only(
    isa: str, rng: np.random.Generator, dtype: str, size: int
) -> None:
    for bad, row, col in product((np.nan, np.inf), (0, size - 1), (0, size // 2)):
        a, b = np.zeros((size, size + 1), dtype), random(rng, (size + 1, size), dtype)
        b[row, col] = bad  # 0 * nan and 0 * inf are nan
        nan = np.isnan(matmul(a, b))
        assert nan[:, col].all()
        assert nan.sum() == size
        nan = np.isnan(matmul(b.T, a.T))
        assert nan[col].all()
        assert nan.sum() == size


def test_infinities_of_one_sign_add_up() -> None:
    a = np.array([[np.inf, 1.0], [-np.inf, 1.0]], np.float32)
    b = np.array([[1.0, -1.0], [1.0, np.inf]], np.float32)
    expected = [[np.inf, np.nan], [-np.inf, np.inf]]
    np.testing.assert_array_equal(matmul(a, b), np.array(expected, np.float32))


def test_products_that_overflow_are_infinite(isa: str) -> None:
    a = np.full((3, 2), 1e30, np.float32)
    np.testing.assert_array_equal(matmul(a, a.T), np.full((3, 3), np.inf, np.float32))


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
@pytest.mark.parametrize("shape", [(3, 4), (1, 1), (2, 300)])
def test_a_sum_over_nothing_is_zero(dtype: str, shape: tuple[int, int]) -> None:
    m, n = shape
    c = matmul(np.empty((m, 0), dtype), np.empty((0, n), dtype))
    np.testing.assert_array_equal(c, np.zeros(shape, dtype), strict=True)


def test_a_long_sum_of_ones_is_exact(isa: str) -> None:
    # One float32 after the other, the sum would stay at 2^24.
    count = 2**24 + 2**20
    ones = np.broadcast_to(np.float32(1), (1, count))
    assert matmul(ones, ones.T) == count
    contiguous = np.ones((1, count), np.float32)
    assert matmul(contiguous, contiguous.T) == count


def test_the_result_is_new_and_row_major(rng: np.random.Generator) -> None:
    a, b = random(rng, (2, 5, 3), "float32"), random(rng, (3, 7), "float32")
    before = a.copy(), b.copy()
    left, right = _cpu.from_numpy(a, False), _cpu.from_numpy(b, False)
    c = _cpu.matmul(left, right)
    assert (c.shape, c.strides, c.offset, c.writable) == ((2, 5, 7), (35, 7, 1), 0, True)
    assert not _cpu.may_overlap(c, left)
    assert not _cpu.may_overlap(c, right)
    np.testing.assert_array_equal(a, before[0])
    np.testing.assert_array_equal(b, before[1])


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        ((2, 3), (4, 5), r"shapes \(2, 3\) and \(4, 5\) do not multiply"),
        ((3,), (3, 2), r"shapes \(3,\) and \(3, 2\) do not multiply"),
        ((2, 3), (3,), r"shapes \(2, 3\) and \(3,\) do not multiply"),
        ((), (), r"shapes \(\) and \(\) do not multiply"),
        ((2, 0), (1, 5), r"shapes \(2, 0\) and \(1, 5\) do not multiply"),
        ((2, 3, 4), (3, 4, 5), "2.*3"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    left: tuple[int, ...], right: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        matmul(np.zeros(left, np.float32), np.zeros(right, np.float32))


def test_different_dtypes_and_bool_are_refused() -> None:
    with pytest.raises(TypeError, match="one dtype, not float32 and int32"):
        matmul(np.zeros((2, 2), np.float32), np.zeros((2, 2), np.int32))
    with pytest.raises(TypeError, match="bool"):
        matmul(np.zeros((2, 2), bool), np.zeros((2, 2), bool))


def test_a_result_that_has_no_room_is_an_error_before_any_work() -> None:
    column = np.broadcast_to(np.float32(1), (2**21, 1))
    with pytest.raises(MemoryError):
        matmul(column, column.T)  # 16 TiB
    many = np.broadcast_to(np.float32(1), (2**31, 1))
    with pytest.raises((MemoryError, ValueError)):
        matmul(many, many.T)
    ones = np.ones((2, 2), np.float32)
    np.testing.assert_array_equal(matmul(ones, ones), 2 * ones)


def tiled(a: Array) -> Array:
    """Return the tiles of a matrix, of shape (m / T, n / T, T, T)."""
    m, n = a.shape
    side = _cpu.TILE
    return np.swapaxes(a.reshape(m // side, side, n // side, side), 1, 2)


def matmul_tiled(a: Array, b: Array, m: int, n: int, p: int) -> Array:
    return _cpu.matmul_tiled(_cpu.from_numpy(a, False), _cpu.from_numpy(b, False), m, n, p).numpy()


@pytest.mark.parametrize("contiguous", [True, False])
@pytest.mark.parametrize(
    ("m", "n", "p"), [(8, 8, 8), (16, 8, 24), (8, 40, 8), (72, 72, 72), (0, 8, 8), (8, 0, 16)]
)
def test_a_tiled_product_has_the_tiles_of_the_product(
    rng: np.random.Generator, m: int, n: int, p: int, contiguous: bool
) -> None:
    assert _cpu.TILE == 8
    a, b = random(rng, (m, n), "float32"), random(rng, (n, p), "float32")
    left, right = tiled(a), tiled(b)
    if contiguous:
        left, right = left.copy(), right.copy()
    c = matmul_tiled(left, right, m, n, p)
    assert c.shape == (m // 8, p // 8, 8, 8)
    assert_is_product(np.swapaxes(c, 1, 2).reshape(m, p), a, b)


@pytest.mark.parametrize(
    ("left", "right", "sizes"),
    [
        ((1, 1, 8, 8), (1, 1, 8, 8), (8, 8, 16)),
        ((1, 1, 8, 8), (1, 1, 8, 8), (9, 8, 8)),
        ((1, 1, 8, 8), (1, 1, 8, 8), (-8, 8, 8)),
        ((1, 2, 8, 8), (1, 1, 8, 8), (8, 16, 8)),
        ((1, 2, 8, 8), (2, 1, 8, 8), (8, 8, 8)),
        ((1, 1, 4, 8), (1, 1, 8, 8), (8, 8, 8)),
        ((8, 8), (8, 8), (8, 8, 8)),
    ],
)
def test_tiles_that_are_none_are_refused(
    left: tuple[int, ...], right: tuple[int, ...], sizes: tuple[int, int, int]
) -> None:
    with pytest.raises(ValueError, match="no tiles of 8 x 8 of matrices"):
        matmul_tiled(np.zeros(left, np.float32), np.zeros(right, np.float32), *sizes)


def test_tiles_are_float32() -> None:
    tiles = np.zeros((1, 1, 8, 8))
    with pytest.raises(TypeError, match="takes float32, not float64 and float64"):
        matmul_tiled(tiles, tiles, 8, 8, 8)
