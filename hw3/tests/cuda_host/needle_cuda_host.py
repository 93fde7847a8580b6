"""The CUDA device without a GPU: `--device=needle_cuda_host:cuda_host` runs tests on it.

Its kernels are those of `cuda()`, compiled for the host, where threads of a block are fibers and
each access to memory is checked. `nox -s hw3` builds it, and names the file in NEEDLE_CUDA_HOST.
NEEDLE_CUDA_HOST_ORDER may be a number other than 0: blocks and threads then run in an order drawn
from it.
"""

import importlib.util
import os
from functools import cache

from needle_hw3.device import BackendDevice, kernels_of_gpu


class HostDevice(BackendDevice):
    """A device that unpickles as itself, though `needle_hw3` does not know it."""

    __slots__ = ()

    def __reduce__(self):
        return cuda_host, (int(self.name.partition(":")[2] or 0),)


def load(name):
    """Return one of the two modules in the file of the kernels."""
    spec = importlib.util.spec_from_file_location(name, os.environ["NEEDLE_CUDA_HOST"])
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@cache
def module():
    """Return the compiled kernels."""
    execution().set_order(int(os.environ.get("NEEDLE_CUDA_HOST_ORDER", "0")))
    return load("_cuda_host")


@cache
def execution():
    """Return what sets how they run: `set_order(seed)` and `set_checks(on)`."""
    return load("_cuda_host_execution")


def cuda_host(index=0):
    """Return one of the two devices."""
    return device_of(index)


@cache
def device_of(index):
    """Return a device, for one number always the same."""
    name = f"cuda_host:{index}" if index else "cuda_host"
    return HostDevice(name, kernels_of_gpu(module(), index))
