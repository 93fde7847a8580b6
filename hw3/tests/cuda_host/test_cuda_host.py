"""The CUDA device without a GPU: what is its own, beside the contract that all devices pass."""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import needle_hw3 as nd

if "NEEDLE_CUDA_HOST" not in os.environ:
    pytest.skip(
        "NEEDLE_CUDA_HOST does not name the kernels: see `nox -s hw3`", allow_module_level=True
    )

from needle_cuda_host import cuda_host, module

PIECE = 4 << 20  # bytes of the memory through which values pass


@pytest.fixture
def gpu():
    return cuda_host()


@pytest.fixture
def other():
    return cuda_host(1)


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5])
def test_values_pass_in_pieces(gpu, rng, size):
    values = rng.integers(0, 256, size).astype(np.uint8)
    array = gpu.array(values)
    kept = values.copy()
    values[:] = 0  # it was read already
    np.testing.assert_array_equal(array.numpy(), kept)
    np.testing.assert_array_equal(array[::-1].numpy(), kept[::-1])


@pytest.mark.parametrize("order", ["<f4", ">f4", "<i8", ">i8"])
def test_arrays_of_numpy_of_any_layout_are_copied(gpu, order):
    values = np.arange(24, dtype=order).reshape(4, 6)[::-2, 1::3]
    np.testing.assert_array_equal(gpu.array(values).numpy(), values)


def test_memory_is_not_that_of_the_host(gpu):
    array = gpu.array([1.0, 2.0])
    first, second = array.numpy(), array.numpy()
    first[0] = 5.0
    assert second.tolist() == array.tolist() == [1.0, 2.0]
    assert np.asarray(array).tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match=r"cuda_host\(\).* only by a copy"):
        np.array(array, copy=False)
    with pytest.raises(BufferError):
        array.__buffer__(0)
    with pytest.raises(BufferError, match="use numpy"):
        memoryview(array._view)
    shared = np.ones(2, np.float32)
    moved = nd.asarray(shared, device=gpu)
    shared[:] = 3
    assert moved.tolist() == [1.0, 1.0]


def test_pickle_and_copies_stay_on_the_device(gpu, other):
    for place in (gpu, other):
        array = place.array([[1.0, 2.0], [3.0, 4.0]]).T
        for again in (pickle.loads(pickle.dumps(array)), copy.copy(array), copy.deepcopy(array)):
            assert again.device is place
            assert again.tolist() == array.tolist()


def test_arrays_move_between_all_devices(gpu, other):
    devices = [nd.cpu(), nd.cpu_numpy(), gpu, other]
    for source in devices:
        array = source.array([[1, 2, 3], [4, 5, 6]], dtype="int32")[:, ::2]
        for target in devices:
            moved = array.to(target)
            assert (moved.device, moved.dtype) == (target, np.int32)
            assert moved.tolist() == [[1, 3], [4, 6]]


def test_results_are_where_the_operands_are(gpu, other):
    assert repr(other) == "cuda_host(1)"
    assert cuda_host(0) is gpu
    x, y = gpu.array([1.0, 2.0]), other.array([10.0, 20.0])
    assert (x + x).device is gpu
    assert (y + y).device is other
    for array, expected in (
        (x * 2, [2.0, 4.0]),
        (y * 2, [20.0, 40.0]),
        (nd.exp(x - x), [1.0, 1.0]),
    ):
        assert array.tolist() == expected
    with pytest.raises(ValueError, match=r"cuda_host\(\).* cuda_host\(1\)"):
        x + y
    before = other.memory()["in_use"]
    kept = other.empty((1000,))
    assert other.memory()["in_use"] - before >= 4000
    assert gpu.memory() != other.memory()
    del kept


def test_memory_is_used_again_and_given_back(gpu):
    gpu.release_memory()
    start = gpu.memory()
    array = gpu.full((1 << 20,), 1.0)
    used = gpu.memory()
    assert used["in_use"] - start["in_use"] >= 1 << 22
    del array
    cached = gpu.memory()["cached"]
    assert cached >= 1 << 22
    again = gpu.empty((1 << 20,))
    assert gpu.memory()["cached"] < cached
    del again
    gpu.release_memory()
    assert gpu.memory()["cached"] == 0


def test_memory_that_is_not_there_is_an_error_with_sizes(gpu):
    for shape in ((1 << 40,), (1 << 27, 3)):
        with pytest.raises(MemoryError, match=r"shape .*float32: \d+ bytes of \d+ free ones"):
            gpu.empty(shape)
    assert gpu.array([1.0]).tolist() == [1.0]


def test_kernels_of_the_module_say_what_they_are(gpu):
    kernels = module()
    assert kernels.device_count() == 2
    assert kernels.why_disabled() == ""
    assert gpu.isas() == [gpu.isa()]
    gpu.set_isa(gpu.isa())
    with pytest.raises(ValueError, match="only sm_"):
        gpu.set_isa("avx2")
    with pytest.raises(ValueError, match="at least 1, not 0"):
        gpu.set_num_threads(0)
    with pytest.raises(ValueError, match=r"no cuda\(2\)"):
        kernels.use(2)
    gpu.synchronize()
    nd.synchronize(gpu)
    nd.synchronize()


@pytest.mark.parametrize("first_use", ["array([1.0])", "kernels.device_count()"])
def test_a_process_that_was_forked_after_the_first_use_is_refused(first_use):
    code = f"""
import os, sys
from needle_cuda_host import cuda_host
cuda_host().{first_use}
if os.fork() == 0:
    try:
        cuda_host().array([1.0])
    except RuntimeError as error:
        os._exit(0 if "spawn" in str(error) else 3)
    os._exit(4)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": path})


def test_dlpack_tells_which_gpu_holds_an_array(gpu, other):
    x = other.array([1.0, 2.0])
    assert x.__dlpack_device__() == (2, 1)
    shared, moved = nd.from_dlpack(x), nd.from_dlpack(x, device=gpu)
    assert (shared.device, moved.device) == (other, gpu)
    x[...] = 0.0
    assert shared.tolist() == [0.0, 0.0]
    assert moved.tolist() == [1.0, 2.0]
    assert moved.__dlpack_device__() == (2, 0)
    with pytest.raises(BufferError, match=r"device \(2, 1\) cannot be exported to \(2, 0\)"):
        x.__dlpack__(dl_device=(2, 0))
