"""The judge's place in the sandbox: it sends every value out and compares nothing.

Its methods are those of `needle_shared.grading.local.LocalJudge`, which documents them. The
oracles were cut out of the checks (`needle_shared.grading.cut`), so that `want` is not given.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from needle_shared.grading.inside.frames import REQUESTS, encode, encode_record, send
from needle_shared.grading.inside.records import Record, arrays_of, exception_of, plain

REPEATS = 5  # of a timed call


class Recorder:
    """Sends what a check hands to the judge."""

    def __init__(self, check: str, requests: Any, rng: np.random.Generator) -> None:
        self._check = check
        self._requests = requests
        self._rng = rng

    def close(
        self,
        name: str,
        value: Any,
        *,
        rtol: float | None = None,
        atol: float | None = None,
    ) -> None:
        """Send arrays."""
        for name_, array in arrays_of(name, value):
            self._send(Record(name_, "close", array, rtol, atol))

    def value(self, name: str, value: Any) -> None:
        """Send plain data."""
        self._send(Record(name, "value", plain(name, value)))

    def shape(self, name: str, value: Any) -> None:
        """Send a shape."""
        self.value(name, tuple(value.shape))

    def raises(self, name: str, exception: type[Exception], call: Callable[[], Any]) -> None:
        """Send the name of the exception that was raised."""
        self._send(Record(name, "raises", exception_of(exception, call)))

    def same_memory(self, name: str, a: Any, b: Any) -> None:
        """Send whether two arrays share memory."""
        self.value(name, bool(np.shares_memory(a, b)))

    def speed(
        self,
        name: str,
        call: Callable[..., Any],
        inputs: Callable[[], tuple[Any, ...]],
        *,
        ratio: dict[float, float],
    ) -> None:
        """Make calls when the judge says so, and send each result: the clock is the judge's.

        The check's generator begins anew for each call, with what the judge says.
        """
        steps = [[most, share] for most, share in sorted(ratio.items())]
        for i in range(REPEATS):
            send(encode({"event": "lap", "check": self._check, "ratio": steps}))
            line = self._requests.readline()
            if not line:
                sys.exit("the judge has gone")
            bits = type(self._rng.bit_generator)(json.loads(line)["entropy"])
            self._rng.bit_generator.state = bits.state
            arguments = inputs()
            started = time.perf_counter()
            # A result that is computed when it is looked at, is looked at in time.
            results = list(arrays_of(f"{name}, call {i + 1}", call(*arguments)))
            seconds = time.perf_counter() - started
            for name_, array in results:
                self._send(Record(name_, "close", array))
            send(encode({"event": "lapped", "check": self._check, "seconds": seconds}))

    def _send(self, record: Record) -> None:
        send(encode_record(self._check, record))


def open_requests() -> Any:
    """Return the judge's requests, a line each."""
    return open(REQUESTS, "rb", buffering=0)  # noqa: PTH123 - a descriptor


def first_request() -> Any:
    """Return the settings. They may be long, and nothing is behind them until they are answered."""
    text = b""
    while not text.endswith(b"\n"):
        part = os.read(REQUESTS, 1 << 16)
        if not part:
            sys.exit("the judge has gone")
        text += part
    return json.loads(text)
