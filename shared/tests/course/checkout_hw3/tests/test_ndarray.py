import math
import sys

import numpy as np
import pytest

sys.path.append("./python")
import mugrade
import needle as ndl
from needle import backend_ndarray as nd

DEVICES = [
    nd.cpu(),
    nd.cpu_numpy(),
    pytest.param(nd.cuda(), marks=pytest.mark.skipif(not nd.cuda().enabled(), reason="no GPU")),
]
on_devices = pytest.mark.parametrize("device", DEVICES, ids=["cpu", "numpy", "cuda"])


def pair(*shape, device=None, seed=0):
    """Return random numbers for NumPy, and the same for needle."""
    values = np.random.RandomState(seed).randn(*shape)
    return values, nd.array(values, device=device)


def check(found, expected, tol=1e-5):
    assert isinstance(found, nd.NDArray)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.numpy(), expected, atol=tol, rtol=tol)


def check_view(found, expected, original):
    """The same values, strides and memory."""
    check(found, expected)
    assert found.strides == tuple(stride // expected.itemsize for stride in expected.strides)
    assert found._handle.ptr() == original._handle.ptr()


# Devices


def test_devices_have_names():
    assert [repr(device) for device in nd.all_devices()] == ["cpu()", "cuda()", "cpu_numpy()"]
    assert [device.name for device in nd.all_devices()] == ["cpu", "cuda", "cpu_numpy"]
    assert str(nd.cpu()) == "cpu()"
    assert nd.cpu() == nd.cpu() != nd.cpu_numpy()
    assert nd.cpu().enabled()
    assert nd.cpu().mod is not None
    assert nd.default_device() in nd.all_devices()
    assert not hasattr(nd.cpu(), "no_such_function")


@on_devices
def test_functions_of_devices_refuse_what_does_not_fit(device):
    A, out = pair(2, 3, device=device)[1], nd.full((2, 2), 7.0, device=device)
    for sizes in ((9, 9, 9), (2, 3, 2), (-8, 8, 8)):
        for name in ("matmul", "matmul_tiled"):
            with pytest.raises((TypeError, ValueError)):
                getattr(device, name)(A._handle, A._handle, out._handle, *sizes)
    check(out, np.full((2, 2), 7.0))


def test_a_device_without_a_module_is_not_enabled():
    assert not nd.BackendDevice("cuda", None).enabled()
    assert nd.BackendDevice("cuda", None) == nd.cuda()


def test_needle_has_the_devices_of_its_arrays():
    assert ndl.cpu is nd.cpu
    assert ndl.cuda is nd.cuda
    assert ndl.all_devices() == nd.all_devices()
    assert ndl.BACKEND == "nd"
    assert ndl.array_api is nd


@on_devices
def test_devices_make_arrays(device):
    np.random.seed(1)
    normal, uniform = device.randn(3, 2), device.rand(4, dtype="float32")
    np.random.seed(1)
    check(normal, np.random.randn(3, 2))
    check(uniform, np.random.rand(4))
    check(device.one_hot(3, np.array([2, 0]), dtype="float32"), np.eye(3)[[2, 0]])
    check(device.full((2, 3), 7.0), np.full((2, 3), 7.0))
    assert device.empty((5, 6), dtype="float32").shape == (5, 6)
    assert normal.device == device
    assert normal.dtype == "float32"


# Making arrays


SOURCES = {
    "float64": np.random.RandomState(2).randn(3, 4),
    "float32": np.float32([[1.5, 2.5]]),
    "int": np.arange(6).reshape(2, 3),
    "bool": np.array([True, False]),
    "transposed": np.random.RandomState(3).randn(3, 4).T,
    "reversed": np.arange(5.0)[::-1],
    "list": [[1, 2], [3, 4]],
    "floats": [0.5, 1.5],
    "number": 3,
}


@on_devices
@pytest.mark.parametrize("source", SOURCES)
def test_arrays_are_made_of_anything_and_hold_float32(source, device):
    values = SOURCES[source]
    for made in (nd.NDArray(values, device=device), nd.array(values, "float32", device)):
        check(made, np.asarray(values))
        assert made.dtype == "float32"
        assert made.device == device
        assert made.is_compact()
        made.fill(0.5)
        check(made, np.full(np.shape(values), 0.5))


@on_devices
def test_an_array_of_an_array_is_a_copy(device):
    _A, A = pair(3, 4, device=device)
    B = nd.NDArray(A)
    assert B.device == device
    B.fill(0)
    check(A, _A)
    check(nd.NDArray(A.permute((1, 0)), device=nd.cpu_numpy()), _A.T)
    assert type(B) is type(A) is type(A + B)


@on_devices
def test_make(device):
    A = nd.NDArray.make((2, 3, 4), device=device)
    assert (A.shape, A.strides, A.ndim, A.size) == ((2, 3, 4), (12, 4, 1), 3, 24)
    assert nd.NDArray.compact_strides((2, 3, 4)) == (12, 4, 1)
    assert A._handle.size == 24
    _A, A = pair(4, 6, device=device)
    inner = nd.NDArray.make(
        (2, 3), strides=A._strides, device=A._device, handle=A._handle, offset=A._offset + 7
    )
    check(inner, _A[1:3, 1:4])
    assert (inner._shape, inner._strides, inner._offset) == ((2, 3), (6, 1), 7)


@on_devices
def test_functions_that_make(device):
    check(nd.full((2, 2), 3.5, device=device), np.full((2, 2), 3.5))
    assert nd.empty((2, 3), "float32", device).shape == (2, 3)
    assert nd.array([1.0], dtype=None, device=device).dtype == "float32"
    assert nd.prod((2, 3, 4)) == nd.prod([24]) == 24
    assert nd.prod(()) == 1


@on_devices
def test_moving_to_a_device(device):
    _A, A = pair(2, 3, device=device)
    assert A.to(device) is A
    check(A.to(nd.cpu_numpy()), _A)
    assert A.to(nd.cpu_numpy()).device == nd.cpu_numpy()
    copy = A.numpy()
    copy[:] = 0
    check(A, _A)


# Views


@on_devices
@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (0, 2, 1)])
def test_permute(axes, device):
    _A, A = pair(4, 5, 6, device=device)
    check_view(A.permute(axes), _A.transpose(axes), A)


