"""The judge's ends of the pipes. Every byte that is read may have been written by the submission.

Nothing is unpickled or evaluated: a header is JSON of bounded size, an array is bytes of a dtype
that is one of a few, with the length that its shape says.
"""

from __future__ import annotations

import json
import math
import os
import select
import time
from typing import Any, TypeGuard

import numpy as np

from needle_shared.grading.inside.frames import LENGTHS
from needle_shared.grading.inside.records import Record, plain

LONGEST_HEADER = 1 << 18  # read into Python's objects, it takes 20 times as much
_DTYPES = {
    f"{order}{kind}{size}"
    for kind, sizes in {"i": (2, 4, 8), "u": (2, 4, 8), "f": (2, 4, 8)}.items()
    for size in sizes
    for order in "<"
} | {"|b1", "|i1", "|u1"}
_MOST_AXES = 32


class ChannelError(Exception):
    """The sandbox said what the driver never says."""


class ClosedError(Exception):
    """The sandbox ended."""


class Channel:
    """The end of the pipe on which the sandbox answers."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def frame(self, deadline: float, longest: int) -> tuple[dict[str, Any], bytes]:
        """Return the next header and payload, of at most `longest` bytes.

        Raise TimeoutError at `deadline`, a time of `time.monotonic`; ClosedError at the end of the
        pipe; ChannelError for what is no frame.
        """
        header_size, size = LENGTHS.unpack(self._read(LENGTHS.size, deadline))
        if header_size > LONGEST_HEADER:
            raise ChannelError(f"a header of {header_size} bytes")
        try:
            header = json.loads(self._read(header_size, deadline))
        except (ValueError, RecursionError):
            raise ChannelError("a header that is not JSON") from None
        if not isinstance(header, dict) or not isinstance(header.get("event"), str):
            raise ChannelError("a header without an event")
        if size > longest:
            raise TooLargeError(header, size)
        return header, self._read(size, deadline)

    def _read(self, size: int, deadline: float) -> bytes:
        parts = []
        poll = select.poll()  # select() fails where many files are open
        poll.register(self._descriptor, select.POLLIN)
        while size:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise TimeoutError
            part = os.read(self._descriptor, min(size, 1 << 20))
            if not part:
                raise ClosedError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


class Requests:
    """The end of the pipe on which the sandbox is asked. It may never read."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)

    def say(self, request: dict[str, Any], deadline: float) -> None:
        """Write a line of JSON, as `write` does."""
        self.write(json.dumps(request).encode() + b"\n", deadline)

    def write(self, line: bytes, deadline: float) -> None:
        """Write a line; raise TimeoutError at `deadline`, BrokenPipeError if nobody can read."""
        rest = memoryview(line)
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        while rest:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise TimeoutError
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:  # there is room, but not for the whole line
                time.sleep(0.001)


class TooLargeError(Exception):
    """A value is much larger than the expected one."""

    def __init__(self, header: dict[str, Any], size: int) -> None:
        super().__init__(size)
        self.size = size
        shape = header.get("shape")
        self.shape = tuple(shape) if is_shape(shape) else None
        self.name = text(header.get("name"), 200)


def is_shape(value: Any) -> TypeGuard[list[int]]:
    """Return whether a value of a header is the shape of an array."""
    return (
        isinstance(value, list)
        and len(value) <= _MOST_AXES
        and all(type(size) is int and 0 <= size < 1 << 48 for size in value)
    )


def text(value: Any, longest: int) -> str:
    """Return a text of a header, shortened, or "" if it is none."""
    return value[:longest] if isinstance(value, str) else ""


def record_of(header: dict[str, Any], payload: bytes) -> Record:
    """Return the recorded value in a frame; raise ChannelError for what no recorder sends."""
    name, how = header.get("name"), header.get("how")
    if not isinstance(name, str) or len(name) > 500:
        raise ChannelError("a value without a name")
    if how in ("value", "raises"):  # a tuple: what is sent may not be hashable
        try:
            return Record(name, how, plain(name, header.get("value")))
        except TypeError as error:
            raise ChannelError(str(error)) from None
    if how != "close":
        raise ChannelError("a value of an unknown kind")
    shape, dtype = header.get("shape"), header.get("dtype")
    if not is_shape(shape) or not isinstance(dtype, str) or dtype not in _DTYPES:
        raise ChannelError("an array without a shape or with an unknown dtype")
    if math.prod(shape) * np.dtype(dtype).itemsize != len(payload):
        raise ChannelError("an array whose size is not that of its shape")
    try:
        array = np.frombuffer(payload, np.dtype(dtype)).reshape(shape)
    except ValueError:  # sizes beside a 0 whose product is too large
        raise ChannelError("an array with an impossible shape") from None
    return Record(name, how, array, _tolerance(header, "rtol"), _tolerance(header, "atol"))


def _tolerance(header: dict[str, Any], key: str) -> float | None:
    value = header.get(key)
    if value is None:
        return None
    if type(value) is not float and value != 0:
        raise ChannelError(f"a tolerance that is no number: {key}")
    return float(value)
