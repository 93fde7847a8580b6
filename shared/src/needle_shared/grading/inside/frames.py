"""How the sandbox and the judge talk: frames of a header in JSON and the bytes of an array.

A frame is two 32-bit lengths, the header and the payload. The reader of the judge believes neither:
see `needle_shared.grading.channel`.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any

import numpy as np

from needle_shared.grading.inside.records import Record

LENGTHS = struct.Struct("<II")
REQUESTS, ANSWERS = 3, 4  # file descriptors in the sandbox


def encode(header: dict[str, Any], payload: bytes = b"") -> bytes:
    """Return a frame."""
    text = json.dumps(header).encode()
    return LENGTHS.pack(len(text), len(payload)) + text + payload


def encode_record(check: str, record: Record) -> bytes:
    """Return the frame of a recorded value."""
    header: dict[str, Any] = {
        "event": "value",
        "check": check,
        "name": record.name,
        "how": record.how,
        "rtol": record.rtol,
        "atol": record.atol,
    }
    if record.how != "close":
        return encode({**header, "value": record.value})
    array = np.ascontiguousarray(record.value).reshape(record.value.shape)
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    header |= {"dtype": array.dtype.str, "shape": array.shape}
    return encode(header, array.tobytes())


def send(frame: bytes) -> None:
    """Write a frame to the judge."""
    rest = memoryview(frame)
    while rest:
        rest = rest[os.write(ANSWERS, rest) :]
