"""The conversation about one check: a request, values, and the end."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any, Protocol

from needle_shared.grading.channel import ChannelError, record_of, text
from needle_shared.grading.inside.records import Record
from needle_shared.grading.outcome import Lap, Outcome

_SPARE_RECORDS = 16  # more than the reference has
_SPARE_BYTES = 1 << 20

Between = Callable[[], None]


class Asks(Protocol):
    """Where the requests go."""

    def say(self, request: dict[str, Any], deadline: float) -> None:
        """Send a request."""
        ...


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
        requests: Asks,
        check: str,
        seed: int,
        deadline: float,
        expected: Outcome | None,
        between: Between | None,
    ) -> None:
        self._channel, self._requests = channel, requests
        self._check, self._seed, self._deadline = check, seed, deadline
        self._budget = _Budget(expected)
        self._between = between
        self._records: list[Record] = []
        self._lap: Lap | None = None
        self._begun: float | None = None  # when the timed call began that is under way

    def hold(self) -> Outcome:
        """Return the outcome; raise what the channel raises."""
        started = time.monotonic()
        self._say({"run": self._check, "entropy": entropy(self._seed, self._check)})
        while True:
            header, payload = self._channel.frame(self._deadline, self._budget.bytes)
            match header["event"] if header.get("check") == self._check else None:
                case "value":
                    self._records.append(record_of(header, payload))
                    size = len(payload) + _plain_size(self._records[-1])
                    self._budget.spend(size, len(self._records))
                case "lap" if self._begun is None:
                    self._begin(header)
                case "lapped" if self._lap is not None and self._begun is not None:
                    self._end(self._lap, time.monotonic() - self._begun, header)
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

    def _begin(self, header: dict[str, Any]) -> None:
        """Let a timed call be made.

        Only now the sandbox learns what the inputs are made of, and the clock runs until the
        results are here: they can be computed neither before nor after.
        """
        if self._between is not None:
            self._between()
        self._lap = self._lap or Lap()
        self._lap.ratio = _ratio(header.get("ratio"))
        number = len(self._lap.seconds) + 1
        self._begun = time.monotonic()
        self._say({"entropy": entropy(self._seed, f"{self._check}, call {number}")})

    def _end(self, lap: Lap, seconds: float, header: dict[str, Any]) -> None:
        lap.seconds.append(seconds)
        lap.records.append(len(self._records))
        alone = header.get("seconds")
        lap.alone.append(alone if isinstance(alone, float) else 0.0)
        self._begun = None

    def _say(self, request: dict[str, Any]) -> None:
        self._requests.say(request, self._deadline)


def entropy(seed: int, name: str) -> int:
    """Return what the random numbers of a check or a timed call are made of.

    The sandbox does not know the seed, so that it cannot compute the inputs of another check.
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:16], "little")


class _Budget:
    """How much a check may send: what the reference sent, and some more."""

    def __init__(self, expected: Outcome | None) -> None:
        if expected is None:
            self.bytes, self._records = 1 << 30, 10_000
            return
        sizes = [
            record.value.nbytes if record.how == "close" else _plain_size(record)
            for record in expected.records
        ]
        self.bytes = 2 * sum(sizes) + _SPARE_BYTES
        self._records = len(expected.records) + _SPARE_RECORDS

    def spend(self, size: int, records: int) -> None:
        """Take from the budget; raise ChannelError when it is used up."""
        self.bytes -= size
        if records > self._records:
            raise ChannelError("more values than the check records")


def _plain_size(record: Record) -> int:
    """Return about how many bytes a value takes that is no array, 0 for an array."""

    def size(value: Any) -> int:
        items = sum(map(size, value)) if isinstance(value, list) else 0
        return 64 + items + (len(value) if isinstance(value, str) else 0)

    return 0 if record.how == "close" else size(record.value)


def _ratio(value: Any) -> list[tuple[float, float]]:
    """Return the steps of a timed check; those of a submission are not used."""
    try:
        return [(float(most), float(share)) for most, share in value]
    except (TypeError, ValueError, OverflowError):
        raise ChannelError("a timed call without a ratio") from None
