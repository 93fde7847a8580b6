"""Records: the values that a check hands to the judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

KINDS = "biuf"  # the kinds of NumPy dtypes that may be recorded: truth values and numbers
_PLAIN = (bool, int, float, str, type(None))
_DEEPEST = 4


@dataclass(frozen=True)
class Record:
    """A value with its name in the check, and how the judge compares it.

    `how` is "close" (`value` is a NumPy array, compared within `rtol` and `atol`; None means the
    default of the dtype), "value" (plain Python data, equal) or "raises" (the name of the exception
    that was raised, or "").
    """

    name: str
    how: str
    value: Any
    rtol: float | None = None
    atol: float | None = None


def array_of(name: str, value: Any) -> np.ndarray[Any, Any]:
    """Return a tensor, array or number as a NumPy array; raise TypeError for anything else.

    Tensors and arrays of the stages are asked by their method `numpy`.
    """
    if type(value) in (bool, int, float) or isinstance(value, np.generic):
        array = np.array(value)
    elif type(value) is np.ndarray:
        array = value
    elif callable(getattr(value, "numpy", None)):
        array = value.numpy()
    else:
        raise TypeError(f"{name}: expected a tensor, an array or a number, got {kind_of(value)}")
    if type(array) is not np.ndarray:
        raise TypeError(f"{name}: numpy() returned {kind_of(array)}, not a NumPy array")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:  # no frame has room for it
        array = array.astype(np.float64)
    if array.dtype.kind not in KINDS:
        raise TypeError(f"{name}: expected numbers, got dtype {array.dtype}")
    return array


def arrays_of(name: str, value: Any) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Yield each array in `value`, which may be a list or tuple of arrays, with its name."""
    if type(value) in (list, tuple) or (isinstance(value, tuple) and hasattr(value, "_fields")):
        for i, item in enumerate(value):
            yield from arrays_of(f"{name}[{i}]", item)
    else:
        yield name, array_of(name, value)


def plain(name: str, value: Any, depth: int = 0) -> Any:
    """Return plain Python data, tuples as lists; raise TypeError for any other type."""
    if type(value) in _PLAIN:
        return value
    if type(value) in (list, tuple) and depth < _DEEPEST:
        return [plain(name, item, depth + 1) for item in value]
    raise TypeError(
        f"{name}: expected numbers, texts, truth values, None or lists of them, "
        f"got {kind_of(value)}"
    )


def kind_of(value: Any) -> str:
    """Return the name of a value's type for a message."""
    return "None" if value is None else type(value).__name__


def exception_of(exception: type[Exception], call: Callable[[], Any]) -> str:
    """Return the name of `exception` if `call()` raises it, of another one, or ""."""
    try:
        call()
    except exception:
        return exception.__name__
    except Exception as error:
        return type(error).__name__
    return ""
