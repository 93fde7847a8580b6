"""What the sandbox may send: every byte can be the submission's."""

import contextlib
import json
import os
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_shared.grading.channel import (
    LONGEST_HEADER,
    Channel,
    ChannelError,
    ClosedError,
    TooLargeError,
    record_of,
)
from needle_shared.grading.inside.frames import encode, encode_record
from needle_shared.grading.inside.records import Record

SHAPES = [(), (0,), (3,), (2, 0, 3), (1, 4), (2, 3, 4)]
DTYPES = ["bool", "int8", "uint8", "int32", "int64", "uint64", "float16", "float32", "float64"]


class Pipe:
    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.channel = Channel(self.reading)

    def send(self, data: bytes) -> None:
        threading.Thread(target=self._write, args=(data,), daemon=True).start()

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.writing, rest) :]

    def frame(self, seconds: float = 5.0, longest: int = 1 << 24) -> tuple[dict[str, Any], bytes]:
        return self.channel.frame(time.monotonic() + seconds, longest)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    os.close(made.reading)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_an_array_arrives_as_it_was_sent(
    pipe: Pipe, rng: np.random.Generator, shape: tuple[int, ...], dtype: str
) -> None:
    array = np.asarray(rng.integers(0, 2, shape), dtype=dtype)
    pipe.send(encode_record("c", Record("x", "close", array, 0.5, 0.0)))
    header, payload = pipe.frame()
    record = record_of(header, payload)
    assert header["check"] == "c"
    assert (record.name, record.how, record.rtol, record.atol) == ("x", "close", 0.5, 0.0)
    assert record.value.dtype == array.dtype
    np.testing.assert_array_equal(record.value, array, strict=True)


def test_views_and_other_byte_orders_arrive_as_their_values(
    pipe: Pipe, rng: np.random.Generator
) -> None:
    whole = rng.standard_normal((4, 6))
    for view in (whole[::2, ::-1], whole.T, whole.astype(">f8"), np.broadcast_to(whole[0], (3, 6))):
        pipe.send(encode_record("c", Record("x", "close", view)))
        record = record_of(*pipe.frame())
        np.testing.assert_array_equal(record.value, view)


@pytest.mark.parametrize("value", [1, -1.5, True, None, "text", [1, [2.0, "x"]], [], 10**30])
def test_plain_data_arrives_as_it_was_sent(pipe: Pipe, value: Any) -> None:
    pipe.send(encode_record("c", Record("x", "value", value)))
    assert record_of(*pipe.frame()).value == value


def test_silence_ends_at_the_deadline(pipe: Pipe) -> None:
    with pytest.raises(TimeoutError):
        pipe.frame(seconds=0.05)


def test_half_a_frame_ends_at_the_deadline(pipe: Pipe) -> None:
    pipe.send(encode({"event": "x"})[:-3])
    with pytest.raises(TimeoutError):
        pipe.frame(seconds=0.2)


@pytest.mark.parametrize("cut", [0, 4, 10])
def test_an_end_in_a_frame_is_an_end(pipe: Pipe, cut: int) -> None:
    os.write(pipe.writing, encode({"event": "x"})[:cut])
    os.close(pipe.writing)
    with pytest.raises(ClosedError):
        pipe.frame()


def raw(text: bytes, size: int = 0) -> bytes:
    return struct.pack("<II", len(text), size) + text


@pytest.mark.parametrize(
    "data",
    [
        raw(b"nothing"),
        raw(b"[]"),
        raw(b"{}"),
        raw(b'{"event": 3}'),
        raw(b"[" * 50_000),
        raw(b'{"event": ' + b"9" * 10_000 + b"}"),
        raw(b"\xff\xfe"),
        struct.pack("<II", LONGEST_HEADER + 1, 0),
        struct.pack("<II", 2**32 - 1, 2**32 - 1),
        b"garbage" * 100,
    ],
)
def test_what_is_no_header_is_refused(pipe: Pipe, data: bytes) -> None:
    pipe.send(data)
    with pytest.raises(ChannelError):
        pipe.frame()


def test_a_value_over_the_budget_is_not_read(pipe: Pipe) -> None:
    pipe.send(encode({"event": "value", "name": "x", "shape": [1 << 20]}, bytes(1000)))
    with pytest.raises(TooLargeError) as caught:
        pipe.frame(longest=999)
    assert (caught.value.size, caught.value.shape, caught.value.name) == (1000, (1 << 20,), "x")


GOOD: dict[str, Any] = {"event": "value", "name": "x", "how": "close", "shape": [2], "dtype": "<f8"}


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"name": "x" * 501},
        {"how": "exec"},
        {"how": None},
        {"dtype": "O"},
        {"dtype": "|O8"},
        {"dtype": "<f16"},
        {"dtype": "<c16"},
        {"dtype": "<U4"},
        {"dtype": ["<f8"]},
        {"dtype": None},
        {"shape": [3]},
        {"shape": [-2, -1]},
        {"shape": [2.0]},
        {"shape": [True, 2]},
        {"shape": "2"},
        {"shape": [2] + [1] * 40},
        {"shape": None},
        {"rtol": "1"},
        {"atol": 10**400},
    ],
)
def test_a_record_that_no_recorder_sends_is_refused(change: dict[str, Any]) -> None:
    record_of(GOOD, bytes(16))
    with pytest.raises(ChannelError):
        record_of({**GOOD, **change}, bytes(16))


def test_sizes_beside_a_zero_cannot_overflow() -> None:
    header = {**GOOD, "shape": [0, (1 << 47), (1 << 47)]}
    with contextlib.suppress(ChannelError):
        assert record_of(header, b"").value.size == 0


@pytest.mark.parametrize("value", [{"a": 1}, [[[[[[1]]]]]]])
def test_plain_data_of_other_kinds_is_refused(value: Any) -> None:
    with pytest.raises(ChannelError):
        record_of({"event": "value", "name": "x", "how": "value", "value": value}, b"")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
names = st.sampled_from(
    ["event", "check", "name", "how", "shape", "dtype", "rtol", "atol", "value"]
)
words = st.sampled_from(["value", "close", "raises", "<f8", "|b1", "x", "end"])


@given(st.dictionaries(names, json_values | words), st.binary(max_size=64))
def test_no_header_does_more_than_be_refused(header: dict[str, Any], payload: bytes) -> None:
    header = json.loads(json.dumps(header))
    try:
        record = record_of(header, payload)
    except ChannelError:
        return
    assert record.how in {"close", "value", "raises"}
