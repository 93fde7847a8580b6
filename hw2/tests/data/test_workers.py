"""Threads that read ahead: order, errors, and how they end."""

import contextvars
import gc
import os
import signal
import sys
import threading
import time
import traceback
import weakref

import numpy as np
import pytest

from needle_hw1 import default_device, use_device
from needle_hw2 import data
from needle_shared.testing import run_python


class Function(data.Dataset):
    """Item i is `function(i)`."""

    def __init__(self, count, function):
        super().__init__()
        self.count, self.function = count, function

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return self.function(index)


def values(batches):
    return [x.numpy().tolist() for (x,) in batches]


@pytest.mark.parametrize("workers", [1, 2, 7, 50])
def test_batches_come_in_order_whichever_thread_is_done_first(workers):
    def late(index):
        time.sleep(0.002 * (index % 3 == 0))
        return index

    loader = data.DataLoader(Function(40, late), 2, num_workers=workers)
    assert values(loader) == [[i, i + 1] for i in range(0, 40, 2)]


def test_items_are_read_by_other_threads_at_the_same_time():
    meeting = threading.Barrier(2, timeout=10)
    threads = set()

    def meet(index):
        meeting.wait()  # nobody gets on before two threads are here
        threads.add(threading.current_thread())
        return index

    assert values(data.DataLoader(Function(4, meet), num_workers=2)) == [[0], [1], [2], [3]]
    assert len(threads) == 2
    assert threading.current_thread() not in threads


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_is_read_ahead_than_two_batches_per_worker(workers):
    read = []

    def note(index):
        read.append(index)
        return index

    batches = iter(data.DataLoader(Function(100, note), num_workers=workers))
    assert read == []
    for taken in range(1, 20):
        next(batches)
        assert len(read) <= taken + 2 * workers
    end = time.monotonic() + 10
    while len(read) < 19 + 2 * workers and time.monotonic() < end:
        time.sleep(0.001)
    assert sorted(read) == list(range(19 + 2 * workers))


def fail_at_seven(index):
    if index == 7:
        raise OSError("item 7 cannot be read")
    return index


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_error_is_raised_at_its_batch_with_the_traceback_of_the_worker(workers, workers_left):
    batches = iter(data.DataLoader(Function(20, fail_at_seven), 2, num_workers=workers))
    assert values(next(batches) for _ in range(3)) == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(OSError, match="item 7 cannot be read") as caught:
        next(batches)
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-1] == "fail_at_seven"
    assert list(batches) == []
    assert workers_left() == []


@pytest.mark.parametrize("workers", [0, 2])
def test_stop_iteration_in_an_item_does_not_end_the_pass_in_silence(workers):
    def stop(index):
        raise StopIteration

    with pytest.raises(RuntimeError):
        list(data.DataLoader(Function(4, stop), 2, num_workers=workers))


def test_threads_end_with_the_pass(workers_left):
    for _ in data.DataLoader(Function(9, int), 2, num_workers=3):
        pass
    assert workers_left() == []


def test_threads_begin_with_the_first_batch(workers_left):
    batches = iter(data.DataLoader(Function(9, int), 2, num_workers=3))
    assert workers_left(0) == []
    next(batches)
    assert workers_left(0) != []
    batches.close()
    assert workers_left() == []


def test_leaving_the_loop_ends_the_threads(workers_left, without_gc):
    read = []

    def note(index):
        read.append(index)
        return index

    for (x,) in data.DataLoader(Function(10_000, note), num_workers=2):
        if x.item() == 5:
            break
    assert workers_left() == []
    assert len(read) < 20


def test_error_in_the_loop_ends_the_threads(workers_left, without_gc):
    def divide():
        for (x,) in data.DataLoader(Function(10_000, int), num_workers=2):
            x.item() / 0

    with pytest.raises(ZeroDivisionError):
        divide()
    assert workers_left() == []


def test_dropping_a_pass_does_not_wait_for_an_item(workers_left, without_gc):
    go_on, inside, begun = threading.Event(), threading.Semaphore(0), []

    def stuck(index):
        begun.append(index)
        if index > 0:
            inside.release()
            go_on.wait(30)
        return index

    batches = iter(data.DataLoader(Function(100, stuck), num_workers=2))
    next(batches)
    assert inside.acquire(timeout=30)
    assert inside.acquire(timeout=30)
    del batches
    assert workers_left(0) != []  # they are in the middle of an item
    go_on.set()
    assert workers_left() == []
    assert sorted(begun) == [0, 1, 2]  # what was waiting for a thread never began


def test_pass_may_be_dropped_by_the_garbage_collector_in_a_worker(workers_left):
    collect, collected = threading.Event(), threading.Event()

    def wait(index):
        if index == 2:
            collect.wait(30)
            gc.collect()
            collected.set()
        return index

    class Ring:
        pass

    gc.collect()
    gc.disable()
    try:
        ring = Ring()
        ring.batches, ring.itself = iter(data.DataLoader(Function(50, wait), num_workers=1)), ring
        next(ring.batches)
        del ring
        collect.set()
        assert collected.wait(30)
    finally:
        gc.enable()
    assert workers_left() == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal to send")
def test_interrupt_is_raised_where_a_batch_is_awaited(workers_left, without_gc):
    go_on, reading = threading.Event(), threading.Event()

    def stuck(index):
        reading.set()
        go_on.wait(30)
        return index

    def interrupt():
        reading.wait(30)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            next(iter(data.DataLoader(Function(100, stuck), num_workers=2)))
    finally:
        signal.signal(signal.SIGINT, before)
        go_on.set()
        thread.join()
    assert workers_left() == []


@pytest.mark.parametrize("ending", ["", "raise SystemExit(0)", "del batches"])
def test_interpreter_ends_with_a_pass_under_way(ending):
    code = f"""
import numpy as np
from needle_hw2 import data

batches = iter(data.DataLoader(data.NDArrayDataset(np.arange(100000)), num_workers=3))
print(next(batches)[0].item())
{ending}
"""
    assert run_python(code) == "0"


def test_workers_see_the_context_of_the_consumer(second_device):
    variable = contextvars.ContextVar("variable", default="before")
    seen = []

    def note(index):
        seen.append((variable.get(), default_device()))
        return index

    other = second_device()
    token = variable.set("set")
    with use_device(other):
        list(data.DataLoader(Function(3, note), num_workers=2))
    variable.reset(token)
    assert seen == [("set", other)] * 3


def test_errors_of_a_pass_keep_nothing_alive(without_gc):
    dataset = Function(20, fail_at_seven)
    known = weakref.ref(dataset)
    with pytest.raises(OSError, match="7"):
        list(data.DataLoader(dataset, 2, num_workers=2))
    gc.collect()  # a traceback and its frame are a ring
    del dataset
    assert known() is None


def test_large_batches_are_the_same_with_and_without_workers(rng):
    dataset = data.NDArrayDataset(rng.random((5000, 64)), rng.integers(10, size=5000))
    passes = (
        data.DataLoader(
            dataset, 128, shuffle=True, num_workers=workers, rng=np.random.default_rng(1)
        )
        for workers in (0, 4)
    )
    for mine, its in zip(*passes, strict=True):
        for a, b in zip(mine, its, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
