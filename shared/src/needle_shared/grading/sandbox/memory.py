"""How much memory the processes of a sandbox use, where no cgroup counts it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from needle_shared.grading.sandbox.interface import Limits

_PAGE = os.sysconf("SC_PAGE_SIZE")
_INODE = 1024  # bytes of the kernel for a file of a tmpfs, be it empty


class Meter:
    """Adds up the memory of the processes that a /proc shows, and of the files in memory.

    Resident pages are added first, which is cheap and counts shared pages many times. Only if that
    is too much, each page is divided by the processes that share it (PSS), which takes a walk of
    the page tables. Where that must not be read, private pages are added instead.

    Parameters
    ----------
    proc
        A file descriptor of the /proc of the sandbox. It is closed with the meter.
    folders
        File descriptors of its folders in memory; likewise.
    uid
        Count only processes of this user: where the sandbox shares the machine's /proc.
    memfds
        Look for memory that is in files without a name: where nothing forbids it.
    """

    def __init__(
        self,
        proc: int,
        folders: Sequence[int],
        limits: Limits,
        *,
        uid: int | None = None,
        memfds: bool = False,
    ) -> None:
        self._proc, self._folders, self._limits = proc, list(folders), limits
        self._uid, self._memfds = uid, memfds

    def exceeded(self) -> str | None:
        """Return "memory" or "processes" if there are more than the limits say, else None."""
        try:
            pids = self.pids()
        except OSError:
            return None  # the sandbox has ended
        if not pids:
            return None
        if len(pids) > self._limits.processes + 3:  # bwrap itself is one
            return "processes"
        used = self._in_files()
        if self._memfds:
            used += self._without_name(pids)
        if used + sum(map(self._resident, pids)) <= self._limits.memory:
            return None
        return "memory" if used + self.exact(pids) > self._limits.memory else None

    def pids(self) -> list[str]:
        """Return the processes of the sandbox; raise OSError if it has ended."""
        pids = [name for name in os.listdir(self._proc) if name.isdigit()]  # noqa: PTH208
        if self._uid is None:
            return pids
        return [pid for pid in pids if self._owner(pid) == self._uid]

    def exact(self, pids: list[str]) -> int:
        """Return the bytes of memory of processes, shared pages counted once."""
        return sum(map(self._proportional, pids))

    def close(self) -> None:
        """Close the file descriptors."""
        for fd in (self._proc, *self._folders):
            os.close(fd)
        self._folders = []

    def _owner(self, pid: str) -> int:
        with suppress(OSError):
            return os.stat(pid, dir_fd=self._proc).st_uid
        return -1

    def _read(self, name: str) -> bytes:
        try:
            fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        except OSError:
            return b""  # the process has ended, or it is not ours to read
        try:
            return os.read(fd, 4096)
        except OSError:
            return b""
        finally:
            os.close(fd)

    def _resident(self, pid: str) -> int:
        words = self._read(f"{pid}/statm").split()
        return int(words[1]) * _PAGE if len(words) > 1 else 0

    def _proportional(self, pid: str) -> int:
        lines = dict(
            line.partition(b":")[::2] for line in self._read(f"{pid}/smaps_rollup").splitlines()
        )
        kinds = [b"Pss_Anon", b"Pss_Shmem"] if b"Pss_Anon" in lines else [b"Pss"]
        if all(kind in lines for kind in kinds):
            return sum(int(lines[kind].split()[0]) * 1024 for kind in kinds)
        words = self._read(f"{pid}/statm").split()
        return (int(words[1]) - int(words[2])) * _PAGE if len(words) > 2 else 0

    def _in_files(self) -> int:
        used = 0
        for folder in self._folders:
            with suppress(OSError):
                state = os.statvfs(folder)
                used += (state.f_blocks - state.f_bfree) * state.f_frsize
                used += (state.f_files - state.f_ffree) * _INODE
        return used

    def _without_name(self, pids: list[str]) -> int:
        sizes = {}
        for pid in pids:
            with suppress(OSError):
                folder = os.open(f"{pid}/fd", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
                try:
                    for name in os.listdir(folder):  # noqa: PTH208
                        if os.readlink(name, dir_fd=folder).startswith("/memfd:"):
                            file = os.stat(name, dir_fd=folder)
                            sizes[file.st_dev, file.st_ino] = file.st_blocks * 512
                finally:
                    os.close(folder)
        return sum(sizes.values())


def meter_of(init: int, folders: Sequence[str], limits: Limits, *, memfds: bool) -> Meter:
    """Return the meter of the PID namespace whose first process is `init`.

    Its own /proc shows its processes only; ours would show all of the machine's.

    Raises
    ------
    OSError
        If the process has ended, or if it is not ours to look at.
    """
    opened: list[int] = []
    try:
        for path in ("/proc", *folders):
            fd = os.open(f"/proc/{init}/root{path}", os.O_RDONLY | os.O_CLOEXEC)
            opened.append(fd)
    except OSError:
        for fd in opened:
            os.close(fd)
        raise
    return Meter(opened[0], opened[1:], limits, memfds=memfds)
