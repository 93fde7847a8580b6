"""Writes a tree of files at once: as a folder, or as an archive that is the same in every run."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

_DATE = (1980, 1, 1, 0, 0, 0)  # the first that the format has
_UNIX = 3
_MODE = 0o100644


def zipped(files: Mapping[str, bytes], folder: str) -> bytes:
    """Return a .zip of `files` in `folder`: sorted, without times, owners and modes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(f"{folder}/{name}", _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = _UNIX
            info.external_attr = _MODE << 16
            archive.writestr(info, files[name])
    return buffer.getvalue()


def write_folder(files: Mapping[str, bytes], out: Path) -> None:
    """Write `files` into the new folder `out`, which is there with all of them or not at all.

    Raises FileExistsError if `out` is there and not empty.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} is there already, and is not overwritten")
    out.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        made.chmod(0o755)
        for name, data in files.items():
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if out.exists():
            out.rmdir()
        made.rename(out)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def write_file(data: bytes, out: Path) -> None:
    """Write the new file `out`; raise FileExistsError if it is there."""
    if out.exists():
        raise FileExistsError(f"{out} is there already, and is not overwritten")
    out.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{out.name}-", dir=out.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).rename(out)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
