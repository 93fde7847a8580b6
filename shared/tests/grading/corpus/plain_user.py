"""Runs a command of root's as a user without rights, where Python may lie in root's own folder."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

NOBODY = 65534


def as_nobody(command: list[str], needed: list[Path], scratch: Path) -> list[str]:
    """Return a command that runs `command` as nobody, who can read the folders `needed`.

    A folder that is closed to others is covered, for this command alone, by an empty one with
    only what is needed in it.
    """
    closed = sorted({p for path in needed for p in _closed_above(path)}, key=lambda p: len(p.parts))
    closed = [p for p in closed if not any(q in p.parents for q in closed)]
    script = ["set -e"]
    for number, folder in enumerate(closed):
        inside = [path for path in needed if folder in path.parents]
        for i, path in enumerate(inside):
            hold = scratch / f"hold-{number}-{i}"
            script += [f"mkdir -p {_q(hold)}", f"mount --bind {_q(path)} {_q(hold)}"]
        script.append(f"mount -t tmpfs -o mode=0755 tmpfs {_q(folder)}")
        for i, path in enumerate(inside):
            hold = scratch / f"hold-{number}-{i}"
            script += [f"mkdir -p {_q(path)}", f"mount --bind {_q(hold)} {_q(path)}"]
    user = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups"
    script.append(f"exec {user} -- {shlex.join(command)}")
    return ["unshare", "--mount", "--propagation=private", "sh", "-c", "\n".join(script)]


def _closed_above(path: Path) -> list[Path]:
    return [folder for folder in path.parents if not folder.stat().st_mode & 0o001]


def _q(path: Path) -> str:
    return shlex.quote(os.fspath(path))
