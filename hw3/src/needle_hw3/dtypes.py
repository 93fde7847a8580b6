"""Types of elements, and the type in which two of them meet.

The dtypes are NumPy's own objects, so that `x.dtype == "float32"` and `np.empty(3, x.dtype)` work.
Two arrays promote as NumPy's do, which is what the array API standard asks where it asks anything.
A Python number beside an array adopts the array's dtype if that is of its kind or a higher one
(bool < integer < float), otherwise the default dtype of its own kind.
"""

from __future__ import annotations

import operator
from functools import cache
from typing import Any, TypeAlias

import numpy as np

DType: TypeAlias = Any  # a NumPy dtype, or what names one: "float32", np.float32

bool_ = np.dtype("bool")
uint8 = np.dtype("uint8")
int32 = np.dtype("int32")
int64 = np.dtype("int64")
float32 = np.dtype("float32")
float64 = np.dtype("float64")

DTYPES = {dtype.name: dtype for dtype in (bool_, uint8, int32, int64, float32, float64)}
"""Every dtype that an array can have, by its name."""

NAMES = {dtype: name for name, dtype in DTYPES.items()}
"""The name of each dtype; NumPy's `dtype.name` takes as long as an operation."""

DEFAULTS = {"b": bool_, "i": int64, "f": float32}
"""The dtype of Python's bool, int and float, by the kind of NumPy's dtype."""

KINDS = {
    "bool": ("bool",),
    "signed integer": ("int32", "int64"),
    "unsigned integer": ("uint8",),
    "integral": ("uint8", "int32", "int64"),
    "real floating": ("float32", "float64"),
    "complex floating": (),
    "numeric": ("uint8", "int32", "int64", "float32", "float64"),
}
"""The names of the dtypes of each kind that the standard defines."""

NUMBERS = (bool, int, float, np.bool_, np.integer, np.floating)
"""The classes of the numbers that may stand beside an array."""

_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}


def as_dtype(dtype: DType) -> np.dtype[Any]:
    """Return the dtype that `dtype` names.

    Raises `TypeError` for one that arrays cannot have.
    """
    found = np.dtype(dtype)
    name = NAMES.get(found) or NAMES.get(found.newbyteorder("="))
    if dtype is None or name is None:
        names = ", ".join(DTYPES)
        raise TypeError(f"arrays hold these real numbers, not dtype {found}: {names}")
    return DTYPES[name]


def holding(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the first dtype that holds all values of `dtype`, of its kind: itself if it can be.

    So int8 becomes int32, and float16 float32. Raises `TypeError` if there is none.
    """
    for candidate in DTYPES.values():
        whole_stays_whole = (dtype.kind == "f") == (candidate.kind == "f")
        if whole_stays_whole and np.can_cast(dtype, candidate, "safe"):
            return candidate
    return as_dtype(dtype)


def number_dtype(number: Any) -> np.dtype[Any]:
    """Return the default dtype of the kind of a number: bool, int64 or float32."""
    if isinstance(number, bool | np.bool_):
        return bool_
    return int64 if isinstance(number, int | np.integer) else float32


@cache
def promote(*dtypes: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that holds what any of `dtypes` holds, as NumPy promotes arrays."""
    return as_dtype(np.result_type(*dtypes))


def dtype_beside(dtype: np.dtype[Any], number: Any) -> np.dtype[Any]:
    """Return the dtype in which an array of `dtype` and a Python number meet."""
    default = number_dtype(number)
    return default if _RANK[default.kind] > _RANK[dtype.kind] else dtype


def as_number(value: Any, dtype: np.dtype[Any]) -> Any:
    """Return `value` as the Python number that an element of `dtype` can be set to.

    A float is cut to a whole number for an integer dtype. Raises `OverflowError` for an integer
    that the dtype does not hold; a float that is too large becomes infinite.
    """
    if dtype.kind == "f":
        return float(value)
    if dtype.kind == "b":
        return bool(value)
    number = int(value)
    limits = np.iinfo(dtype)
    if not limits.min <= number <= limits.max:
        raise OverflowError(f"{number} is outside of {dtype}, {limits.min} to {limits.max}")
    return number


def floating(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return `dtype` if it is floating, else the default float."""
    return dtype if dtype.kind == "f" else float32


def is_of_kind(dtype: DType, kind: Any) -> bool:
    """Return whether `dtype` is of a kind of the standard, is a dtype, or is one of a tuple.

    Raises `ValueError` for a kind that the standard does not have.
    """
    if isinstance(kind, tuple):
        return any(is_of_kind(dtype, each) for each in kind)
    name = np.dtype(dtype).name
    if isinstance(kind, str) and kind not in DTYPES:
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of dtypes: those are {', '.join(KINDS)}")
        return name in KINDS[kind]
    return bool(name == np.dtype(kind).name)


def whole(value: Any, name: str) -> int:
    """Return `value`, an argument called `name`, as an int. Raises `TypeError` if it is none."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is a whole number, not {type(value).__name__}")
    return operator.index(value)
