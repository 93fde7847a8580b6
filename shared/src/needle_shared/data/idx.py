"""The IDX format, in which MNIST's images and labels are stored: writing."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The third byte of the magic number, by NumPy's code of the type.
TYPE_CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def write_idx(path: str | Path, array: NDArray[Any]) -> None:
    """Write `array` to `path` as IDX, compressed with gzip if the name ends in `.gz`.

    The file is a magic number (two zero bytes, a code for the type, the number of axes), the
    size of each axis as a big-endian uint32, then the elements, big-endian, in row-major order.
    Equal arrays give equal bytes: the gzip header carries neither time nor name.

    The dtype is one of uint8, int8, int16, int32, float32, float64, else `TypeError`.
    Source of the format: "The MNIST database of handwritten digits", LeCun, Cortes, Burges.
    """
    path = Path(path)
    kind = array.dtype.str[1:]
    if kind not in TYPE_CODES:
        raise TypeError(
            f"IDX cannot store {array.dtype}: it has uint8, int8, int16, int32, float32, float64"
        )
    header = struct.pack(f">HBB{array.ndim}I", 0, TYPE_CODES[kind], array.ndim, *array.shape)
    payload = header + np.asarray(array, array.dtype.newbyteorder(">")).tobytes()
    if path.suffix != ".gz":
        path.write_bytes(payload)
        return
    with path.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
        file.write(payload)
