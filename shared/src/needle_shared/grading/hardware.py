"""What this machine has that a check may need."""

from __future__ import annotations

from pathlib import Path


def available() -> frozenset[str]:
    """Return what checks may say that they need: "cuda" where there is a driver and a GPU."""
    return frozenset({"cuda"} if Path("/proc/driver/nvidia/version").exists() else ())
