"""What a comparison found, and how it is saved."""

import json
import math
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import Any, Literal

import numpy as np

from needle_shared.atomic import write_atomically

SCHEMA = 1


@dataclass
class CellResult:
    """One row: what a cell answered, as far as it came.

    `losses` are those that are compared, `seconds` those of each timed epoch. In a workload `curve`
    has the loss of each step of the training that is timed, `seconds` those of each step, and
    `training_loss` is the last of the curve.
    """

    name: str
    package: str = ""
    state: Literal["finished", "missing", "failed"] = "finished"
    reason: str = ""
    log: str = ""
    losses: list[float] = field(default_factory=list)
    curve: list[float] = field(default_factory=list)
    epoch_gap: float | None = None
    seconds: list[float] = field(default_factory=list)
    training_loss: float | None = None
    test_error: float | None = None
    peak_memory_mib: float | None = None
    user_lines: int | None = None
    library_lines: int | None = None

    @property
    def median_seconds(self) -> float | None:
        """The median of the timed epochs or steps."""
        return median(self.seconds) if self.seconds else None


@dataclass(frozen=True)
class Disagreement:
    """One thing in which a cell differs from `reference`, or from itself, and the sentence for it.

    `step` counts from 0, and is None where it is not about a step.
    """

    cell: str
    reference: str
    step: int | None
    value: float
    reference_value: float
    text: str


@dataclass(frozen=True)
class StageNames:
    """The public names of `package` that no stage before it has, by the module where they are."""

    package: str
    new_names: dict[str, list[str]]

    @property
    def count(self) -> int:
        """The number of names in all modules."""
        return sum(map(len, self.new_names.values()))


@dataclass
class Comparison:
    """All rows and whether they agree: losses within `bound`, relative, over `steps` steps.

    `kinks` is the number of windows that agree although they are beyond the bound. `stages` are
    the packages of the rows, each once.
    """

    cells: list[CellResult]
    disagreements: list[Disagreement]
    steps: int
    bound: float
    largest_difference: float = 0.0
    kinks: int = 0
    stages: list[StageNames] = field(default_factory=list)

    @property
    def finished(self) -> list[CellResult]:
        """The rows of the cells that went through everything."""
        return [cell for cell in self.cells if cell.state == "finished"]

    @property
    def good(self) -> bool:
        """Whether there are cells that finished, none that failed and none that disagrees."""
        failed = any(cell.state == "failed" for cell in self.cells)
        return bool(self.finished) and not failed and not self.disagreements


def save(comparison: Comparison, path: Path, options: Mapping[str, object]) -> None:
    """Write everything as JSON: to a temporary name first, so that a file is whole or old.

    A number that is not finite is written as null.
    """
    document = {
        "schema": SCHEMA,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "options": dict(options),
        **asdict(comparison),
    }
    write_atomically(path, json.dumps(_finite(document), indent=1, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def machine() -> dict[str, Any]:
    """Return processor, number of cores, operating system and versions."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "numpy": np.__version__,
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
