"""Timed calls: the submission and the reference take turns, so that both meet the same machine."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

from needle_shared.grading.outcome import Lap, Outcome
from needle_shared.grading.sandbox.interface import Sandbox
from needle_shared.grading.session import Job, Session, StartError

_RIVAL_SECONDS = 60.0  # for the reference, besides the time in which it waits for its turn


def run_timed(
    sandbox: Sandbox, session: Session, rival: Job, check: str, seconds: float, expected: Outcome
) -> tuple[Outcome, Lap | None]:
    """Run a check with timed calls; return its outcome, and the times of the reference.

    Where the outcome is a failure, there are no points, and the times do not matter.
    """
    with Session(sandbox, rival) as reference, ThreadPoolExecutor(1) as pool:
        turns = _Turns()
        other = pool.submit(_run, reference, check, seconds + _RIVAL_SECONDS, turns)
        try:
            outcome = session.run(check, seconds, expected, turns.next)
        finally:
            turns.leave()
        measured = other.result()
    if measured.status != "ok" and outcome.status == "ok":
        raise StartError(f"the reference fails {check}: {measured.status}, {measured.message}")
    return outcome, measured.lap


def _run(session: Session, check: str, seconds: float, turns: _Turns) -> Outcome:
    try:
        return session.run(check, seconds, None, turns.next)
    finally:
        turns.leave()


class _Turns:
    """Two threads take turns, until one of them leaves."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)
        self._lock = threading.Lock()
        self._mine = threading.local()

    def next(self) -> None:
        """Give the turn away, and take it again when the other one has had it."""
        self.leave(for_good=False)
        with contextlib.suppress(threading.BrokenBarrierError):
            self._barrier.wait(timeout=5.0)
        self._lock.acquire()
        self._mine.held = True

    def leave(self, *, for_good: bool = True) -> None:
        """Give the turn away."""
        if for_good:
            self._barrier.abort()
        if getattr(self._mine, "held", False):
            self._mine.held = False
            self._lock.release()
