"""Results of tasks in order, computed ahead by threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")
TASKS_PER_WORKER = 2  # one that runs, and one that is ready


def prefetched(tasks: Iterable[Callable[[], T]], workers: int) -> Iterator[T]:
    """Yield the results of `tasks` in order, while `workers` threads compute the next ones.

    Tasks run in a copy of the consumer's context (`contextvars`). The error of a task is raised
    where its result would have been, with its own traceback. However the iteration ends, tasks
    that have not begun never do, and the threads leave after those that have.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="needle-data")
    pending: deque[Future[T]] = deque()
    try:
        for task in tasks:
            pending.append(pool.submit(copy_context().run, task))
            if len(pending) > TASKS_PER_WORKER * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        # Without waiting: the garbage collector may run this in one of the threads.
        pool.shutdown(wait=False, cancel_futures=True)
