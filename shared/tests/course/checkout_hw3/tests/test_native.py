import functools
import operator
import sys

import numpy as np
import pytest

sys.path.append("./python")
from needle import backend_ndarray as nd
from needle.backend_ndarray import ndarray_backend_cpu, ndarray_backend_numpy

on_modules = pytest.mark.parametrize(
    "native", [ndarray_backend_cpu, ndarray_backend_numpy], ids=["cpu", "numpy"]
)


def block(native, values):
    out = native.Array(np.size(values))
    native.from_numpy(np.asarray(values), out)
    return out


def flat(native, a):
    return native.to_numpy(a, (a.size,), (1,), 0)


def compact_strides(shape):
    return tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape)))


@on_modules
def test_modules_name_themselves(native):
    assert native.__device_name__ in native.__name__
    assert native is getattr(nd, native.__name__.rpartition(".")[2])
    assert native.__tile_size__ == nd.cpu().__tile_size__


@on_modules
def test_blocks(native):
    a = native.Array(6)
    assert isinstance(a, native.Array)
    assert a.size == 6
    assert isinstance(a.ptr(), int)
    native.fill(a, 2.5)
    values = flat(native, a)
    np.testing.assert_array_equal(values, np.full(6, 2.5))
    assert values.dtype == np.float32
    values[:] = 0
    np.testing.assert_array_equal(flat(native, a), np.full(6, 2.5))
    assert native.Array(0).size == 0


@on_modules
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8"])
def test_copies_of_numpy_arrays(native, dtype):
    values = np.arange(12).reshape(3, 4).astype(dtype).T
    np.testing.assert_array_equal(flat(native, block(native, values)), values.reshape(-1))


# What shape, strides and offset make of the numbers 0 to 23
VIEWS = [
    ((24,), (1,), 0), ((4, 6), (6, 1), 0), ((6, 4), (1, 6), 0), ((2, 3), (6, 2), 7),
    ((3, 2), (-1, -6), 23), ((4, 2), (0, 1), 5), ((), (), 9), ((0, 3), (3, 1), 0), ((1,), (1,), 23),
]  # fmt: skip


def reference(shape, strides, offset):
    index = np.full(shape, offset)
    for axis, stride in enumerate(strides):
        steps = np.arange(shape[axis]) * stride
        index = index + steps.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return np.arange(24.0)[index]


@on_modules
@pytest.mark.parametrize(("shape", "strides", "offset"), VIEWS)
def test_compact_and_to_numpy(native, shape, strides, offset):
    a, expected = block(native, np.arange(24)), reference(shape, strides, offset)
    out = native.Array(expected.size)
    native.compact(a, out, shape, strides, offset)
    np.testing.assert_array_equal(flat(native, out), expected.reshape(-1))
    np.testing.assert_array_equal(native.to_numpy(a, shape, strides, offset), expected)


@on_modules
@pytest.mark.parametrize(("shape", "strides", "offset"), [v for v in VIEWS if 0 not in v[1]])
def test_setitem(native, shape, strides, offset):
    place = reference(shape, strides, offset).astype(int)
    values = np.float32(np.random.randn(*shape))
    out, expected = block(native, np.arange(24)), np.arange(24, dtype="float32")
    native.ewise_setitem(block(native, values), out, shape, list(strides), offset)
    expected[place] = values
    np.testing.assert_array_equal(flat(native, out), expected)
    native.scalar_setitem(place.size, 0.25, out, list(shape), strides, offset)
    expected[place] = 0.25
    np.testing.assert_array_equal(flat(native, out), expected)


FUNCTIONS = {
    "add": operator.add,
    "mul": operator.mul,
    "div": operator.truediv,
    "maximum": np.maximum,
    "eq": operator.eq,
    "ge": operator.ge,
}


