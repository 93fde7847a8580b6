"""Grades many submissions: in parallel, resumable, and safe to be stopped at any time."""

from __future__ import annotations

import hashlib
import json
import queue
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from needle_shared.grading.grade import Grader
from needle_shared.grading.results.model import Result
from needle_shared.grading.results.reading import ResultError
from needle_shared.grading.results.serialize import read_result
from needle_shared.grading.sandbox.interface import SandboxError
from needle_shared.grading.session import StartError
from needle_shared.grading.submission.intake import Submission, read_submission
from needle_shared.grading.submission.limits import InvalidSubmission

TRIES = 3  # of a submission, where the machine failed


@dataclass(frozen=True)
class Item:
    """A submission to be graded, under the student's name; the name is that of its folder."""

    student: str
    path: Path


@dataclass(frozen=True)
class Graded:
    """A result, and whether it was there already."""

    result: Result
    kept: bool = False


class Batch:
    """The submissions of a class. `out` holds a folder for each student.

    Nothing is stored once `stopped` is set: a sandbox that is killed looks like a crash.
    """

    def __init__(self, grader: Grader, out: Path, stopped: threading.Event | None = None) -> None:
        self._grader = grader
        self._out = out
        self._stop = stopped or threading.Event()
        stages = grader.setup.assignment.earlier
        own = grader.rules.earlier != "reference"
        self._earlier = [grader.setup.repository.assignment(name) for name in stages if own]

    def run(
        self,
        items: Iterable[Item],
        jobs: int,
        keep: Callable[[Result], None],
        again: bool = False,
    ) -> Iterator[Graded]:
        """Yield the result of each item as it is ready; `keep` stores it first.

        A result of the same files, checks, reference, seed and tier is not made again, unless
        `again`. Closing the generator stops what has not begun.
        """
        slots: queue.SimpleQueue[int] = queue.SimpleQueue()
        for slot in range(jobs):
            slots.put(slot)

        def work(item: Item) -> Graded:
            slot = slots.get()
            try:
                return self._kept(item, slot, keep, again=again)
            except OSError:  # nothing more can be stored
                raise
            except Exception as error:  # a fault of the grader costs one result, not the class
                if self._stop.is_set():
                    raise
                graded = Graded(self._failed(item.student, error))
                keep(graded.result)
                return graded
            finally:
                slots.put(slot)

        pool = ThreadPoolExecutor(jobs)
        try:
            yield from _as_ready(pool, work, items, jobs)
        finally:
            self._stop.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _kept(
        self, item: Item, slot: int, keep: Callable[[Result], None], *, again: bool
    ) -> Graded:
        """Return the result of an item, and store it if it is new."""
        graded = self.one(item, slot, again=again)
        if self._stop.is_set():
            raise SandboxError("stopped")
        if not graded.kept:
            keep(graded.result)
        return graded

    def _failed(self, student: str, error: Exception) -> Result:
        why = f"a fault of the grader: {type(error).__name__}: {error}"
        log = "".join(traceback.format_exception(error))
        return replace(self._grader.empty(student, "infra_error", why), log=log)

    def one(self, item: Item, slot: int, *, again: bool = False) -> Graded:
        """Return the result of an item."""
        try:
            submission = read_submission(item.path, self._grader.setup.assignment, self._earlier)
        except InvalidSubmission as error:
            return Graded(self._grader.empty(item.student, "invalid", str(error)))
        submission = replace(submission, name=item.student)
        key = self.key(submission)
        earlier = None if again else self.earlier_result(item.student)
        if earlier is not None and earlier.record.get("key") == key:
            return Graded(earlier, kept=True)
        result = self._try(submission, slot)
        return Graded(replace(result, record={**result.record, "key": key}))

    def _try(self, submission: Submission, slot: int) -> Result:
        why = ""
        for _ in range(TRIES):
            if self._stop.is_set():
                break
            try:
                return self._grade(submission, slot)
            except (StartError, SandboxError, OSError) as error:
                why = f"{type(error).__name__}: {error}"
        return self._grader.empty(submission.name, "infra_error", why or "stopped")

    def _grade(self, submission: Submission, slot: int) -> Result:
        if self._grader.rules.earlier == "both":
            from needle_shared.grading.both import grade_both  # noqa: PLC0415 - slow to import

            return grade_both(self._grader, submission, slot)
        return self._grader.grade(submission, slot)

    def key(self, submission: Submission) -> str:
        """Return the hash of all that a result depends on, but the time."""
        rules = self._grader.rules
        parts = {**self._grader.record, "submission": submission.hash, "only": rules.only}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def earlier_result(self, student: str) -> Result | None:
        """Return the graded result that `out` has of a student, or None."""
        try:
            result = read_result(self._out / student / "result.json")
        except (OSError, ResultError):
            return None
        return result if result.status == "graded" else None


def _as_ready(
    pool: Executor, work: Callable[[Item], Graded], items: Iterable[Item], jobs: int
) -> Iterator[Graded]:
    """Yield results; never more than a few items wait in the pool."""
    waiting: set[Future[Graded]] = set()
    for item in items:
        waiting.add(pool.submit(work, item))
        if len(waiting) >= 2 * jobs:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)
