"""Devices: identity, what is not enabled, and arrays of two devices."""

import operator
import pickle

import numpy as np
import pytest

import needle_hw3 as nd
from needle_hw3.device import BackendDevice


@pytest.fixture
def elsewhere():
    """Return a second device, with the kernels of NumPy."""
    return BackendDevice("elsewhere", nd.cpu_numpy().kernels)


def test_devices_are_values(backend):
    assert [repr(device) for device in nd.all_devices()] == ["cpu()", "cuda()", "cpu_numpy()"]
    assert nd.cpu() is nd.cpu()
    assert len({*nd.all_devices(), *nd.all_devices()}) == 3
    assert nd.cpu_numpy() != nd.cpu()
    assert nd.cpu_numpy() != "cpu_numpy()"
    for device in nd.all_devices():
        assert pickle.loads(pickle.dumps(device)) is device


def test_default_device_is_the_fastest_that_is_enabled():
    expected = nd.cpu() if nd.cpu().enabled() else nd.cpu_numpy()
    assert nd.default_device() is expected
    assert nd.cpu_numpy().enabled()


def test_device_that_is_not_enabled_says_why_wherever_it_is_used():
    device = nd.cuda() if not nd.cuda().enabled() else BackendDevice("cuda", None, "no GPU")
    assert not device.enabled()
    assert device.why_disabled
    assert device.mod is None
    for use in (
        lambda: device.array([1.0]), lambda: device.full((1,), 0.0), lambda: device.empty((1,)),
        lambda: device.rand(2), lambda: device.one_hot(2, np.array([0])), lambda: device.kernels,
        lambda: nd.zeros(2, device=device), lambda: nd.asarray([1.0], device=device),
        lambda: nd.full((1,), 1.0, device=nd.cpu_numpy()).to(device), lambda: device.__tile_size__,
        lambda: nd.NDArray.make((1,), device=device), lambda: nd.asarray(np.ones(2), device=device),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match=r"cuda\(\) is not available: .*(CUDA|NVIDIA|GPU)"):
            use()
    with pytest.raises(AttributeError, match=r"cuda\(\) has no attribute 'matmul'"):
        device.matmul  # noqa: B018


def test_cuda_kernels_load_without_a_gpu_and_say_what_is_missing():
    module = pytest.importorskip("needle_hw3._cuda", reason="built without a CUDA compiler")
    if nd.cuda().enabled():
        pytest.skip("there is a GPU")
    assert nd.cuda().why_disabled == module.why_disabled() != ""
    with pytest.raises(RuntimeError, match=rf"not available: {module.why_disabled()}"):
        module.empty("float32", (2,))


def test_gpus_are_numbered():
    assert nd.cuda(0) == nd.cuda()
    assert repr(nd.cuda(1)) == "cuda(1)"
    assert nd.cuda(1) != nd.cuda()
    assert pickle.loads(pickle.dumps(nd.cuda(3))) == nd.cuda(3)
    assert not nd.cuda(100).enabled()
    with pytest.raises(ValueError, match="from 0, got -1"):
        nd.cuda(-1)
    with pytest.raises(TypeError, match="whole number"):
        nd.cuda("0")


def test_a_device_without_kernels_is_not_enabled():
    device = BackendDevice("mine", None)
    assert not device.enabled()
    assert device.mod is None
    with pytest.raises(
        RuntimeError, match=r"mine\(\) is not available: it was made without kernels"
    ):
        device.array([1.0])


def test_names_of_kernels_are_looked_up_among_them(backend):
    assert backend.add is backend.kernels.add
    assert backend.mod is backend.kernels
    assert backend.isa() in backend.isas()
    assert isinstance(backend.__tile_size__, int)
    assert hasattr(backend, "matmul_tiled")
    assert not hasattr(backend, "no_such_kernel")
    assert not hasattr(backend, "__wrapped__")


OPERATIONS = [
    operator.add, operator.sub, operator.eq, operator.lt, operator.matmul, operator.iadd,
    nd.maximum, nd.where, nd.tensordot, nd.vecdot, nd.clip,
    lambda a, b: nd.concat([a, b]), lambda a, b: nd.stack([a, b]),
    lambda a, b: a.__setitem__(0, b[0]), lambda a, b: a[nd.argsort(b[0])], nd.broadcast_arrays,
    lambda a, b: nd.take(a, nd.argsort(b[0]), axis=0),
    lambda a, b: nd.searchsorted(a[0], b), lambda a, b: nd.diff(a, append=b),
]  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS, ids=range(len(OPERATIONS)))
def test_arrays_of_two_devices_do_not_mix_and_both_are_named(backend, elsewhere, operation):
    x, y = backend.full((2, 2), 1.0), elsewhere.full((2, 2), 1.0)
    with pytest.raises(ValueError, match=rf"{backend.name}\(\).* elsewhere\(\)"):
        operation(x, y) if operation is not nd.where else nd.where(x > 0, x, y)


def test_arrays_move_between_devices(backend, elsewhere):
    x = backend.array([[1.0, 2.0], [3.0, 4.0]]).T
    y = x.to(elsewhere)
    assert (y.device, y.tolist()) == (elsewhere, x.tolist())
    assert x.to(backend) is x
    assert x.to_device(backend) is x
    assert nd.asarray(x, device=elsewhere).device == elsewhere
    assert nd.astype(x, "float64", device=elsewhere).device == elsewhere
    assert nd.NDArray(x, device=elsewhere).device == elsewhere
    with pytest.raises(ValueError, match="no streams"):
        x.to_device(backend, stream=1)


def test_threads_and_memory():
    before = nd.num_threads()
    try:
        nd.set_num_threads(1)
        assert nd.num_threads() == 1
        for wrong in (0, -1):
            with pytest.raises(ValueError, match=f"at least 1, not {wrong}"):
                nd.set_num_threads(wrong)
        with pytest.raises(TypeError, match="whole number"):
            nd.set_num_threads(1.5)
    finally:
        nd.set_num_threads(before)
    assert {"in_use", "cached", "peak"} <= set(nd.memory())
    nd.release_memory()


def test_kernels_of_numpy_have_the_rest_of_the_protocol():
    kernels = nd.cpu_numpy().kernels
    assert (kernels.num_threads(), kernels.isas(), kernels.isa()) == (1, ["numpy"], "numpy")
    kernels.set_isa("numpy")
    kernels.set_num_threads(2)
    kernels.release_memory()
    with pytest.raises(ValueError, match="'avx2' is not available"):
        kernels.set_isa("avx2")
    with pytest.raises(ValueError, match="not 0"):
        kernels.set_num_threads(0)
