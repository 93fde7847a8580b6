"""Starts a process that has exactly the file descriptors that it is given."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

_HIGH = 64  # copies of descriptors are put here or above, out of the way of the child's numbers


class Spawner:
    """Starts processes from a thread that lives as long as this object.

    `prctl(PR_SET_PDEATHSIG)`, by which a sandbox dies with the grader, is about the thread that
    started the process: one that ends after a job would kill what others still wait for.
    """

    def __init__(self) -> None:
        self._made_in = 0
        self._threads = self._new_threads()

    def _new_threads(self) -> ThreadPoolExecutor:
        self._made_in = os.getpid()
        return ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-spawner")

    def spawn(self, argv: Sequence[str], env: Mapping[str, str], fds: Mapping[int, int]) -> int:
        """Return the pid of a new process in a session of its own; raise OSError if there is none.

        `fds` maps the numbers of its file descriptors to ours; it has no others. `argv[0]` is an
        absolute path.
        """
        if self._made_in != os.getpid():  # this process was forked: threads are not
            self._threads = self._new_threads()
        return self._threads.submit(_spawn, list(argv), dict(env), dict(fds)).result()


def _spawn(argv: list[str], env: dict[str, str], fds: dict[int, int]) -> int:
    start = max(_HIGH, *fds) + 1
    copies: dict[int, int] = {}
    try:
        for child, ours in fds.items():
            copies[child] = fcntl.fcntl(ours, fcntl.F_DUPFD_CLOEXEC, start)
        actions: list[tuple[int, int, int] | tuple[int, int]] = [
            (os.POSIX_SPAWN_DUP2, copy, child) for child, copy in copies.items()
        ]
        actions += [(os.POSIX_SPAWN_CLOSE, fd) for fd in _inheritable() if fd not in fds]
        return os.posix_spawn(
            argv[0],
            argv,
            env,
            file_actions=actions,
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ],
        )
    finally:
        for copy in copies.values():
            os.close(copy)


def _inheritable() -> list[int]:
    """Return the file descriptors of this process that a child would get: not those of Python."""
    found = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 -- a list of numbers
        with suppress(OSError):  # the descriptor of the list itself is closed by now
            if os.get_inheritable(int(name)):
                found.append(int(name))
    return found


def open_descriptors(process: str) -> set[int]:
    """Return the numbers of the file descriptors of a process: of its folder in a /proc."""
    return {int(entry.name) for entry in Path(process, "fd").iterdir()}
