"""The conversation about one check: a request, values, and the end."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any, Protocol

from needle_shared.grading.channel import ChannelError, record_of, text
from needle_shared.grading.inside.records import Record
from needle_shared.grading.outcome import Lap, Outcome

_SPARE_RECORDS = 16  # more than the reference has
_SPARE_BYTES = 1 << 20

Between = Callable[[], None]


class Frames(Protocol):
    """Where the answers come from."""

    def frame(self, deadline: float, longest: int) -> tuple[dict[str, Any], bytes]:
        """Return the next header and payload."""
        ...


class Conversation:
    """Asks for a check and reads until its end; `expected` bounds what it may send."""

    def __init__(
        self,
        channel: Frames,
        requests: int,
        check: str,
        deadline: float,
        expected: Outcome | None,
        between: Between | None,
    ) -> None:
        self._channel, self._requests = channel, requests
        self._check, self._deadline = check, deadline
        self._budget = _Budget(expected)
        self._between = between
        self._records: list[Record] = []
        self._lap: Lap | None = None

    def hold(self) -> Outcome:
        """Return the outcome; raise what the channel raises."""
        started = time.monotonic()
        self._say({"run": self._check})
        while True:
            header, payload = self._channel.frame(self._deadline, self._budget.bytes)
            match header["event"] if header.get("check") == self._check else None:
                case "value":
                    self._records.append(record_of(header, payload))
                    self._budget.spend(len(payload), len(self._records))
                case "lap":
                    self._time(header)
                case "end" if header.get("status") in ("ok", "error"):
                    return Outcome(
                        header["status"],
                        tuple(self._records),
                        text(header.get("message"), 1500),
                        text(header.get("detail"), 8000),
                        time.monotonic() - started,
                        self._lap,
                    )
                case _:
                    raise ChannelError("an answer that was not asked for")

    def _time(self, header: dict[str, Any]) -> None:
        """Let a timed call be made, and measure it."""
        if self._between is not None:
            self._between()
        self._lap = self._lap or Lap()
        self._lap.ratio = _ratio(header.get("ratio"))
        self._say({"go": True})
        started = time.monotonic()
        answer, _ = self._channel.frame(self._deadline, 0)
        if answer["event"] != "lapped":
            raise ChannelError("no end of a timed call")
        self._lap.seconds.append(time.monotonic() - started)

    def _say(self, request: dict[str, Any]) -> None:
        os.write(self._requests, json.dumps(request).encode() + b"\n")


class _Budget:
    """How much a check may send: what the reference sent, and some more."""

    def __init__(self, expected: Outcome | None) -> None:
        if expected is None:
            self.bytes, self._records = 1 << 30, 10_000
            return
        sizes = [record.value.nbytes for record in expected.records if record.how == "close"]
        self.bytes = 2 * sum(sizes) + _SPARE_BYTES
        self._records = len(expected.records) + _SPARE_RECORDS

    def spend(self, size: int, records: int) -> None:
        """Take from the budget; raise ChannelError when it is used up."""
        self.bytes -= size
        if records > self._records:
            raise ChannelError("more values than the check records")


def _ratio(value: Any) -> list[tuple[float, float]]:
    """Return the steps of a timed check; those of a submission are not used."""
    try:
        return [(float(most), float(share)) for most, share in value]
    except (TypeError, ValueError, OverflowError):
        raise ChannelError("a timed call without a ratio") from None
