"""Runs one build in a sandbox and takes over what it made, through a pipe."""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from needle_shared.grading.sandbox.interface import MIB, Bind, Limits, Sandbox

_CHUNK = 1 << 16
_LOG = MIB // 4


# Two compilers at once on a file with templates take 1.5 GiB.
_SANDBOX = Limits(
    memory=3072 * MIB,
    address_space=3072 * MIB,
    processes=64,
    file_size=256 * MIB,
    cpu_seconds=600,
    scratch=768 * MIB,
    open_files=256,
)


@dataclass(frozen=True)
class BuildLimits:
    """What a build may use. `seconds` are of a student's, `cold` of a whole stage."""

    seconds: float = 300
    cold: float = 3600
    module: int = 64 * MIB  # size of the extension
    sandbox: Limits = _SANDBOX


@dataclass(frozen=True)
class Outcome:
    """How a build ended: `made` is what it sent, `log` the beginning of what it printed.

    `stopped` says why the grader ended it, or is "".
    """

    made: bytes
    log: str
    code: int
    stopped: str
    seconds: float


def run_build(
    sandbox: Sandbox,
    script: str,
    *,
    binds: Sequence[Bind],
    env: dict[str, str],
    limits: Limits,
    seconds: float,
    largest: int,
    slot: int,
) -> Outcome:
    """Return how a shell script ended, which sends what it makes to 3 and messages to 4."""
    started = time.monotonic()
    with _Pipes(sizes={3: largest + 1, 4: _LOG}) as pipes:
        process = sandbox.start(
            ["/bin/sh", "-c", script],
            binds=binds, limits=limits, pipes=pipes.theirs, env=env, slot=slot,
        )  # fmt: skip
        with process:
            pipes.close_theirs()
            in_time = pipes.read_until(started + seconds)
            too_large = len(pipes.data[3]) > largest
            code = None if too_large or not in_time else process.wait(10)
            if code is None:
                code = process.kill()
        stopped = ""
        if process.killed_for:
            stopped = f"it took more {process.killed_for} than it may"
        elif too_large:
            stopped = f"the extension is larger than {largest // MIB} MiB"
        elif not in_time:
            stopped = f"it took longer than {seconds:.0f} s"
    log = bytes(pipes.data[4]) + process.log()
    took = time.monotonic() - started
    return Outcome(bytes(pipes.data[3]), log.decode("utf-8", "replace"), code, stopped, took)


class _Pipes:
    """Pipes that a command writes to; of each, as much as `sizes` says is kept."""

    def __init__(self, sizes: dict[int, int]) -> None:
        self._sizes = sizes
        self.data = {child: bytearray() for child in sizes}
        self.theirs: dict[int, int] = {}
        self._ours: dict[int, int] = {}  # descriptor: the child's number
        for child in sizes:
            ours, theirs = os.pipe()
            self._ours[ours] = child
            self.theirs[child] = theirs

    def read_until(self, deadline: float) -> bool:
        """Read until all pipes are closed or one that counts is full; return False if it is late.

        Messages beyond what is kept are thrown away.
        """
        with selectors.DefaultSelector() as selector:
            for ours in self._ours:
                selector.register(ours, selectors.EVENT_READ)
            while selector.get_map():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                for key, _ in selector.select(left):
                    chunk = os.read(key.fd, _CHUNK)
                    if not chunk:
                        selector.unregister(key.fd)
                    child = self._ours[key.fd]
                    room = self._sizes[child] - len(self.data[child])
                    self.data[child] += chunk[:room]
                    if child == 3 and room <= len(chunk) > 0:
                        return True
        return True

    def close_theirs(self) -> None:
        """Close the ends that the command has got: else theirs would never seem closed."""
        for descriptor in self.theirs.values():
            os.close(descriptor)
        self.theirs = {}

    def __enter__(self) -> _Pipes:
        return self

    def __exit__(self, *_exception: object) -> None:
        for descriptor in (*self._ours, *self.theirs.values()):
            with suppress(OSError):
                os.close(descriptor)
