"""Groups of processes whose memory the kernel counts: version 2 of control groups."""

from __future__ import annotations

import itertools
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from needle_shared.grading.sandbox.interface import Limits, SandboxError
from needle_shared.grading.sandbox.leftovers import own_prefix

_NEEDED = {"memory", "pids"}


class Group:
    """A group for one sandbox, in the folder `parent`; raise SandboxError if it cannot be made."""

    def __init__(self, parent: Path, limits: Limits) -> None:
        self.path = parent / f"{own_prefix()}{secrets.token_hex(4)}"
        try:
            self.path.mkdir()
            self._write("memory.max", limits.memory)
            self._write("pids.max", limits.processes + 4)  # bwrap and what starts the command
        except OSError as error:
            self.remove()
            raise SandboxError(f"no control group in {parent}: {error}") from error
        for name, value in (("memory.swap.max", 0), ("memory.oom.group", 1)):
            with suppress(OSError):  # a kernel without swap has not the first
                self._write(name, value)

    def _write(self, name: str, value: int) -> None:
        (self.path / name).write_text(f"{value}\n", encoding="ascii")

    def join(self, command: list[str]) -> list[str]:
        """Return a command that puts itself into the group before it becomes `command`."""
        procs = str(self.path / "cgroup.procs")
        return ["/bin/sh", "-c", 'echo 0 > "$0" && exec "$@"', procs, *command]

    def exceeded(self) -> str | None:
        """Return "memory" if the kernel killed a process of the group for it, else None."""
        with suppress(OSError):
            for line in (self.path / "memory.events").read_text(encoding="ascii").splitlines():
                name, _, count = line.partition(" ")
                if name in {"oom_kill", "oom_group_kill"} and int(count):
                    return "memory"
        return None

    def kill(self) -> None:
        """Kill all processes of the group: since Linux 5.14."""
        with suppress(OSError):
            self._write("cgroup.kill", 1)

    def remove(self, seconds: float = 2.0) -> None:
        """Remove the group, when its last process has gone."""
        end = time.monotonic() + seconds
        for pause in itertools.chain([0.0, 0.001, 0.005], itertools.repeat(0.02)):
            time.sleep(pause)
            try:
                self.path.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                if time.monotonic() > end:
                    return
            else:
                return


def find_parent() -> Path:
    """Return a folder of groups in which this process may make some, and put itself in.

    It is the nearest one above this process: a process may only be moved below a folder that its
    user owns, and only where no processes are beside the groups.

    Raises
    ------
    SandboxError
        If there is none; the message says why.
    """
    mounted = _mount_point(Path("/proc/self/mountinfo").read_text(encoding="utf-8"))
    if mounted is None:
        raise SandboxError("version 2 of control groups is not mounted")
    own = next(
        (
            line[3:]
            for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
            if line.startswith("0::")
        ),
        "/",
    )
    return nearest(mounted, own)


def _mount_point(mountinfo: str) -> Path | None:
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 "):
            return Path(before.split()[4].replace("\\040", " "))
    return None


def nearest(mounted: Path, own: str) -> Path:
    """Return the folder for `find_parent`; `own` is this process's group below `mounted`."""
    folder = mounted / own.strip("/")
    if ".." in folder.parts or not folder.is_dir():
        folder = mounted  # the group of this process is outside of its namespace
    for candidate in (folder, *folder.parents):
        with suppress(OSError):
            handed_on = (candidate / "cgroup.subtree_control").read_text(encoding="ascii").split()
            writable = os.access(candidate, os.W_OK) and os.access(
                candidate / "cgroup.procs", os.W_OK
            )
            if set(handed_on) >= _NEEDED and writable:
                return candidate
        if candidate == mounted:
            break
    raise SandboxError(
        f"no folder from {folder} up to {mounted} hands the controllers memory and pids to groups "
        "that this user may make"
    )