@on_devices
@pytest.mark.parametrize("shape", [(24,), (4, 6), (2, 1, 12), (24, 1), (2, 3, 2, 2)])
def test_reshape(shape, device):
    _A, A = pair(2, 3, 4, device=device)
    check_view(A.reshape(shape), _A.reshape(shape), A)
    check(nd.reshape(A, shape), _A.reshape(shape))


@on_devices
def test_reshape_refuses_another_number_of_elements(device):
    with pytest.raises(ValueError, match="size 24"):
        pair(2, 3, 4, device=device)[1].reshape((5, 5))


@on_devices
@pytest.mark.parametrize(
    ("shape", "target"), [((1, 3), (4, 3)), ((3, 1), (3, 5)), ((2, 1, 1), (2, 3, 4))]
)
def test_broadcast_to(shape, target, device):
    _A, A = pair(*shape, device=device)
    check_view(A.broadcast_to(target), np.broadcast_to(_A, target), A)
    check(nd.broadcast_to(A, target), np.broadcast_to(_A, target))
    with pytest.raises((AssertionError, ValueError)):
        A.broadcast_to((7,) * len(shape))


SLICES = [
    np.s_[1:3, 2:4, 0:1], np.s_[:, :, :], np.s_[::2, 1::2, ::3], np.s_[2:, :3, 1:5:2],
    np.s_[0:1, 0:1, 0:1], np.s_[:2, 3:4, 5:6], np.s_[1:-1, -3:-1, :],
]  # fmt: skip


@on_devices
@pytest.mark.parametrize("index", SLICES)
def test_getitem_is_a_view(index, device):
    _A, A = pair(4, 5, 6, device=device)
    check_view(A[index], _A[index], A)


@on_devices
def test_getitem_of_views(device):
    _A, A = pair(6, 8, device=device)
    check_view(A[1:5, ::2].permute((1, 0))[1:3, 2:4], _A[1:5, ::2].T[1:3, 2:4], A)
    check(A[1:5, ::2].permute((1, 0)) + A[:4, :4], _A[1:5, ::2].T + _A[:4, :4])
    np.testing.assert_allclose(A[2, 3].numpy().item(), _A[2, 3], rtol=1e-6)
    np.testing.assert_allclose(A[2, 1:3].numpy().reshape(-1), _A[2, 1:3], rtol=1e-6)


