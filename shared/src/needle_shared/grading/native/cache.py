"""A folder in which each build is done once, also by several graders at once."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Cache:
    """A folder that only the teacher's account may enter: what lies in it is believed."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)

    def path(self, name: str) -> Path:
        """Return where a file of this name lies or would lie."""
        return self.folder / name

    def write(self, name: str, content: bytes) -> Path:
        """Put a whole file in its place at once; whoever reads it sees all of it or nothing."""
        descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            path = Path(temporary)
            path.chmod(0o644)
            return path.replace(self.path(name))
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise

    def read_json(self, name: str) -> Any:
        """Return what `write_json` put there, or None."""
        try:
            return json.loads(self.path(name).read_bytes())
        except (FileNotFoundError, ValueError):
            return None

    def write_json(self, name: str, data: Any) -> None:
        """Put plain data in its place."""
        self.write(name, json.dumps(data).encode())

    @contextlib.contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Wait until nobody else holds the lock `name`; the kernel opens that of a dead process."""
        with self.path(f"{name}.lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
