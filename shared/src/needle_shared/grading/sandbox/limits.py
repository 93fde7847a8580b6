"""Limits of single processes, by `prlimit` of util-linux, and what is said to the command."""

from __future__ import annotations

import os
import platform
import re
import resource
from contextlib import suppress
from pathlib import Path

from needle_shared.grading.sandbox.interface import Limits

READY = b"ready\n"
# It runs last, with all limits in force: it says that it is ready, and goes on when the grader has
# said so. If the grader has died by then, `read` sees the end of the pipe, and nothing is started.
_GATE = (
    "{ echo 1000 > /proc/self/oom_score_adj; } 2>/dev/null; "
    'unset PWD OLDPWD; echo ready; read -r go && exec "$@" </dev/null; exit 125'
)


def gate(command: list[str]) -> list[str]:
    """Return a command that waits for a line on stdin and then becomes `command`."""
    return ["/bin/sh", "-c", _GATE, "sh", *command]


def prlimit(program: str, limits: Limits) -> list[str]:
    """Return the words that put limits on the command that follows them, but not on their number.

    A limit that is lower already stays.
    """
    values = {
        "as": (resource.RLIMIT_AS, limits.address_space),
        "fsize": (resource.RLIMIT_FSIZE, limits.file_size),
        "cpu": (resource.RLIMIT_CPU, limits.cpu_seconds),
        "nofile": (resource.RLIMIT_NOFILE, limits.open_files),
        "core": (resource.RLIMIT_CORE, 0),
        "memlock": (resource.RLIMIT_MEMLOCK, 0),
        "msgqueue": (resource.RLIMIT_MSGQUEUE, 0),
        "sigpending": (resource.RLIMIT_SIGPENDING, 256),
    }
    return [program, *(_limit(name, *pair) for name, pair in values.items())]


def nproc(program: str, limits: Limits, others: int) -> list[str]:
    """Return the words that limit how many processes the user of the next command may have.

    `others` are there already. For root, the limit is without effect.
    """
    return [program, _limit("nproc", resource.RLIMIT_NPROC, limits.processes + others)]


def _limit(name: str, number: int, value: int) -> str:
    hard = resource.getrlimit(number)[1]
    return f"--{name}={value if hard == resource.RLIM_INFINITY else min(value, hard)}"


def tasks_of_user() -> int:
    """Return how many processes of this user the kernel counts against those of a sandbox.

    Until Linux 5.14, a user namespace did not have a count of its own.
    """
    version = re.match(r"(\d+)\.(\d+)", platform.release())
    if version is None or (int(version[1]), int(version[2])) >= (5, 14):
        return 0
    count = 0
    for entry in Path("/proc").glob("[0-9]*/task/*"):
        with suppress(OSError):
            count += entry.stat().st_uid == os.getuid()
    return count