@on_modules
@pytest.mark.parametrize("name", FUNCTIONS)
def test_ewise_and_scalar(native, name):
    _a, _b = np.float32([1, -2, 0.1, np.nan, 4]), np.float32([1, 3, 0.2, 1, -np.inf])
    a, b, out = block(native, _a), block(native, _b), native.Array(5)
    getattr(native, f"ewise_{name}")(a, b, out)
    np.testing.assert_array_equal(flat(native, out), FUNCTIONS[name](_a, _b))
    getattr(native, f"scalar_{name}")(a, 0.1, out)  # compared with 0.1 as a float32
    np.testing.assert_array_equal(flat(native, out), FUNCTIONS[name](_a, np.float32(0.1)))
    getattr(native, f"ewise_{name}")(a, b, a)  # into one of the operands
    np.testing.assert_array_equal(flat(native, a), FUNCTIONS[name](_a, _b))


@on_modules
def test_power_log_exp_tanh(native):
    _a = np.float32([0.5, 2, -1, 9])
    a, out = block(native, _a), native.Array(4)
    with np.errstate(invalid="ignore"):
        native.scalar_power(a, 0.5, out)
        np.testing.assert_allclose(flat(native, out), _a**0.5, rtol=1e-6)
        for name in ("log", "exp", "tanh"):
            getattr(native, f"ewise_{name}")(a, out)
            np.testing.assert_allclose(flat(native, out), getattr(np, name)(_a), rtol=1e-6)


@on_modules
def test_matmul_and_reductions(native):
    _a, _b = np.random.randn(3, 4), np.random.randn(4, 5)
    a, b, out = block(native, _a), block(native, _b), native.Array(15)
    native.fill(out, np.nan)
    native.matmul(a, b, out, 3, 4, 5)
    np.testing.assert_allclose(flat(native, out), (_a @ _b).reshape(-1), rtol=1e-4, atol=1e-5)
    rows = native.Array(3)
    native.reduce_sum(a, rows, 4)
    np.testing.assert_allclose(flat(native, rows), _a.sum(1), rtol=1e-5, atol=1e-6)
    native.reduce_max(a, rows, 4)
    np.testing.assert_allclose(flat(native, rows), _a.max(1), rtol=1e-6)


@on_modules
def test_matmul_tiled(native):
    t = native.__tile_size__
    _a, _b = np.random.randn(2, 3, t, t), np.random.randn(3, 1, t, t)
    out = native.Array(2 * t * t)
    native.fill(out, np.nan)
    native.matmul_tiled(block(native, _a), block(native, _b), out, 2 * t, 3 * t, t)
    expected = np.einsum("ikab,kjbc->ijac", _a, _b).reshape(-1)
    np.testing.assert_allclose(flat(native, out), expected, rtol=1e-4, atol=1e-4)


def test_handles_of_arrays_are_blocks():
    A, B = nd.array(np.random.randn(2, 3)), nd.array(np.random.randn(2, 3))
    out = nd.NDArray.make((2, 3), handle=ndarray_backend_cpu.Array(6))
    ndarray_backend_cpu.ewise_add(A._handle, B._handle, out._handle)
    np.testing.assert_allclose(out.numpy(), (A + B).numpy())


def device_of(native):
    return nd.cpu() if native is ndarray_backend_cpu else nd.cpu_numpy()


