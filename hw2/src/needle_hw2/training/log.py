"""The results of each epoch as tables for other programs: CSV, and JSON, one object in a line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from needle_hw2.checkpoint.atomic import write_atomically
from needle_hw2.training.progress import Row


def write_csv(history: Sequence[Row], path: str | Path) -> None:
    """Write the rows, under the names of their columns, to `path`: all of them, atomically."""
    names = list(dict.fromkeys(name for row in history for name in row))
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, names, lineterminator="\n")
    table.writeheader()
    table.writerows(history)
    write_atomically(path, text.getvalue().encode())


def write_jsonl(history: Sequence[Row], path: str | Path) -> None:
    """Write each row as a JSON object in a line of `path`: all of them, atomically."""
    lines = [json.dumps(row, allow_nan=False) + "\n" for row in history]
    write_atomically(path, "".join(lines).encode())
