"""DLPack with arrays of GPUs, which NumPy cannot read: capsules are looked into here.

What one library hands to another are capsules; these are changed here as other libraries would
have made them.
"""

import ctypes
import threading

import numpy as np
import pytest

import needle_hw3 as nd


class Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("number", ctypes.c_int32),
        ("ndim", ctypes.c_int32), ("kind", ctypes.c_uint8), ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64),
    )  # fmt: skip


DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)  # called without the interpreter's lock


class Managed(ctypes.Structure):
    _fields_ = (("tensor", Tensor), ("context", ctypes.c_void_p), ("deleter", DELETER))
    name = b"dltensor"


class Versioned(ctypes.Structure):
    _fields_ = (
        ("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("context", ctypes.c_void_p),
        ("deleter", DELETER), ("flags", ctypes.c_uint64), ("tensor", Tensor),
    )  # fmt: skip
    name = b"dltensor_versioned"


capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
capsule_pointer.restype = ctypes.c_void_p
capsule_pointer.argtypes = (ctypes.py_object, ctypes.c_char_p)
capsule_name = ctypes.pythonapi.PyCapsule_GetName
capsule_name.restype = ctypes.c_char_p
capsule_name.argtypes = (ctypes.py_object,)
rename_capsule = ctypes.pythonapi.PyCapsule_SetName
rename_capsule.argtypes = (ctypes.py_object, ctypes.c_char_p)


def inside(capsule, kind=Versioned):
    """Return the structure that a capsule holds."""
    return kind.from_address(capsule_pointer(capsule, kind.name))


class Foreign:
    """An array of another library, which gives out one capsule."""

    def __init__(self, capsule, device=(2, 0)):
        self.capsule, self.device = capsule, device

    def __dlpack__(self, *, stream=None, max_version=None):
        assert stream == 1
        return self.capsule

    def __dlpack_device__(self):
        return self.device


class Older(Foreign):
    """One that knows no versions."""

    def __dlpack__(self, stream=None):
        assert stream == 1
        return self.capsule


@pytest.fixture
def gpu(backend):
    """Return a device whose memory is not the host's."""
    if not hasattr(backend.kernels, "to_dlpack"):
        pytest.skip("its memory is exported by NumPy: see test_interop.py")
    return backend


@pytest.fixture
def export(gpu):
    """Return a function that makes a capsule of an array."""

    def make(x, **options):
        return x.__dlpack__(max_version=(1, 0), **options)

    return make


@pytest.fixture(params=["whole", "backwards", "part", "transposed", "element", "nothing"])
def piece(request, gpu):
    """Return an array that is a view of another one, and what NumPy makes of the same."""
    index = {
        "whole": (), "backwards": (slice(None, None, -1),) * 3, "element": (1, -1, 2),
        "part": (1, slice(1, None), slice(None, None, 2)), "nothing": (slice(0, 0),),
    }  # fmt: skip

    def pick(a):
        return a.mT if request.param == "transposed" else a[index[request.param]]

    values = np.arange(24.0).reshape(2, 3, 4)
    x = gpu.array(values)
    return pick(x), pick(values)


def test_memory_is_shared_whatever_the_view(piece, gpu):
    x, values = piece
    y = nd.from_dlpack(x)
    assert y is not x
    assert y.device is gpu
    assert y.shape == x.shape
    assert y.size == 0 or y.strides == x.strides
    np.testing.assert_array_equal(y.numpy(), values, strict=True)
    y[...] = -5.0
    assert (x.numpy() == -5.0).all()


def test_all_dtypes_and_the_device_are_told(gpu, export, dtype):
    x = gpu.array(np.array([1, 0, 1]).astype(dtype))
    assert x.__dlpack_device__() == (2, 0)
    capsule = export(x)
    tensor = inside(capsule).tensor
    kinds = {"b": 6, "u": 1, "i": 0, "f": 2}
    assert (tensor.kind, tensor.bits) == (kinds[x.dtype.kind], 8 * x.itemsize)
    assert (tensor.lanes, tensor.device_type, tensor.number) == (1, 2, 0)
    y = nd.from_dlpack(Foreign(capsule), device=gpu)
    assert y.dtype == x.dtype
    assert y.tolist() == x.tolist()


def test_capsules_are_used_once(gpu, export):
    x = gpu.array([1.0, 2.0])
    for capsule, name in ((export(x), b"dltensor_versioned"), (x.__dlpack__(), b"dltensor")):
        assert capsule_name(capsule) == name
        assert nd.from_dlpack(Foreign(capsule), device=gpu).tolist() == [1.0, 2.0]
        assert capsule_name(capsule) == b"used_" + name
        with pytest.raises(BufferError, match="taken out before"):
            nd.from_dlpack(Foreign(capsule), device=gpu)
    with pytest.raises(TypeError, match="capsule of DLPack is needed, not int"):
        nd.from_dlpack(Foreign(3), device=gpu)


def test_memory_lives_as_long_as_somebody_uses_it(gpu, export):
    def in_use():
        return gpu.kernels.memory()["in_use"]

    before = in_use()
    x = gpu.array(np.arange(1000.0))
    capsule, unused = export(x), x.__dlpack__()
    y = nd.from_dlpack(Foreign(capsule), device=gpu)
    full = in_use()
    assert full > before
    del x, unused, capsule
    assert in_use() == full
    assert gpu.full((1000,), 0.0).sum().item() == 0.0
    z = y[10:]
    del y
    assert z[0].item() == 10.0
    assert in_use() >= full
    del z
    assert in_use() == before


def test_a_deleter_may_be_called_by_any_thread(gpu, export):
    before = gpu.kernels.memory()["in_use"]
    capsule = export(gpu.array(np.arange(1000.0)))
    taken = inside(capsule)
    rename_capsule(capsule, b"used")
    thread = threading.Thread(target=lambda: taken.deleter(ctypes.addressof(taken)))
    thread.start()
    thread.join()
    assert gpu.kernels.memory()["in_use"] == before


def test_owners_are_told_when_their_memory_is_free(gpu, export):
    calls = []
    for missing in (False, True):
        capsule = export(gpu.array(np.arange(5.0)))
        taken = inside(capsule)
        own = DELETER(ctypes.cast(taken.deleter, ctypes.c_void_p).value)

        def tell(address, own=own):
            calls.append(address)
            own(address)

        told = DELETER() if missing else DELETER(tell)
        address = ctypes.addressof(taken)
        taken.deleter = told
        y = nd.from_dlpack(Foreign(capsule), device=gpu)
        part = y[1:]
        del y
        assert part.tolist() == [1.0, 2.0, 3.0, 4.0]
        assert not calls
        del part, capsule
        assert calls == ([] if missing else [address])
        calls.clear()
        if missing:
            own(address)


def test_read_only_arrays_stay_so(gpu, export):
    x = gpu.array([1.0, 2.0]).broadcast_to((3, 2))
    capsule = export(x)
    assert inside(capsule).flags == 1
    y = nd.from_dlpack(Foreign(capsule), device=gpu)
    with pytest.raises(ValueError, match="read-only"):
        y[...] = 0.0
    with pytest.raises(BufferError, match="read-only"):
        x.__dlpack__()
    for array, flags in ((x, 0), (gpu.array([1.0, 2.0]), 1)):  # it repeats elements, or says so
        capsule = export(array)
        inside(capsule).flags = flags
        with pytest.raises(ValueError, match="read-only"):
            nd.from_dlpack(Foreign(capsule), device=gpu)[...] = 0.0


def test_copies_share_nothing(gpu, export):
    x = gpu.array([1.0, 2.0])
    capsule = export(x, copy=True)
    assert inside(capsule).flags == 2
    y, z = nd.from_dlpack(Foreign(capsule), device=gpu), nd.from_dlpack(x, copy=True)
    shared = nd.from_dlpack(x, copy=False)
    x[...] = 0.0
    assert (y.tolist(), z.tolist(), shared.tolist()) == ([1.0, 2.0], [1.0, 2.0], [0.0, 0.0])


def test_values_go_to_the_host_on_request(piece, gpu, export):
    x, values = piece
    moved = nd.from_dlpack(x, device=nd.cpu_numpy())
    assert moved.device is nd.cpu_numpy()
    np.testing.assert_array_equal(moved.numpy(), values, strict=True)
    np.testing.assert_array_equal(np.from_dlpack(x, device="cpu"), values, strict=True)
    with pytest.raises(BufferError, match="only by a copy"):
        export(x, dl_device=(1, 0), copy=False)
    with pytest.raises(ValueError, match="only by a copy"):
        nd.from_dlpack(x, device=nd.cpu_numpy(), copy=False)
    with pytest.raises(BufferError, match=r"\(2, 0\) cannot be exported to \(10, 0\)"):
        export(x, dl_device=(10, 0))
    assert capsule_name(export(x, dl_device=(2, 0))) == b"dltensor_versioned"


def test_streams_are_those_of_the_standard(gpu, export):
    x = gpu.array([1.0])
    for stream in (None, -1, 1, 2):
        assert nd.from_dlpack(Older(x.__dlpack__(stream=stream)), device=gpu).tolist() == [1.0]
    for stream in (0, -2):
        with pytest.raises(ValueError, match=f"a stream is .*, not {stream}"):
            export(x, stream=stream)
    if gpu.name.startswith("cuda_host"):  # a GPU's driver follows any handle
        with pytest.raises(RuntimeError, match="cudaStreamWaitEvent"):
            export(x, stream=12345)


def test_arrays_of_other_libraries_come_in_their_own_ways(gpu, export):
    x = gpu.array(np.arange(12.0).reshape(3, 4))
    capsule = export(x)
    inside(capsule).tensor.strides = None  # row-major
    assert nd.from_dlpack(Foreign(capsule), device=gpu).tolist() == x.tolist()
    capsule = export(x[1:])
    tensor = inside(capsule).tensor
    tensor.data, tensor.byte_offset = tensor.data - 16, 16
    y = nd.from_dlpack(Foreign(capsule), device=gpu)
    assert y.tolist() == x[1:].tolist()
    capsule = x[:, ::-1].__dlpack__()
    inside(capsule, Managed).deleter = DELETER()
    assert nd.from_dlpack(Older(capsule), device=gpu).tolist() == x[:, ::-1].tolist()
    capsule = export(x)
    inside(capsule).minor = 9
    assert nd.from_dlpack(Foreign(capsule), device=gpu).tolist() == x.tolist()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("device_type", 10, "type 10 is on no NVIDIA GPU"),
        ("number", 99, "on GPU 99 of"),
        ("number", -1, "on GPU -1 of"),
        ("kind", 5, "kind 5, 32 bits and 1 lanes"),
        ("bits", 16, "kind 2, 16 bits"),
        ("lanes", 4, "4 lanes"),
        ("data", None, "no memory"),
        ("byte_offset", 2, "aligned to their size of 4"),
    ],
)
def test_what_cannot_be_imported_is_refused_and_stays_in_its_capsule(
    gpu, export, field, value, message
):
    before = gpu.kernels.memory()["in_use"]
    capsule = export(gpu.array([1.0, 2.0]))
    setattr(inside(capsule).tensor, field, value)
    with pytest.raises(BufferError, match=message):
        nd.from_dlpack(Foreign(capsule), device=gpu)
    assert capsule_name(capsule) == b"dltensor_versioned"
    del capsule
    assert gpu.kernels.memory()["in_use"] == before


def test_versions_that_are_not_known_are_refused(gpu, export):
    capsule = export(gpu.array([1.0]))
    inside(capsule).major = 2
    with pytest.raises(BufferError, match="version 2 of DLPack is not known"):
        nd.from_dlpack(Foreign(capsule), device=gpu)