BIG = 2**40
HOSTILE = {
    "too large": (MemoryError, lambda n, a, b: n.Array(BIG)),
    "negative size": (ValueError, lambda n, a, b: n.Array(-1)),
    "no size": (TypeError, lambda n, a, b: n.Array(2.5)),
    "from_numpy": (ValueError, lambda n, a, b: n.from_numpy(np.ones(5), a)),
    "from_numpy of one": (ValueError, lambda n, a, b: n.from_numpy(np.ones(1), a)),
    "unary of one": (ValueError, lambda n, a, b: n.ewise_exp(n.Array(1), a)),
    "from_numpy of text": (TypeError, lambda n, a, b: n.from_numpy(np.array(["1"] * 6), a)),
    "from_numpy to none": (TypeError, lambda n, a, b: n.from_numpy(np.ones(6), None)),
    "to_numpy": (ValueError, lambda n, a, b: n.to_numpy(a, (7,), (1,), 0)),
    "to_numpy offset": (ValueError, lambda n, a, b: n.to_numpy(a, (6,), (1,), 1)),
    "to_numpy before": (ValueError, lambda n, a, b: n.to_numpy(a, (2,), (-1,), 0)),
    "to_numpy rank": (ValueError, lambda n, a, b: n.to_numpy(a, (2, 3), (1,), 0)),
    "compact strides": (ValueError, lambda n, a, b: n.compact(a, b, (2, 3), (4, 1), 0)),
    "compact offset": (ValueError, lambda n, a, b: n.compact(a, b, (2, 3), (3, 1), BIG)),
    "compact size": (ValueError, lambda n, a, b: n.compact(a, b, (5,), (1,), 0)),
    "compact huge": (ValueError, lambda n, a, b: n.compact(a, b, (BIG, BIG), (0, 0), 0)),
    "compact negative": (ValueError, lambda n, a, b: n.compact(a, b, (-2, -3), (3, 1), 0)),
    "setitem size": (ValueError, lambda n, a, b: n.ewise_setitem(a, b, (5,), (1,), 0)),
    "setitem outside": (ValueError, lambda n, a, b: n.ewise_setitem(a, b, (2, 3), (3, 1), 1)),
    "scalar size": (ValueError, lambda n, a, b: n.scalar_setitem(5, 0.0, b, (6,), (1,), 0)),
    "scalar outside": (ValueError, lambda n, a, b: n.scalar_setitem(6, 0.0, b, (6,), (2,), 0)),
    "scalar text": (ValueError, lambda n, a, b: n.scalar_setitem(6, "x", b, (6,), (1,), 0)),
    "ewise out": (ValueError, lambda n, a, b: n.ewise_add(a, a, n.Array(5))),
    "ewise operand": (ValueError, lambda n, a, b: n.ewise_mul(n.Array(1), a, b)),
    "ewise list": (TypeError, lambda n, a, b: n.ewise_add([1.0], a, b)),
    "ewise out none": (TypeError, lambda n, a, b: n.ewise_add(a, a, None)),
    "compact out none": (TypeError, lambda n, a, b: n.compact(a, None, (6,), (1,), 0)),
    "setitem none": (TypeError, lambda n, a, b: n.ewise_setitem(None, b, (6,), (1,), 0)),
    "reduce none": (TypeError, lambda n, a, b: n.reduce_sum(a, None, 6)),
    "read-only": (
        ValueError,
        lambda n, a, b: n.fill(nd.array([1.0], device=device_of(n)).broadcast_to((2,))._handle, 1),
    ),
    "scalar out": (ValueError, lambda n, a, b: n.scalar_add(a, 1.0, n.Array(7))),
    "scalar of text": (ValueError, lambda n, a, b: n.scalar_add(a, "x", b)),
    "unary": (ValueError, lambda n, a, b: n.ewise_exp(a, n.Array(1))),
    "matmul a": (ValueError, lambda n, a, b: n.matmul(a, b, b, 3, 3, 2)),
    "matmul b": (ValueError, lambda n, a, b: n.matmul(a, b, n.Array(9), 3, 2, 4)),
    "matmul out": (ValueError, lambda n, a, b: n.matmul(a, b, a, 3, 2, 3)),
    "matmul huge": (ValueError, lambda n, a, b: n.matmul(a, b, a, BIG, BIG, BIG)),
    "matmul negative": (ValueError, lambda n, a, b: n.matmul(a, b, a, -3, -2, 3)),
    "tiled": (ValueError, lambda n, a, b: n.matmul_tiled(a, a, b, 8, 8, 8)),
    "tiled sizes": (ValueError, lambda n, a, b: n.matmul_tiled(a, a, b, 2, 3, 2)),
    "tiled list": (TypeError, lambda n, a, b: n.matmul_tiled([1.0], a, b, 8, 8, 8)),
    "reduce": (ValueError, lambda n, a, b: n.reduce_sum(a, n.Array(2), 4)),
    "reduce fewer": (ValueError, lambda n, a, b: n.reduce_sum(a, n.Array(2), 2)),
    "reduce nothing": (ValueError, lambda n, a, b: n.reduce_max(n.Array(0), n.Array(2), 0)),
    "float64": (TypeError, lambda n, a, b: n.fill(nd.array([1.0], "float64")._handle, 1.0)),
}


