"""Matrix products of every shape against NumPy in float64."""

import numpy as np
import pytest

import needle_hw3 as nd

VIEWS = ("compact", "reversed", "transposed", "sliced", "broadcast")

SHAPES = [
    ((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (2, 3, 4)),
    ((2, 4, 3), (3,)), ((5, 2, 3), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)),
    ((2, 5, 2, 3), (3, 4)), ((3, 2, 1), (3, 3, 1, 2)), ((1, 2, 3), (4, 3, 1)), ((1, 1), (1, 1)),
    ((3, 0), (0, 4)), ((0, 3), (3, 4)), ((0, 2, 3), (3, 4)), ((0,), (0,)), ((17, 33), (33, 9)),
]  # fmt: skip


def close(found, expected):
    expected = np.asarray(expected)
    assert found.shape == expected.shape
    rtol = 2e-5 if found.dtype == "float32" else 1e-12
    np.testing.assert_allclose(found.numpy(), expected, rtol=rtol, atol=100 * rtol)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize(("left", "right"), SHAPES, ids=str)
def test_products_are_numpys(views, numbers, left, right, dtype):
    x, a = views.pair(numbers(left, dtype))
    y, b = views.pair(numbers(right, dtype))
    expected = a.astype("float64") @ b.astype("float64")
    for found in (x @ y, nd.matmul(x, y)):
        assert found.dtype == dtype
        close(found, expected)


@pytest.mark.parametrize("left", VIEWS)
@pytest.mark.parametrize("right", VIEWS)
def test_products_of_views(views, numbers, left, right):
    x, a = views.pair(numbers((8, 8), "float32"), left)
    y, b = views.pair(numbers((8, 8), "float32"), right)
    x, a, y, b = x[..., :4], a[..., :4], y[..., :4, :], b[..., :4, :]
    close(x @ y, a.astype("float64") @ b)
    close(x @ x.mT, a.astype("float64") @ a.swapaxes(-1, -2))


def test_products_promote(backend):
    x, y = backend.full((2, 2), 1, "int32"), backend.full((2, 2), 0.5, "float32")
    assert (x @ y).dtype == np.result_type("int32", "float32")


ERRORS = [
    (((2, 3), (2, 3)), r"\(2, 3\) and \(2, 3\) do not multiply.*3 columns.*2 rows"),
    (((3,), (2,)), "3 columns.*2 rows"), (((), (3,)), "0-d"), (((3,), ()), "0-d"),
    (((2, 2, 3), (3, 3, 4)), "do not broadcast: axis 0 is 2 and 3"),
]  # fmt: skip


@pytest.mark.parametrize(("shapes", "message"), ERRORS, ids=str)
def test_shapes_that_do_not_multiply_are_named(backend, shapes, message):
    x, y = (backend.full(shape, 1.0) for shape in shapes)
    with pytest.raises(ValueError, match=message):
        x @ y


def test_product_in_place(backend):
    x = backend.array([[1.0, 2.0], [3.0, 4.0]])
    alias = x
    x @= x.T
    assert alias.tolist() == [[5.0, 11.0], [11.0, 25.0]]
    with pytest.raises(ValueError, match=r"gives shape \(2,\)"):
        x @= x[0]
    for wrong in (2.0, np.eye(2)):
        with pytest.raises(TypeError):
            x @ wrong
        with pytest.raises(TypeError):
            wrong @ x


AXES = [0, 1, 2, ((1,), (0,)), ((-1, 0), (0, -1)), ([], [])]


@pytest.mark.parametrize("axes", AXES, ids=str)
def test_tensordot(views, numbers, axes):
    x, a = views.pair(numbers((2, 3, 2), "float64"))
    y, b = views.pair(numbers((3, 2, 4) if axes == 2 else (2, 3, 2), "float64"))
    if axes == ((1,), (0,)):
        y, b = views.pair(numbers((3, 2), "float64"), "reversed")
    close(nd.tensordot(x, y, axes=axes), np.tensordot(a, b, axes))


def test_tensordot_names_axes_that_do_not_meet(backend):
    x, y = backend.full((2, 3), 1.0), backend.full((4, 3), 1.0)
    with pytest.raises(ValueError, match=r"axes \(1,\) of \(2, 3\) do not meet axes \(0,\)"):
        nd.tensordot(x, y, axes=1)
    with pytest.raises(ValueError, match="3 axes in common"):
        nd.tensordot(x, y, axes=3)
    with pytest.raises(TypeError, match="whole number"):
        nd.tensordot(x, y, axes=1.5)


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_vecdot(views, numbers, dtype):
    x, a = views.pair(numbers((4, 3), dtype), "transposed")
    y, b = views.pair(numbers((2, 3, 4), dtype))
    close(nd.vecdot(x, y), (a * b).sum(-1))
    close(nd.vecdot(x, y, axis=-2), (a * b).sum(-2))
    close(nd.vecdot(x[0], x[0]), (a[0] * a[0]).sum())
    with pytest.raises(ValueError, match="differ in size"):
        nd.vecdot(x, y[..., 1:])
    with pytest.raises(ValueError, match="not among the last"):
        nd.vecdot(x, y, axis=0)


def test_tiled_product_is_the_product(backend, rng):
    side = backend.__tile_size__
    for m, n, p in [(1, 1, 1), (2, 3, 4), (1, 4, 1)]:
        a = rng.standard_normal((m * side, n * side)).astype("float32")
        b = rng.standard_normal((n * side, p * side)).astype("float32")

        def tiles(matrix):
            rows, columns = matrix.shape[0] // side, matrix.shape[1] // side
            return np.ascontiguousarray(matrix.reshape(rows, side, columns, side).swapaxes(1, 2))

        x, y = backend.array(tiles(a)), backend.array(tiles(b))
        out = nd.NDArray.make((m, p, side, side), device=backend)
        sizes = (m * side, n * side, p * side)
        backend.matmul_tiled(x._handle, y._handle, out._handle, *sizes)
        np.testing.assert_allclose(out.numpy(), tiles(a @ b), rtol=1e-4, atol=1e-4)


def test_tiled_product_refuses_sizes_that_leave_its_buffers(backend):
    side = backend.__tile_size__
    x = backend.full((1, 1, side, side), 1.0)
    with pytest.raises(ValueError, match="leave"):
        backend.matmul_tiled(x._handle, x._handle, x._handle, 2 * side, side, side)
    with pytest.raises(ValueError, match="multiples"):
        backend.matmul_tiled(x._handle, x._handle, x._handle, side + 1, side, side)
    with pytest.raises(ValueError, match=r"negative|leave"):
        backend.matmul_tiled(x._handle, x._handle, x._handle, -side, -side, side)
    wide = backend.full((1, 1, side, side), 1.0, "float64")
    with pytest.raises(TypeError, match="float32"):
        backend.matmul_tiled(wide._handle, wide._handle, wide._handle, side, side, side)
