"""The way to other libraries and back: NumPy, buffers, DLPack, the standard's namespace."""

import sys

import numpy as np
import pytest

import needle_hw3 as nd


@pytest.mark.usefixtures("on_host")
def test_numpy_returns_a_copy_and_asarray_shares(backend, dtype):
    x = backend.array(np.arange(6).reshape(2, 3).astype(dtype))[:, ::-1].T
    copied, shared = x.numpy(), np.asarray(x)
    assert type(copied) is np.ndarray
    assert copied.dtype == shared.dtype == dtype
    x[...] = 1
    assert shared.tolist() == x.tolist() == [[1, 1]] * 3
    assert copied.tolist() != x.tolist()
    shared[...] = 0
    assert x.tolist() == [[0, 0]] * 3


@pytest.mark.usefixtures("on_host")
def test_array_protocol_converts_and_copies_as_told(backend):
    x = backend.array([1.5, 2.5])
    assert np.asarray(x, "int32").tolist() == [1, 2]
    assert not np.shares_memory(np.array(x), np.asarray(x))
    assert np.shares_memory(np.asarray(x, copy=False), np.asarray(x))
    with pytest.raises(ValueError, match="only by a copy"):
        np.asarray(x, "float64", copy=False)


def test_numpys_operators_do_not_mix_with_arrays(backend):
    x, a = backend.array([1.0, 2.0]), np.array([1.0, 2.0])
    for operation in (
        lambda: x + a, lambda: a + x, lambda: np.add(a, x), lambda: np.exp(x),
        lambda: a @ x, lambda: a < x,
    ):  # fmt: skip
        with pytest.raises(TypeError):
            operation()
    with pytest.raises(TypeError):
        a += x
    for number in (np.float64(2), np.float32(2), np.int32(2), np.uint8(2)):
        assert (number * x).tolist() == (x * number).tolist() == [2.0, 4.0]
        assert (number * x).dtype == "float32"
        assert (number < x).tolist() == [False, False]


@pytest.mark.usefixtures("on_host")
def test_dlpack_goes_both_ways_without_a_copy(backend, dtype):
    x = backend.array(np.arange(6).reshape(2, 3).astype(dtype))[::-1].T
    if dtype == "bool":
        x = x | False
    there = np.from_dlpack(x)
    assert there.tolist() == x.tolist()
    there[0, 0] = 1
    assert x[0, 0].item() == 1
    back = nd.from_dlpack(there, device=backend)
    back[0, 0] = 0
    assert x[0, 0].item() == 0
    assert x.__dlpack_device__() == np.ones(1).__dlpack_device__()
    assert nd.from_dlpack(np.arange(3.0), copy=True).tolist() == [0.0, 1.0, 2.0]


@pytest.mark.usefixtures("on_host")
def test_consumers_keep_the_memory(backend):
    x = backend.array(np.arange(100_000.0))
    there, shared = np.from_dlpack(x), np.asarray(x)
    del x
    backend.full((100_000,), -1.0)
    assert there[-1] == shared[-1] == 99_999.0


@pytest.mark.usefixtures("on_host")
def test_buffers_are_shared(backend):
    x = backend.array(np.arange(6.0).reshape(2, 3)).T
    if sys.version_info >= (3, 12):
        view = memoryview(x)
        assert view.tolist() == x.tolist()
        view[0, 0] = 7.0
        assert x[0, 0].item() == 7.0
    assert memoryview(np.asarray(x)).tolist() == x.tolist()


def test_namespace_is_the_package(backend):
    x = backend.full((2,), 1.0)
    assert x.__array_namespace__() is nd
    assert x.__array_namespace__(api_version=nd.__array_api_version__) is nd
    with pytest.raises(ValueError, match=r"version 1999\.01"):
        x.__array_namespace__(api_version="1999.01")


def test_namespace_describes_itself(backend):
    info = nd.__array_namespace_info__()
    assert info.capabilities()["boolean indexing"] is True
    assert info.capabilities()["max dimensions"] == 32
    assert backend in info.devices() or backend not in nd.all_devices()
    assert (nd.cuda() in info.devices()) == nd.cuda().enabled()
    assert info.default_device() is nd.default_device()
    found = info.default_dtypes(device=backend)
    assert found == {"real floating": nd.float32, "integral": nd.int64, "indexing": nd.int64}
    assert list(info.dtypes()) == ["bool", "uint8", "int32", "int64", "float32", "float64"]
    assert info.dtypes(kind="unsigned integer", device=backend) == {"uint8": nd.uint8}
    assert list(info.dtypes(kind=("bool", "real floating"))) == ["bool", "float32", "float64"]


def test_most_axes_are_those_that_were_promised(backend):
    most = nd.__array_namespace_info__().capabilities()["max dimensions"]
    x = backend.full((1,) * most, 2.0)
    assert (x + x).sum().item() == 4.0
    with pytest.raises(ValueError, match="32 axes"):
        nd.expand_dims(x, 0)
    with pytest.raises(ValueError, match="32 axes"):
        x[None]
