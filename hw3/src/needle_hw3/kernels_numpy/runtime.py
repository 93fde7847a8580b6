"""Threads, instruction sets and memory: NumPy looks after them itself."""

from __future__ import annotations

ON_HOST = True  # NumPy can work on the memory of views


def num_threads() -> int:
    """Return 1: these kernels start no threads."""
    return 1


def set_num_threads(threads: int) -> None:
    """Raise `ValueError` unless `threads` is positive; otherwise do nothing."""
    if threads < 1:
        raise ValueError(f"the number of threads is at least 1, not {threads}")


def isas() -> list[str]:
    """Return the instruction sets to choose from: there is one."""
    return ["numpy"]


def isa() -> str:
    """Return the instruction set in use."""
    return "numpy"


def set_isa(name: str) -> None:
    """Raise `ValueError` unless `name` is one of `isas()`."""
    if name not in isas():
        raise ValueError(f"instruction set {name!r} is not available: only {', '.join(isas())}")


def memory() -> dict[str, int]:
    """Return what the allocator holds, in bytes; of NumPy's, nothing is known."""
    return {"in_use": 0, "cached": 0, "peak": 0}


def release_memory() -> None:
    """Do nothing: nothing is kept."""


def synchronize() -> None:
    """Do nothing: work is done when a function returns."""
