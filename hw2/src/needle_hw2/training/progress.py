"""How far training has come, as JSON can hold it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from needle_hw2.training.task import Outcome

Row: TypeAlias = "dict[str, float]"


@dataclass
class Tally:
    """Sums over the examples so far: of the loss, and of the metrics of a task."""

    examples: int = 0
    seconds: float = 0.0
    sums: dict[str, float] = field(default_factory=dict)

    def add(self, outcome: Outcome, loss: float) -> None:
        """Add a batch, whose mean loss is `loss`."""
        self.examples += outcome.examples
        for name, value in {"loss": loss * outcome.examples, **outcome.sums}.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def means(self) -> dict[str, float]:
        """Return the mean of each."""
        return {name: value / self.examples for name, value in self.sums.items()}


@dataclass
class Progress:
    """The position in the training, and the results so far.

    `epoch` is the one that runs, from 1; `batch` batches of it are done, with the results `tally`.
    `history` has a row of results for each epoch before.
    """

    epoch: int = 1
    batch: int = 0
    tally: Tally = field(default_factory=Tally)
    history: list[Row] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Any, batches: int) -> Progress:
        """Return what `to_json` gave, for epochs of `batches` batches.

        Raises `ValueError` naming a field that is missing or malformed.
        """
        epoch = _field(value, "epoch", lambda x: _is_count(x) and x >= 1)
        batch = _field(value, "batch", lambda x: _is_count(x) and x <= batches)
        tally = _field(value, "tally", lambda x: isinstance(x, dict))
        return cls(
            epoch,
            batch,
            Tally(
                _field(tally, "examples", lambda x: _is_count(x) and bool(x) == bool(batch)),
                _field(tally, "seconds", _is_number),
                _field(tally, "sums", lambda x: _is_row(x) and ("loss" in x) == bool(batch)),
            ),
            _field(value, "history", lambda x: _is_history(x, epoch)),
        )


def _field(value: Any, name: str, is_valid: Callable[[Any], bool]) -> Any:
    if not isinstance(value, dict) or name not in value or not is_valid(value[name]):
        raise ValueError(f"progress has no valid {name!r}")
    return value[name]


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_number(value: Any) -> bool:
    largest = sys.float_info.max  # which a whole number may be above
    return type(value) in {int, float} and -largest <= value <= largest


def _is_row(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_number, value.values()))


def _is_history(value: Any, epoch: int) -> bool:
    if not isinstance(value, list) or not all(map(_is_row, value)):
        return False
    return [row.get("epoch") for row in value] == list(range(1, epoch))
