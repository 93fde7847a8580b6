"""Runs the checks of a submission in sandboxes, and starts a new one when one has died."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from needle_shared.grading.catalogue import Check
from needle_shared.grading.duel import run_timed
from needle_shared.grading.gate import Gate
from needle_shared.grading.outcome import Outcome
from needle_shared.grading.reference import Reference
from needle_shared.grading.sandbox.interface import Sandbox, SandboxError
from needle_shared.grading.session import Job, Session, StartError, UnusableError

SHORTEST = 10.0  # seconds for a check, at least
MULTIPLE = 10.0  # of the reference's time here
TOTAL_SHORTEST = 120.0  # seconds for a submission, at least
TOTAL_MULTIPLE = 20.0
_PAUSES = (0.5, 2.0)  # seconds before a sandbox that did not start is tried again

NOT_RUN = "not run: the time for this submission was over"


@dataclass
class Clock:
    """The time that is left for the checks of a submission, and what each has of it at least.

    It runs while it is held as a context: builds and waiting for others are not the submission's.
    """

    seconds: float
    check_seconds: float = SHORTEST
    started: float | None = None

    @property
    def left(self) -> float:
        """The seconds that are left."""
        now = time.monotonic()
        return self.seconds - (0.0 if self.started is None else now - self.started)

    @contextlib.contextmanager
    def share(self, part: float) -> Iterator[Clock]:
        """Lend a part of what is left, as a clock; what is left of that comes back."""
        lent = Clock(part * max(self.left, 0.0), self.check_seconds)
        self.seconds -= lent.seconds
        try:
            yield lent
        finally:
            self.seconds += lent.left

    def __enter__(self) -> Clock:
        self.started = time.monotonic()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.seconds, self.started = self.left, None


@dataclass
class Ran:
    """How the checks ended; those that are not here were not run."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    logs: list[str] = field(default_factory=list)
    unusable: UnusableError | None = None


def limit(check: Check, reference: Reference, shortest: float) -> float:
    """Return the seconds that a check may take: its own limit, or by the reference's time."""
    if check.timeout is not None:
        return check.timeout
    return max(shortest, MULTIPLE * reference.outcomes[check.id].seconds)


def total(reference: Reference, check_seconds: float) -> Clock:
    """Return the clock of a submission."""
    return Clock(max(TOTAL_SHORTEST, TOTAL_MULTIPLE * reference.seconds), check_seconds)


def weight(checks: Iterable[Check], reference: Reference) -> float:
    """Return how much of the time checks get, compared with the other checks of a submission."""
    seconds = sum(reference.outcomes[check.id].seconds for check in checks)
    return max(TOTAL_SHORTEST / 2, TOTAL_MULTIPLE * seconds)


def run_checks(
    sandbox: Sandbox,
    job: Job,
    checks: Iterable[Check],
    reference: Reference,
    clock: Clock,
    gate: Gate,
    rival: Job,
) -> Ran:
    """Run checks in order; each death costs its own check only.

    After a check that took too long, the others of its question come last: they may, too.
    A check that took too long is tried again alone, when the others are done, and so is an import:
    a busy machine is not the submission's fault. `rival` is the reference's job, for timed checks.
    Raise BrokenError and StartError as `Session` does.
    """
    ran = Ran()
    todo = list(checks)
    while todo and clock.left > 0:
        with gate.shared(), clock:
            todo = _run_until_death(sandbox, job, todo, reference, clock, ran, rival)
        if ran.unusable is not None and ran.unusable.status == "timeout":
            ran.unusable = None
            with gate.alone(), clock:
                todo = _run_until_death(sandbox, job, todo, reference, clock, ran, rival)
        if ran.unusable is not None:
            return ran
    for check in [c for c in checks if _timed_out(ran, c)]:
        if clock.left <= 0:
            break
        with gate.alone(), clock:
            _run_until_death(sandbox, job, [check], reference, clock, ran, rival)
    return ran


def _timed_out(ran: Ran, check: Check) -> bool:
    return check.id in ran.outcomes and ran.outcomes[check.id].status == "timeout"


def _run_until_death(
    sandbox: Sandbox,
    job: Job,
    todo: list[Check],
    reference: Reference,
    clock: Clock,
    ran: Ran,
    rival: Job,
) -> list[Check]:
    """Run checks in one sandbox until it dies; return those that are left."""
    try:
        session = start(sandbox, job)
    except UnusableError as error:
        ran.unusable = error
        ran.logs.append(error.log)
        return todo
    left: list[Check] = []
    with session:
        for i, check in enumerate(todo):
            if clock.left <= 0:
                left = todo[i:]
                break
            expected = reference.outcomes[check.id]
            seconds = min(limit(check, reference, clock.check_seconds), max(clock.left, 1.0))
            if expected.lap is None:
                outcome = session.run(check.id, seconds, expected)
            else:
                outcome, measured = run_timed(sandbox, session, rival, check.id, seconds, expected)
                outcome = replace(outcome, rival=measured)
            ran.outcomes[check.id] = outcome
            if session.ended:
                left = todo[i + 1 :]
                if outcome.status == "timeout":
                    left.sort(key=lambda other: other.question == check.question)
                break
    ran.logs.append(session.log())
    return left


def start(sandbox: Sandbox, job: Job) -> Session:
    """Start a session; try again where the machine, not the submission, made it fail."""
    for pause in _PAUSES:
        with contextlib.suppress(StartError, SandboxError):
            return Session(sandbox, job)
        time.sleep(pause)
    return Session(sandbox, job)