class ShapeAndSlices(nd.NDArray):
    """Answers what an index means instead of looking it up."""

    def __getitem__(self, idxs):
        entries = idxs if isinstance(idxs, tuple) else (idxs,)
        slices = [
            self.process_slice(entry, dim) if isinstance(entry, slice) else entry
            for dim, entry in enumerate(entries)
        ]
        return self.shape, slices


def test_process_slice_in_a_subclass():
    A = ShapeAndSlices(np.ones((5, 6)))
    assert isinstance(A, nd.NDArray)
    assert not isinstance(nd.array([1.0]), ShapeAndSlices)
    assert A.dtype == "float32"
    assert A[1:4, 2] == ((5, 6), [slice(1, 4, 1), 2])
    assert A[:, ::2] == ((5, 6), [slice(0, 5, 1), slice(0, 6, 2)])
    assert A[1:-1, 2:] == ((5, 6), [slice(1, 4, 1), slice(2, 6, 1)])
    assert ShapeAndSlices(np.ones(3), device=nd.cpu_numpy()).device == nd.cpu_numpy()
    check(A * 2, np.full((5, 6), 2.0))


def test_a_subclass_can_take_over_an_array():
    class Labelled(nd.NDArray):
        def __init__(self, other, label):
            self._init(nd.NDArray(other) if not isinstance(other, nd.NDArray) else other)
            self.label = label

    _A, A = pair(2, 3)
    view = Labelled(A[:, 1:], "right")
    assert view.label == "right"
    check_view(view, _A[:, 1:], A)


@on_devices
def test_compact(device):
    _A, A = pair(4, 6, device=device)
    assert A.is_compact()
    assert A.compact() is A
    for view, expected in ((A.permute((1, 0)), _A.T), (A[1:3, :], _A[1:3]), (A[:2, :], _A[:2])):
        assert not view.is_compact()
        made = view.compact()
        assert made.is_compact()
        assert made._handle.ptr() != A._handle.ptr()
        check(made, expected)


@on_devices
def test_as_strided(device):
    _A, A = pair(4, 6, device=device)
    tiles = A.as_strided((2, 3, 2, 2), (12, 2, 6, 1))
    check(tiles, _A.reshape(2, 2, 3, 2).transpose(0, 2, 1, 3))
    assert tiles._handle.ptr() == A._handle.ptr()


@on_devices
def test_flip_and_pad(device):
    _A, A = pair(2, 3, 4, device=device)
    check(A.flip((0, 2)), np.flip(_A, (0, 2)))
    check(nd.flip(A, (1,)), np.flip(_A, (1,)))
    widths = ((0, 1), (2, 0), (1, 1))
    check(A.pad(widths), np.pad(_A, widths))


# Writing


@on_devices
@pytest.mark.parametrize("index", SLICES)
def test_setitem(index, device):
    _A, A = pair(4, 5, 6, device=device)
    start = A._handle.ptr()
    A[index] = 3.25
    _A[index] = 3.25
    check(A, _A)
    _B, B = pair(*_A[index].shape[::-1], device=device, seed=1)
    A[index] = B.permute((2, 1, 0))  # not compact
    _A[index] = _B.T
    check(A, _A)
    assert A._handle.ptr() == start


@on_devices
def test_setitem_through_a_view(device):
    _A, A = pair(4, 6, device=device)
    A[1:3, :][:, ::2] = nd.full((2, 3), 9.0, device=device)
    _A[1:3, :][:, ::2] = 9
    check(A, _A)
    A[:2, :].fill(1.0)
    _A[:2] = 1
    check(A, _A)


@on_devices
def test_flat_writes_through(device):
    _A, A = pair(3, 4, device=device)
    for j in range(A.size):
        A.flat[j] += j
    check(A, _A + np.arange(12).reshape(3, 4))


# Arithmetic


EWISE = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "ge": lambda a, b: a >= b,
    "gt": lambda a, b: a > b,
    "le": lambda a, b: a <= b,
    "lt": lambda a, b: a < b,
}


@on_devices
@pytest.mark.parametrize("name", EWISE)
@pytest.mark.parametrize("shape", [(1,), (4, 5), (3, 1, 2)])
def test_ewise_and_scalar(name, shape, device):
    f = EWISE[name]
    _A, A = pair(*shape, device=device)
    _B, B = pair(*shape, device=device, seed=1)
    check(f(A, B), f(_A, _B))
    check(f(A, A), f(_A, _A))
    check(f(A, 0.5), f(_A, 0.5))
    check(f(A, 2), f(_A, 2))
    check(f(A, B) * A, f(_A, _B) * _A)  # comparisons can be multiplied with


