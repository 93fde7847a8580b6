"""What all sandboxes do to start a command: pipes, the wait until it is ready, and the go-ahead."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from needle_shared.grading.sandbox.interface import SandboxError
from needle_shared.grading.sandbox.limits import READY
from needle_shared.grading.sandbox.process import kill_pidfd
from needle_shared.grading.sandbox.spawn import Spawner

_SECONDS = 20.0  # to be ready: a busy machine may take long


@dataclass
class Started:
    """A process that waits at the gate.

    `output` reads its stdout and stderr; `extra` holds what it wrote to the pipe for `info`.
    """

    pid: int
    output: int
    _go: int
    info: bytes = b""

    def go(self) -> None:
        """Let it become the command."""
        try:
            os.write(self._go, b"go\n")
        except OSError as error:
            raise SandboxError(f"the sandbox ended before the command began: {error}") from error
        finally:
            self._close_go()

    def abandon(self) -> None:
        """Kill it."""
        pidfd = os.pidfd_open(self.pid)
        kill_pidfd(pidfd)
        os.close(pidfd)
        os.waitpid(self.pid, 0)
        self._close_go()
        os.close(self.output)

    def _close_go(self) -> None:
        if self._go >= 0:
            os.close(self._go)
        self._go = -1


def start_gated(
    spawner: Spawner,
    argv: Sequence[str],
    env: Mapping[str, str],
    pipes: Mapping[int, int],
    data: Mapping[int, bytes],
    info: int | None = None,
) -> Started:
    """Return a process that has set up its sandbox and waits for the go-ahead.

    Parameters
    ----------
    pipes
        File descriptors of the command, as for `Sandbox.start`.
    data
        What the process reads from other file descriptors: less than 64 KiB, a pipe's size.
    info
        A file descriptor that the process writes to before it is ready.

    Raises
    ------
    SandboxError
        If it ends or takes too long instead; the message is what it wrote.
    """
    if any(number < 3 for number in pipes):
        raise ValueError(f"0, 1 and 2 are stdin, stdout and stderr: got pipes {sorted(pipes)}")
    theirs: list[int] = []
    ours: list[int] = []

    def pipe(*, write: bool) -> int:
        reading, writing = os.pipe()
        theirs.append(writing if write else reading)
        ours.append(reading if write else writing)
        return ours[-1]

    try:
        go, output = pipe(write=False), pipe(write=True)
        fds = {**pipes, 0: theirs[0], 1: theirs[1], 2: theirs[1]}
        for number, content in data.items():
            _write_all(pipe(write=False), content)
            os.close(ours.pop())
            fds[number] = theirs[-1]
        told = pipe(write=True) if info is not None else -1
        if info is not None:
            fds[info] = theirs[-1]
        try:
            pid = spawner.spawn(argv, env, fds)
        except OSError as error:
            raise SandboxError(f"{argv[0]}: {error}") from error
        ours.remove(go)
        ours.remove(output)
        started = Started(pid, output, go)
        _close(theirs)
        try:
            _wait_until_ready(output)
        except BaseException:
            started.abandon()
            raise
        if info is not None:
            started.info = os.read(told, 4096)
        return started
    finally:
        _close(theirs)
        _close(ours)


def _write_all(fd: int, content: bytes) -> None:
    os.set_blocking(fd, False)
    if os.write(fd, content) < len(content):
        raise SandboxError(f"{len(content)} bytes of settings are too many for a pipe")


def _close(fds: list[int]) -> None:
    while fds:
        os.close(fds.pop())


def _wait_until_ready(output: int) -> None:
    said = b""
    end = time.monotonic() + _SECONDS
    while not said.endswith(READY):
        left = end - time.monotonic()
        if left <= 0 or not select.select([output], [], [], left)[0]:
            raise SandboxError(f"not ready after {_SECONDS} s: {_text(said)}")
        chunk = os.read(output, 4096)
        said += chunk
        if not chunk:
            raise SandboxError(_text(said))


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace").strip() or "it ended without a message"
