"""Says how a recorded value differs from the expected one."""

from __future__ import annotations

from typing import Any

import numpy as np

from needle_shared.grading.inside.records import Record

# By the size in bytes of a floating dtype: enough for another order of summation, far below what
# a wrong formula gives.
TOLERANCES = {2: (1e-2, 1e-3), 4: (1e-4, 1e-5), 8: (1e-8, 1e-10)}
_KIND = {"b": "truth values", "i": "whole numbers", "u": "whole numbers", "f": "real numbers"}


def difference(expected: Record, got: Record) -> str | None:
    """Return in one sentence how `got` differs from `expected`, or None if it does not.

    Everything that decides comes from `expected`: shape, kind of dtype, tolerances.
    """
    if (expected.name, expected.how) != (got.name, got.how):
        return f"expected the value {expected.name!r}, got {got.name!r}"
    if expected.how == "close":
        return _array_difference(expected, got.value)
    if expected.how == "raises":
        if expected.value == got.value:
            return None
        raised = f"raised {got.value}" if got.value else "raised nothing"
        return f"{expected.name}: {raised}, expected {expected.value or 'no exception'}"
    if _same(expected.value, got.value):
        return None
    return f"{expected.name}: {_short(got.value)}, expected {_short(expected.value)}"


def _same(a: Any, b: Any) -> bool:
    """Return whether plain data is equal, with equal types: True is not 1."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _array_difference(expected: Record, got: np.ndarray[Any, Any]) -> str | None:
    want = expected.value
    if got.shape != want.shape:
        return f"{expected.name}: shape {got.shape}, expected {want.shape}"
    if _KIND.get(got.dtype.kind) != _KIND[want.dtype.kind]:
        return f"{expected.name}: dtype {got.dtype}, expected {_KIND[want.dtype.kind]}"
    if want.dtype.kind == "f":
        rtol, atol = TOLERANCES.get(want.dtype.itemsize, TOLERANCES[8])
        rtol = rtol if expected.rtol is None else expected.rtol
        atol = atol if expected.atol is None else expected.atol
        # Numbers of 32 bits may be far apart in 32 bits' range: their distance is taken in 64.
        with np.errstate(all="ignore"):
            a, b = want.astype(np.float64), got.astype(np.float64)
            error = np.abs(a - b)
            # Beside an infinity every number would be within a tolerance that is relative to it.
            within = np.isfinite(a) & (error <= atol + rtol * np.abs(a))
            near = (a == b) | (np.isnan(a) & np.isnan(b)) | within
    else:
        near = want == got
    wrong = np.argwhere(~near)
    if not len(wrong):
        return None
    first = tuple(int(i) for i in wrong[0])
    values = f"{got[first]!s}, expected {want[first]!s}"
    sizes = f"; {_sizes(error[~near], a[~near])}" if want.dtype.kind == "f" else ""
    name = expected.name
    if got.dtype.itemsize < want.dtype.itemsize:
        name = f"{name}: dtype {got.dtype}, expected {want.dtype}"
    if want.size == 1:
        return f"{name}: {values}{sizes}"
    place = f"the first at {list(first)}: {values}"
    return f"{name}: {len(wrong)} of {want.size} values are wrong{sizes}; {place}"


def _sizes(errors: np.ndarray[Any, Any], values: np.ndarray[Any, Any]) -> str:
    """Return the largest error, absolute and, of values that are not 0, relative."""
    with np.errstate(all="ignore"):
        text = f"largest error {np.max(errors):.3g}"
        if np.any(values):
            text += f", relative {np.max(errors[values != 0] / np.abs(values[values != 0])):.3g}"
    return text
