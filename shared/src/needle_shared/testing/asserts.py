"""Assertions about arrays, tensors and numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

# Relative and absolute tolerance by dtype: some tens of roundings of numbers near 1.
TOLERANCES: dict[str, tuple[float, float]] = {
    "float16": (1e-2, 1e-3),
    "float32": (1e-5, 1e-6),
    "float64": (1e-10, 1e-12),
}


def assert_close(
    actual: Any, expected: Any, *, rtol: float | None = None, atol: float | None = None
) -> None:
    """Assert that two arrays, tensors or numbers have equal shapes and nearly equal values.

    The tolerance is that of the coarser of the two floating dtypes (`TOLERANCES`) unless given;
    integers and truth values must be equal. Infinities must match, and nan equals nan. Shapes do
    not broadcast: (3, 1) and (3,) differ.
    """
    a, b = as_numpy(actual), as_numpy(expected)
    if a.shape != b.shape:
        raise AssertionError(f"shape {a.shape}, expected {b.shape}")
    floating = [x.dtype.name for x in (a, b) if x.dtype.kind == "f"]
    default = max((TOLERANCES[name] for name in floating), default=(0.0, 0.0))
    np.testing.assert_allclose(
        a,
        b,
        rtol=default[0] if rtol is None else rtol,
        atol=default[1] if atol is None else atol,
        strict=False,
    )


def as_numpy(value: Any) -> np.ndarray[Any, Any]:
    """Return `value`, a tensor or array of any stage or library, as a NumPy array."""
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "numpy"):
        return np.asarray(value.numpy())
    if hasattr(value, "__dlpack__"):
        return np.from_dlpack(value)
    return np.asarray(value)
