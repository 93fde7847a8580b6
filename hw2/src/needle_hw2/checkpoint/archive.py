"""One safetensors file of tensors and JSON values, checked field by field when it is read.

The safetensors library checks the length of the header, that the tensors cover the rest of the
file without gap or overlap, and that shapes and dtypes fit these sizes. It accepts a name that
stands twice, a bool that is neither 0 nor 1, and dtypes that NumPy lacks; those are refused here.

Format: https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from needle_hw2.checkpoint.atomic import write_atomically

NumpyArray = np.ndarray[Any, Any]

FORMAT = "needle checkpoint"
VERSION = 1
_DTYPES = {
    "BOOL": np.dtype("?"),
    **{f"{letter}{8 * size}": np.dtype(f"<{letter.lower()}{size}")
       for letter in "IUF" for size in (1, 2, 4, 8) if (letter, size) != ("F", 1)},
}  # fmt: skip


class CheckpointError(ValueError):
    """A file is no checkpoint, or not one of this model and optimiser; it says which and why."""

    def __init__(self, path: str | Path, problem: object) -> None:
        super().__init__(f"{path}: {problem}")


def write(path: str | Path, tensors: Mapping[str, NumpyArray], values: Mapping[str, Any]) -> None:
    """Write `tensors`, and each of `values` as JSON into the metadata, atomically.

    Raises `CheckpointError` for a tensor of a dtype that safetensors lacks, and for a value that
    JSON does not give back as it was: nan, a tuple, a key that is no string.
    """
    metadata = {"format": FORMAT, "version": str(VERSION)}
    for field, value in values.items():
        metadata[field] = _to_json(path, field, value)
    for name, array in tensors.items():
        if array.dtype.newbyteorder("<") not in _DTYPES.values():
            raise CheckpointError(path, f"{name} has dtype {array.dtype}, which cannot be saved")
    # The library writes memory as it lies, even that of a transposed view.
    rows = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    write_atomically(path, safetensors.numpy.save(rows, metadata))


def read(path: str | Path) -> tuple[dict[str, NumpyArray], dict[str, Any]]:
    """Return the tensors and the values of the file at `path`.

    Raises `CheckpointError` if it is none that `write` made, `OSError` if it cannot be read.
    """
    content = Path(path).read_bytes()
    try:
        fields = safetensors.deserialize(content)  # type: ignore[no-untyped-call]
    except safetensors.SafetensorError as error:
        raise CheckpointError(path, f"not a whole safetensors file ({error})") from error
    values = _values(path, _header(path, content))
    return {name: _array(path, name, field) for name, field in fields}, values


def _header(path: str | Path, content: bytes) -> dict[str, Any]:
    """Return the JSON that stands before the tensors, after its length as a uint64."""
    (length,) = struct.unpack_from("<Q", content)
    header: dict[str, Any] = _from_json(path, "header", content[8 : 8 + length].decode())
    return header


def _values(path: str | Path, header: dict[str, Any]) -> dict[str, Any]:
    metadata = dict(header.get("__metadata__") or {})
    found = metadata.pop("format", None)
    if found != FORMAT:
        raise CheckpointError(path, f"its format is {found!r}, not {FORMAT!r}")
    version = metadata.pop("version", None)
    if version != str(VERSION):
        raise CheckpointError(path, f"its version is {version!r}; this code reads {VERSION}")
    return {field: _from_json(path, field, text) for field, text in metadata.items()}


def _array(path: str | Path, name: str, field: Mapping[str, Any]) -> NumpyArray:
    dtype = _DTYPES.get(field["dtype"])
    if dtype is None:
        raise CheckpointError(path, f"{name} has dtype {field['dtype']}, which NumPy lacks")
    content = np.frombuffer(field["data"], np.uint8)
    if dtype.kind == "b" and content.max(initial=0) > 1:
        raise CheckpointError(path, f"{name} has a bool that is {content.max()}")
    array: NumpyArray = content.view(dtype).reshape(field["shape"])
    return array


def _to_json(path: str | Path, field: str, value: Any) -> str:
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(path, f"{field} cannot be saved as JSON: {error}") from error
    if json.loads(text) != value:
        raise CheckpointError(path, f"{field} has tuples, or keys that are no text: JSON has none")
    return text


def _from_json(path: str | Path, field: str, text: str) -> Any:
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_finite
        )
    except (ValueError, RecursionError) as error:
        raise CheckpointError(path, f"{field} is no valid JSON: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise ValueError(f"{name!r} stands there twice")
        fields[name] = value
    return fields


def _finite(text: str) -> float:
    """Return a float; Python's JSON takes NaN and Infinity, and 1e999 for infinite."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no finite number")
    return value
