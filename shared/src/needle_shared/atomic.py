"""Files that are whole or not there."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_atomically(path: Path, data: str | bytes) -> None:
    """Write a file, text as UTF-8: after a crash it holds the old or the new content, no mixture.

    The data goes to a temporary file in the same folder, so that taking the name is one step; the
    disk has it before. A link at `path` is replaced, not followed. Folders above are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # tempfile would make a file that only its owner can read.
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Let the disk have the new name, too, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
