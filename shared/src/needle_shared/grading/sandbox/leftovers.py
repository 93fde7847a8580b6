"""Finds and ends the processes of a sandbox where bubblewrap does not do it."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path

from needle_shared.grading.sandbox.interface import SandboxError
from needle_shared.grading.sandbox.process import has_ended, kill_pidfd
from needle_shared.grading.sandbox.users import drop_to

_MARK = "NEEDLE_SANDBOX"
_SHARED = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")  # noqa: S108 -- where everyone may write


class Members(ABC):
    """The processes of a sandbox, those included that left its session."""

    @abstractmethod
    def left(self) -> list[int]:
        """Return the processes that have not ended."""

    def kill(self) -> None:
        """Kill all processes once: some may start others meanwhile."""
        for pid in self.left():
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def end_all(self, seconds: float) -> bool:
        """Kill all processes until none is left, and return whether that is so in time."""
        end = time.monotonic() + seconds
        while self.left():
            self.kill()
            if time.monotonic() > end:
                return False
            time.sleep(0.002)
        return True

    def mark(self) -> dict[str, str]:
        """Return what must be in their environment."""
        return {}

    def forget(self) -> None:  # noqa: B027 -- most have nothing to close
        """Release what this object holds, when no process is left."""


class OfNamespace(Members):
    """Those of the PID namespace that `unshare` made, whose own pid is given."""

    def __init__(self, unshare: int) -> None:
        self.first = _only_child(unshare)
        self._pidfd = os.pidfd_open(self.first)

    def left(self) -> list[int]:
        """Return those that have not ended."""
        return [] if has_ended(self._pidfd, 0) else [self.first]

    def kill(self) -> None:
        """Kill them once."""
        kill_pidfd(self._pidfd)

    def forget(self) -> None:
        """Close what identifies them."""
        os.close(self._pidfd)


class OfUser(Members):
    """Those of a user that has no others."""

    def __init__(self, uid: int) -> None:
        self._uid = uid

    def left(self) -> list[int]:
        """Return those that have not ended."""
        return [int(path.name) for path in _processes() if _uid_of(path) == self._uid]

    def kill(self) -> None:
        """Kill them once."""
        # All at once, so that a fork bomb cannot outrun it. Only the same user may do so.
        command = [*drop_to(self._uid), "/bin/sh", "-c", "kill -9 -1"]
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=2, check=False)  # noqa: S603

    def forget(self) -> None:
        """Remove the user's files from where everyone may write."""
        for folder in _SHARED:
            for path in Path(folder).glob("*"):
                with suppress(OSError):
                    if path.lstat().st_uid == self._uid:
                        _remove(path)


class Marked(Members):
    """Those with a mark in the environment that they were started with. They can get rid of it."""

    def __init__(self) -> None:
        self._value = secrets.token_hex(8)

    def mark(self) -> dict[str, str]:
        """Return the mark."""
        return {_MARK: self._value}

    def left(self) -> list[int]:
        """Return those that have not ended."""
        mark = f"{_MARK}={self._value}".encode()
        found = []
        for path in _processes():
            with suppress(OSError):
                if mark in (path / "environ").read_bytes().split(b"\0"):
                    found.append(int(path.name))
        return found


def _processes() -> list[Path]:
    return list(Path("/proc").glob("[0-9]*"))


def _uid_of(path: Path) -> int:
    """Return the user of a process; -1 for one that has ended, be it waited for or not."""
    with suppress(OSError):
        lines = (path / "status").read_text(encoding="utf-8", errors="replace").splitlines()
        values = dict(line.partition(":\t")[::2] for line in lines)
        if values["State"][0] not in "ZX":
            return int(values["Uid"].split()[0])
    return -1


def _only_child(pid: int) -> int:
    for path in _processes():
        with suppress(OSError):
            stat = (path / "stat").read_text(encoding="utf-8", errors="replace")
            if int(stat.rpartition(")")[2].split()[1]) == pid:
                return int(path.name)
    raise SandboxError("the first process of the namespace was not found")


def own_prefix() -> str:
    """Return how the name of a folder of this grader begins."""
    return f"needle-{os.getpid()}-"


def remove_abandoned(folder: Path) -> None:
    """Remove what graders that were killed have left in `folder`: a name says whose it is.

    Of a control group, whose files cannot be removed, the folder alone is.
    """
    for path in folder.glob("needle-*-*"):
        number = path.name.split("-")[1]
        with suppress(OSError):
            mine = path.lstat().st_uid == os.geteuid()
            if mine and number.isdigit() and not Path("/proc", number).exists():
                if (path / "cgroup.procs").exists():
                    path.rmdir()
                else:
                    _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        for child in path.iterdir():
            _remove(child)
        path.rmdir()
    else:
        path.unlink()
