"""A command in its sandbox, watched by a thread."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from needle_shared.grading.sandbox.interface import Process

INTERVAL = 0.05  # seconds between two looks at the limits
_CHUNK = 1 << 16
_PAUSE = 0.002  # after each chunk, once the log is full: at most 32 MiB/s are read and thrown away
_PATIENCE = 5.0  # seconds for the kernel to end processes: those that wait for a disk take long


class Log:
    """The last `size` bytes of a stream."""

    def __init__(self, size: int) -> None:
        self._size, self._chunks, self._kept, self.total = size, deque[bytes](), 0, 0
        self._lock = threading.Lock()

    def add(self, data: bytes) -> None:
        """Append, and forget what is too old."""
        with self._lock:
            self._chunks.append(data)
            self._kept += len(data)
            self.total += len(data)
            while self._chunks and self._kept - len(self._chunks[0]) >= self._size:
                self._kept -= len(self._chunks.popleft())

    @property
    def full(self) -> bool:
        """Whether something was forgotten."""
        return self.total > self._size

    def last(self) -> bytes:
        """Return what is kept."""
        with self._lock:
            return b"".join(self._chunks)[-self._size :] if self._size else b""


class WatchedProcess(Process):
    """A process that was started, with all that its sandbox consists of.

    Parameters
    ----------
    pid
        The process that was started, a child of ours: it is waited for.
    output
        A file descriptor to read stdout and stderr from.
    exceeded
        Returns the name of the limit that is exceeded, or None; called every 50 ms.
    kill_all
        Called, perhaps again and again, to kill all processes.
    all_ended
        Returns whether no process is left, after waiting for that at most so many seconds.
    clean_up
        Called once, when all processes have ended.
    """

    def __init__(
        self,
        pid: int,
        *,
        output: int,
        log_size: int,
        exceeded: Callable[[], str | None],
        kill_all: Callable[[], None],
        all_ended: Callable[[float], bool],
        clean_up: Callable[[], None],
    ) -> None:
        self.pid = pid
        self._pidfd = os.pidfd_open(pid)
        self._output = output
        self._log = Log(log_size)
        self._exceeded, self._kill_all = exceeded, kill_all
        self._all_ended, self._clean_up = all_ended, clean_up
        self._code: int | None = None
        self._ended = threading.Event()  # the command
        self._wake, self._woken = os.pipe()
        self._lock = threading.Lock()
        self._asked = False
        self._thread = threading.Thread(target=self._watch, name=f"sandbox-{pid}", daemon=True)
        self._thread.start()

    def log(self) -> bytes:
        """Return the last bytes of what was written."""
        return self._log.last()

    @property
    def dropped(self) -> int:
        """How many bytes were written before those."""
        return self._log.total - len(self._log.last())

    def poll(self) -> int | None:
        """Return the exit code, or None while the command runs."""
        return self._code if self._ended.is_set() else None

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end, and return the exit code or None."""
        self._ended.wait(timeout)
        return self.poll()

    def kill(self) -> int:
        """Kill all processes, and return the exit code."""
        with self._lock:
            if not self._asked:
                self._asked = True
                with suppress(OSError):
                    os.write(self._woken, b"k")
        self._thread.join(2 * _PATIENCE)
        return -signal.SIGKILL if self._code is None else self._code

    def _watch(self) -> None:
        try:
            self._end_all(by_itself=self._until_the_end())
        finally:
            with self._lock:
                self._asked = True  # nobody writes to a descriptor that is closed
                for fd in (self._pidfd, self._output, self._wake, self._woken):
                    os.close(fd)
            self._ended.set()

    def _until_the_end(self) -> bool:
        """Return True when the command has ended by itself, False if it is to be killed."""
        poll = select.poll()
        for fd in (self._pidfd, self._output, self._wake):
            poll.register(fd, select.POLLIN)
        look = time.monotonic() + INTERVAL
        while True:
            ready = {fd for fd, _ in poll.poll(max(0.0, look - time.monotonic()) * 1000 + 1)}
            if self._output in ready and not self._read():
                poll.unregister(self._output)
            if ready & {self._pidfd, self._wake}:
                return self._pidfd in ready
            if time.monotonic() >= look:
                self.killed_for = self._exceeded()
                if self.killed_for:
                    return False
                look = time.monotonic() + INTERVAL

    def _read(self) -> bool:
        try:
            data = os.read(self._output, _CHUNK)
        except BlockingIOError:
            return True
        if data:
            self._log.add(data)
            if self._log.full:
                time.sleep(_PAUSE)
        return bool(data)

    def _end_all(self, *, by_itself: bool) -> None:
        """Kill what is left, note the exit code, keep what is in the pipe, and clean up."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            self._kill_all()
            if not self._reap(0.05):
                kill_pidfd(self._pidfd)  # it may wait for somebody to read its last message
            elif self._all_ended(0.05):
                break
        self.killed_for = self.killed_for or self._exceeded()
        if not by_itself:
            self._code = -signal.SIGKILL
        self._ended.set()
        os.set_blocking(self._output, False)
        for _ in range(64):  # a pipe holds less
            if not select.select([self._output], [], [], 0)[0] or not self._read():
                break
        self._clean_up()

    def _reap(self, timeout: float) -> bool:
        if self._code is None and has_ended(self._pidfd, timeout):
            try:
                self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            except ChildProcessError:  # somebody else waited for all children
                self._code = -signal.SIGKILL
            if self._code > 128:  # this is how bwrap and shells tell of a signal
                self._code = 128 - self._code
        return self._code is not None


def has_ended(pidfd: int, timeout: float) -> bool:
    """Return whether a process has ended, after waiting for that at most `timeout` seconds."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(timeout * 1000))


def kill_pidfd(pidfd: int) -> None:
    """Kill a process, if it has not ended."""
    with suppress(OSError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
