"""A sandbox that can be ended as a whole."""

from __future__ import annotations

import signal
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from needle_shared.grading.sandbox.interface import Bind, Limits, Process, Sandbox, SandboxError


class Stoppable(Sandbox):
    """Another sandbox; `stop` kills all that it started, and it starts nothing more."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.tier = sandbox.tier
        self._running: weakref.WeakSet[Process] = weakref.WeakSet()
        self._lock = threading.RLock()  # a signal's handler may stop what it interrupts
        self.stopped = threading.Event()  # set before anything is killed

    def describe(self) -> dict[str, Any]:
        """Return what the other one says."""
        return self._sandbox.describe()

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
        """Start a command; raise SandboxError after `stop`."""
        if self.stopped.is_set():
            raise SandboxError("stopped")
        process = self._sandbox.start(
            command, binds=binds, limits=limits, pipes=pipes, env=env, slot=slot
        )
        with self._lock:
            self._running.add(process)
            stopped = self.stopped.is_set()
        if stopped:
            process.kill()
            raise SandboxError("stopped")
        return process

    def inside(self, target: str, slot: int = 0) -> str:
        """Return the path that the other one gives."""
        return self._sandbox.inside(target, slot)

    def python(self) -> str:
        """Return the other one's interpreter."""
        return self._sandbox.python()

    def stop(self) -> None:
        """Kill everything."""
        with self._lock:
            self.stopped.set()
            running = list(self._running)
        for process in running:
            process.kill()


@contextmanager
def stopped_by_signals(sandbox: Stoppable) -> Iterator[None]:
    """Let signals end the sandboxes first: nothing waits for a submission then."""

    def stop(*_: object) -> NoReturn:
        sandbox.stop()
        raise KeyboardInterrupt

    # A shell lets what runs in the background ignore them.
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
