"""What a sandbox is to the rest of the grader."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Tier = Literal["A", "B", "C", "none"]
MIB = 1 << 20
SCRATCH = "/w"  # the only folder that can be written to, with /dev/shm; the working directory


class SandboxError(RuntimeError):
    """A sandbox could not be set up: the machine is at fault, not the command."""


class NoSandboxError(SandboxError):
    """No tier works here that was allowed; the message says what can be done."""


@dataclass(frozen=True)
class Limits:
    """What a sandbox may use, all sizes in bytes.

    `memory` and `processes` (threads count) are for all of its processes together, the rest is for
    each process. Files in `/w` (at most `scratch`) and `/dev/shm` (at most a quarter of it) are
    memory, too. Of stdout and stderr together, the last `log` bytes are kept.
    """

    memory: int = 1536 * MIB
    address_space: int = 2048 * MIB
    processes: int = 32
    file_size: int = 64 * MIB
    cpu_seconds: int = 120
    scratch: int = 256 * MIB
    open_files: int = 128
    log: int = MIB // 4


@dataclass(frozen=True)
class Bind:
    """A file or folder that is seen inside at `target`, an absolute path, and cannot be written.

    Later ones lie over earlier ones. Where the grader is root, everyone must be allowed to read it.
    """

    source: Path
    target: str


class Process(ABC):
    """A command in its sandbox. As a context manager, it is killed at the end."""

    pid: int
    killed_for: str | None = None  # "memory" or "processes" if a limit was the reason

    @abstractmethod
    def log(self) -> bytes:
        """Return the last bytes of what was written to stdout and stderr."""

    @property
    @abstractmethod
    def dropped(self) -> int:
        """How many bytes were written before those of `log()`."""

    @abstractmethod
    def poll(self) -> int | None:
        """Return the exit code, minus the signal's number for a signal; None while it runs."""

    @abstractmethod
    def wait(self, timeout: float | None = None) -> int | None:
        """Return the exit code when the command has ended, or None after `timeout` seconds."""

    @abstractmethod
    def kill(self) -> int:
        """Kill all processes of the sandbox, remove what it left, and return the exit code.

        It may be called again and from any thread. It waits at most some seconds for the kernel.
        """

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.kill()


class Sandbox(ABC):
    """Starts commands in sandboxes of their own. It may be used by many threads at once."""

    tier: Tier

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return what the record of a result says about the isolation: plain data."""

    @abstractmethod
    def start(
        self,
        command: Sequence[str],
        *,
        binds: Sequence[Bind] = (),
        limits: Limits,
        pipes: Mapping[int, int],
        env: Mapping[str, str],
        slot: int = 0,
    ) -> Process:
        """Start a command in a new sandbox.

        Parameters
        ----------
        command
            The program, an absolute path inside, and its arguments. `python()` is an interpreter.
        pipes
            Which file descriptor of this process each one of the command is: ``{3: requests,
            4: replies}``. They stay open here: close them, or the other ends never see the end.
        env
            The whole environment.
        slot
            The number of the job among those that run at once; as root, each has a uid of its own.

        Raises
        ------
        SandboxError
            If the sandbox could not be set up.
        """

    @abstractmethod
    def inside(self, target: str, slot: int = 0) -> str:
        """Return the path at which the command sees the `target` of a bind, or "/w/...".

        It is `target` itself where a sandbox has a root folder of its own: tiers A and B. Paths in
        commands, environments and requests must be put through this for the others.
        """

    @abstractmethod
    def python(self) -> str:
        """Return the path of the Python interpreter inside: that of this process, without a venv.

        It has the standard library only; `-I -S` keeps it so, distributions are bound.
        """


@dataclass(frozen=True)
class Finding:
    """Whether a tier works on this machine; if not, why, and what would help."""

    tier: Tier
    works: bool
    reason: str
    remedy: str = ""
