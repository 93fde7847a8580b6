"""Threads, memory and work of the kernels of a device."""

from __future__ import annotations

from needle_hw3.device import BackendDevice, default_device
from needle_hw3.dtypes import whole


def num_threads() -> int:
    """Return the number of threads that kernels may use."""
    return int(default_device().kernels.num_threads())


def set_num_threads(threads: int) -> None:
    """Let kernels use so many threads, at least 1. Results do not depend on it."""
    if whole(threads, "the number of threads") < 1:
        raise ValueError(f"the number of threads is at least 1, not {threads}")
    default_device().kernels.set_num_threads(threads)


def memory(device: BackendDevice | None = None) -> dict[str, int]:
    """Return the bytes that arrays use (`in_use`), that are kept for new ones, and the peak.

    Without `device`, they are those of the default device.
    """
    return dict((device or default_device()).kernels.memory())


def release_memory(device: BackendDevice | None = None) -> None:
    """Give the memory that is kept for new arrays back to the system."""
    (device or default_device()).kernels.release_memory()


def synchronize(device: BackendDevice | None = None) -> None:
    """Wait until all work on a device, or on the default device, is done. CPUs' always is."""
    (device or default_device()).synchronize()
