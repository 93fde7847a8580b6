"""How a check ended in the sandbox, and what it recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from needle_shared.grading.inside.records import Record

Ending = Literal["ok", "error", "timeout", "crash", "protocol"]


@dataclass
class Lap:
    """Times in seconds of the repetitions of a timed call, and what share of points they earn.

    `seconds` are by the judge's clock, with the making of inputs and the sending of results;
    `alone` are those of the call, as the sandbox says: only the reference's are used. `records` is
    how many values had been recorded at the end of each repetition.
    """

    seconds: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    records: list[int] = field(default_factory=list)
    ratio: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """How a check ended; `records` is empty where the process did not get to its end."""

    status: Ending
    records: tuple[Record, ...] = ()
    message: str = ""
    detail: str = ""
    seconds: float = 0.0
    lap: Lap | None = None
    rival: Lap | None = None  # of the reference, which took turns with it