@on_modules
@pytest.mark.parametrize("name", HOSTILE)
def test_misuse_is_an_exception_and_changes_nothing(native, name):
    error, misuse = HOSTILE[name]
    a, b = block(native, np.arange(6)), block(native, np.arange(6))
    with pytest.raises(error):
        misuse(native, a, b)
    np.testing.assert_array_equal(flat(native, a), np.arange(6))
    np.testing.assert_array_equal(flat(native, b), np.arange(6))


def test_blocks_of_two_modules_do_not_mix():
    a, b = ndarray_backend_cpu.Array(2), ndarray_backend_numpy.Array(2)
    for native in (ndarray_backend_cpu, ndarray_backend_numpy):
        with pytest.raises(TypeError, match=r"ewise_add takes float32 blocks of cpu.*another"):
            native.ewise_add(a, b, a)


class StudentArray:
    """An array library as a student writes it, in short: a view of a block, on a module."""

    def __init__(self, shape, native, handle=None, strides=None, offset=0):
        self.shape, self.native, self.offset = tuple(shape), native, offset
        self.strides = compact_strides(shape) if strides is None else strides
        size = functools.reduce(operator.mul, self.shape, 1)
        self.handle = native.Array(size) if handle is None else handle

    def numpy(self):
        return self.native.to_numpy(self.handle, self.shape, self.strides, self.offset)

    def compact(self):
        out = StudentArray(self.shape, self.native)
        self.native.compact(self.handle, out.handle, self.shape, self.strides, self.offset)
        return out

    def permute(self, axes):
        strides = tuple(self.strides[i] for i in axes)
        shape = tuple(self.shape[i] for i in axes)
        return StudentArray(shape, self.native, self.handle, strides, self.offset)

    def __setitem__(self, rows, other):  # a slice of rows
        start, stop, _ = rows.indices(self.shape[0])
        shape, offset = (stop - start, *self.shape[1:]), self.offset + start * self.strides[0]
        args = (self.handle, shape, self.strides, offset)
        if isinstance(other, StudentArray):
            self.native.ewise_setitem(other.compact().handle, *args)
        else:
            self.native.scalar_setitem(int(np.prod(shape)), other, *args)

    def __add__(self, other):
        out = StudentArray(self.shape, self.native)
        if isinstance(other, StudentArray):
            self.native.ewise_add(self.compact().handle, other.compact().handle, out.handle)
        else:
            self.native.scalar_add(self.compact().handle, other, out.handle)
        return out

    def __matmul__(self, other):
        m, n, p = *self.shape, other.shape[1]
        out = StudentArray((m, p), self.native)
        a, b = self.compact().handle, other.compact().handle
        self.native.matmul(a, b, out.handle, m, n, p)
        return out

    def sum(self, axis):
        order = [i for i in range(len(self.shape)) if i != axis]
        out = StudentArray([self.shape[i] for i in order], self.native)
        view = self.permute([*order, axis]).compact()
        self.native.reduce_sum(view.handle, out.handle, self.shape[axis])
        return out


@on_modules
def test_an_array_library_of_a_student_runs_on_the_functions(native):
    _A = np.random.randn(4, 5).astype("float32")
    A = StudentArray((4, 5), native)
    native.from_numpy(_A, A.handle)
    np.testing.assert_allclose((A.permute((1, 0)) @ A + 1.5).numpy(), _A.T @ _A + 1.5, rtol=1e-4)
    np.testing.assert_allclose(A.permute((1, 0)).sum(1).numpy(), _A.sum(0), rtol=1e-4, atol=1e-6)
    A[1:3] = 2.0
    _A[1:3] = 2.0
    B = StudentArray((2, 5), native, A.handle, (5, 1), 10)
    A[0:2] = B + B
    _A[0:2] = 2 * _A[2:4]
    np.testing.assert_allclose(A.numpy(), _A, rtol=1e-6)
