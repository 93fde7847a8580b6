"""A folder that looks like the root folder of a sandbox, where none can be mounted."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from needle_shared.grading.sandbox.interface import SCRATCH, Bind


def lay_out(
    root: Path, binds: Sequence[Bind], uid: int | None, *, mount: bool
) -> list[tuple[Path, Path]]:
    """Make the folder `root` with the binds in it and `/w`, which belongs to the user `uid`.

    A bind is a symbolic link, or a copy where another bind lies in it or where everyone must be
    able to read what only root can. With `mount`, nothing is linked, and what is to be mounted is
    returned: pairs of a source and its place.
    """
    root.mkdir(mode=0o755)
    root.chmod(0o755)
    mounted = []
    for bind in binds:
        place = root / bind.target.lstrip("/")
        inner = any(_below(bind.target, other.target) for other in binds)
        outer = any(_below(other.target, bind.target) for other in binds)
        if mount:
            mounted.append((bind.source, place))
            if not inner:
                _make_parents(root, place)
                place.mkdir(exist_ok=True) if bind.source.is_dir() else place.touch()
            continue
        _make_parents(root, place)
        if place.is_symlink() or place.is_file():
            place.unlink()
        if outer or (uid is not None and not _for_everyone(bind.source)):
            _copy(bind.source, place)
        else:
            place.symlink_to(bind.source.resolve())
    scratch = root / SCRATCH[1:]
    scratch.mkdir(exist_ok=True)
    if uid is not None:
        os.chown(scratch, uid, uid)
    return mounted


def _make_parents(root: Path, place: Path) -> None:
    for folder in reversed(place.relative_to(root).parents):
        (root / folder).mkdir(exist_ok=True)
        (root / folder).chmod(0o755)


def remove(root: Path) -> None:
    """Remove the folder and all that the command left in it."""
    with suppress(FileNotFoundError):
        shutil.rmtree(root)


def _below(path: str, folder: str) -> bool:
    return path != folder and Path(path).is_relative_to(folder)


def _for_everyone(path: Path) -> bool:
    path = path.resolve()
    folders = [*path.parents, *([path] if path.is_dir() else [])]
    if any(not folder.stat().st_mode & stat.S_IXOTH for folder in folders):
        return False
    return all(p.stat().st_mode & stat.S_IROTH for p in (path, *path.rglob("*")) if p.exists())


def _copy(source: Path, place: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, place, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, place)
    for path in (place, *place.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