@on_devices
def test_other_operators(device):
    _A, A = pair(3, 4, device=device)
    _B, B = pair(3, 4, device=device, seed=1)
    check(2 + A, 2 + _A)
    check(2 - A, 2 - _A)
    check(2 * A, 2 * _A)
    check(-A, -_A)
    check(A**2, _A**2)
    check(A.permute((1, 0)) + B.reshape((4, 3)), _A.T + _B.reshape(4, 3))
    with np.errstate(invalid="ignore"):
        check(A**0.5, _A**0.5)  # nan where negative
    check(A.maximum(B), np.maximum(_A, _B))
    check(nd.maximum(A, 0.0), np.maximum(_A, 0))
    for name in ("exp", "tanh", "log"):
        positive = A * A + 0.1
        check(getattr(positive, name)(), getattr(np, name)(_A * _A + 0.1))
        check(getattr(nd, name)(positive), getattr(np, name)(_A * _A + 0.1))


@on_devices
@pytest.mark.parametrize(
    ("m", "n", "p"), [(1, 1, 1), (3, 4, 5), (8, 8, 8), (16, 24, 8), (72, 73, 74)]
)
def test_matmul(m, n, p, device):
    _A, A = pair(m, n, device=device)
    _B, B = pair(n, p, device=device, seed=1)
    check(A @ B, _A @ _B, tol=1e-4)
    _C, C = pair(p, n, device=device, seed=2)
    check(A @ C.permute((1, 0)), _A @ _C.T, tol=1e-4)


@pytest.mark.parametrize(("m", "n", "p"), [(1, 1, 1), (2, 2, 3), (1, 3, 4), (4, 2, 1)])
def test_matmul_tiled(m, n, p):
    device = nd.cpu()
    assert hasattr(device, "matmul_tiled")
    t = device.__tile_size__
    _A, A = pair(m, n, t, t, device=device)
    _B, B = pair(n, p, t, t, device=device, seed=1)
    C = nd.NDArray.make((m, p, t, t), device=device)
    C.fill(100.0)
    device.matmul_tiled(A._handle, B._handle, C._handle, m * t, n * t, p * t)
    rows = [x.transpose(0, 2, 1, 3).reshape(x.shape[0] * t, -1) for x in (_A, _B, C.numpy())]
    np.testing.assert_allclose(rows[2], rows[0] @ rows[1], atol=1e-4, rtol=1e-4)


REDUCTIONS = [((5,), 0), ((4, 5), 0), ((4, 5), 1), ((2, 3, 4), 1), ((2, 3, 4), 2), ((4, 5), None)]


@on_devices
@pytest.mark.parametrize(("shape", "axis"), REDUCTIONS)
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions(shape, axis, keepdims, device):
    _A, A = pair(*shape, device=device)
    for name in ("sum", "max"):
        expected = getattr(_A, name)(axis=axis, keepdims=keepdims)
        for given in (axis,) if axis is None else (axis, (axis,), [axis]):
            found = getattr(A, name)(axis=given, keepdims=keepdims)
            np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-5)
    check(nd.sum(A, axis, keepdims), np.asarray(_A.sum(axis=axis, keepdims=keepdims)))
    reordered = _A.transpose()
    check(A.permute(range(len(shape))[::-1]).sum(0), np.asarray(reordered.sum(0)))


def test_modules_by_their_full_names():
    from needle.backend_ndarray.ndarray import BackendDevice, NDArray, array, cpu, prod
    from needle.backend_selection import BACKEND, Device, array_api, default_device

    assert array is nd.array
    assert array_api is nd
    assert BACKEND == "nd"
    assert isinstance(cpu(), BackendDevice)
    assert Device is BackendDevice
    assert NDArray is nd.NDArray is ndl.NDArray
    assert prod is math.prod
    assert default_device() == nd.default_device()


def submit_slice():
    mugrade.submit(pair(4, 4)[1][1:3, ::2].strides)


def test_submit():
    submit_slice()
    assert mugrade.submissions[-1] == (4, 2)
