"""A training with a screen, a folder and signals around it."""

import csv
import io
import json
import os
import signal
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from needle_hw2 import checkpoint
from needle_hw2.checkpoint import CheckpointError
from needle_hw2.training import DivergedError, Folder, Outcome, Step, make_screen, train
from needle_hw2.training.interruption import Interruption
from needle_hw2.training.screen import Screen


@pytest.fixture
def silent():
    return make_screen(Console(file=io.StringIO()), 3)


@pytest.fixture
def folder(tmp_path):
    made = Folder(tmp_path / "run" / "deeper", "test_error")
    made.begin()
    return made


@pytest.fixture(autouse=True)
def curves(monkeypatch):
    """Note the lengths of the histories that are drawn, instead of drawing, which takes time."""
    drawn = []
    monkeypatch.setattr(
        "needle_hw2.training.folder.draw_curves", lambda history, _: drawn.append(len(history))
    )
    return drawn


class Watching(Screen):
    """Calls `action` with each event."""

    def __init__(self, action):
        super().__init__(Console(file=io.StringIO()), 3)
        self.action = action

    def show(self, event):
        self.action(event)


def raising_at(number, *signals):
    """Return a screen that sends this process `signals` at event `number`."""
    seen = []

    def action(event):
        seen.append(event)
        if len(seen) == number:
            for each in signals:
                signal.raise_signal(each)

    return Watching(action)


def results(criterion, *values):
    """Return a task under which the test means of `criterion` are `values`, epoch by epoch."""
    passes = []

    def task(model, batch):
        X, _ = batch
        if not model.training and len(X) == 5:  # the first batch of the test
            passes.append(None)
        value = 9.0 if model.training else values[len(passes) - 1]
        loss = (model(X) * 0.0).sum() + 1.0
        return Outcome(loss, len(X), {criterion: value * len(X)})

    return task


# Files


def test_folder_has_every_file_in_the_end(make_trainer, silent, folder, curves):
    trainer = make_trainer()
    assert train(trainer, 2, silent, folder) is None
    names = ["best.safetensors", "last.safetensors", "log.csv", "log.jsonl"]
    assert sorted(path.name for path in folder.path.iterdir()) == names
    lines = (folder.path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == trainer.progress.history
    with (folder.path / "log.csv").open(newline="") as file:
        table = [{name: float(text) for name, text in row.items()} for row in csv.DictReader(file)]
    assert table == trainer.progress.history
    assert curves == [2]


def test_nothing_is_written_without_a_folder(make_trainer, silent, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train(make_trainer(), 2, silent)
    assert list(tmp_path.iterdir()) == []


def test_best_is_the_first_epoch_with_the_least_criterion(make_trainer, silent, folder):
    trainer = make_trainer(task=results("error", 0.5, 0.25, 0.25, 0.75))
    train(trainer, 4, silent, folder)
    epochs = [checkpoint.read_progress(path)["epoch"] - 1 for path in (folder.best, folder.last)]
    assert epochs == [2, 4]


def test_best_survives_resuming(make_trainer, silent, folder):
    train(make_trainer(task=results("error", 0.5, 0.25)), 2, silent, folder)
    second = make_trainer(task=results("error", 0.375, 0.125))
    folder.resume(second)
    train(second, 3, silent, folder)
    assert checkpoint.read_progress(folder.best)["epoch"] == 3
    train(second, 4, silent, folder)
    assert checkpoint.read_progress(folder.best)["epoch"] == 5


def test_folder_with_a_checkpoint_is_not_begun_again(make_trainer, silent, folder):
    train(make_trainer(), 1, silent, folder)
    before = {path: path.read_bytes() for path in folder.path.iterdir()}
    with pytest.raises(FileExistsError, match=r"last\.safetensors exists"):
        folder.begin()
    folder.last.unlink()
    with pytest.raises(FileExistsError, match=r"best\.safetensors exists"):
        folder.begin()
    assert all(path.read_bytes() == before[path] for path in folder.path.iterdir())


def test_resuming_without_a_checkpoint_is_an_error(make_trainer, folder):
    with pytest.raises(FileNotFoundError, match=r"last\.safetensors does not exist"):
        folder.resume(make_trainer())


def test_logs_after_resuming_have_each_epoch_once(make_trainer, silent, folder):
    train(make_trainer(), 2, silent, folder)
    for name in ("log.csv", "log.jsonl"):  # as if the process had died just before
        (folder.path / name).unlink()
    second = make_trainer()
    folder.resume(second)
    assert len((folder.path / "log.jsonl").read_text().splitlines()) == 2
    train(second, 3, silent, folder)
    lines = (folder.path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3]
    assert (folder.path / "log.csv").read_text().count("\n") == 4


def test_resuming_in_the_first_epoch_writes_no_logs(make_trainer, folder):
    train(make_trainer(), 1, raising_at(2, signal.SIGINT), folder)
    folder.resume(make_trainer())
    assert list(folder.path.iterdir()) == [folder.last]


def test_old_epochs_are_shown_after_resuming(make_trainer, silent, folder):
    train(make_trainer(), 2, silent, folder)
    second = make_trainer()
    folder.resume(second)
    shown = []
    train(second, 3, Watching(shown.append), folder)
    assert [event["epoch"] for event in shown if not isinstance(event, Step)] == [1, 2, 3]


def test_checkpoint_is_written_whenever_the_seconds_have_passed(make_trainer, silent, folder):
    batches = []

    def note(event):
        if isinstance(event, Step) and event.phase == "train" and folder.last.exists():
            saved = checkpoint.read_progress(folder.last)
            batches.append((saved["epoch"], saved["batch"]))

    train(make_trainer(), 1, Watching(note), folder, save_seconds=0)
    assert batches == [(1, 1), (1, 2), (1, 3), (1, 4)]  # the screen is told before it is saved


def test_seconds_are_counted_from_the_checkpoint_before(make_trainer, folder, monkeypatch):
    clock, saved = [], []
    fake = SimpleNamespace(monotonic=lambda: len(clock))  # a second for each event
    monkeypatch.setattr("needle_hw2.training.session.time", fake)
    trainer = make_trainer()
    monkeypatch.setattr(trainer, "save", lambda path: saved.append((path.name, len(clock))))
    train(trainer, 1, Watching(clock.append), folder, save_seconds=3)
    last, best = "last.safetensors", "best.safetensors"
    assert saved == [(last, 3), (last, 6), (best, 8), (last, 8)]


def test_checkpoints_are_rare_while_the_seconds_have_not_passed(make_trainer, folder):
    seen = []
    train(make_trainer(), 1, Watching(lambda _: seen.append(folder.last.exists())), folder, 1000)
    assert not any(seen)
    assert folder.last.exists()


def test_divergence_keeps_the_last_good_checkpoint(make_trainer, silent, folder):
    train(make_trainer(task=results("error", 0.5)), 1, silent, folder)
    good = folder.last.read_bytes()
    diverging = make_trainer(task=lambda model, batch: Outcome(model(batch[0]).sum() * np.nan, 1))
    folder.resume(diverging)
    with pytest.raises(DivergedError):
        train(diverging, 3, silent, folder, save_seconds=0)
    assert folder.last.read_bytes() == good


def test_error_while_saving_names_the_file(make_trainer, silent, folder, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: .*best\.safetensors"):
        train(make_trainer(), 1, silent, folder)
    assert list(folder.path.iterdir()) == []


def test_curves_are_drawn_meanwhile_if_epochs_take_long(
    make_trainer, silent, folder, curves, monkeypatch
):
    monkeypatch.setattr("needle_hw2.training.folder.DRAW_SECONDS", 0)
    train(make_trainer(), 2, silent, folder)
    assert curves == [1, 2, 2]


def test_training_needs_no_matplotlib(make_trainer, silent, folder, curves, monkeypatch):
    monkeypatch.setattr("needle_hw2.training.folder.can_draw", lambda: False)
    train(make_trainer(), 1, silent, folder)
    assert curves == []
    assert folder.last.exists()


def test_training_that_is_left_in_its_first_epoch_draws_nothing(make_trainer, folder, curves):
    train(make_trainer(), 1, raising_at(2, signal.SIGINT), folder)
    assert curves == []


# Signals


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("number", [1, 3, 5, 6, 8, 11])
def test_signal_ends_the_batch_and_the_resumed_training_is_bit_equal(
    make_trainer, silent, folder, state, sent, number
):
    unbroken = make_trainer()
    list(unbroken.run(2))
    wanted = state(unbroken)
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    assert train(make_trainer(), 2, raising_at(number, sent), folder) is sent
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    resumed = make_trainer()
    folder.resume(resumed)
    assert resumed.progress.batch == (min(number, 5) if number < 8 else number - 8)
    assert train(resumed, 2, silent, folder) is None
    assert state(resumed) == wanted


def test_second_signal_stops_at_once_and_the_terminal_is_restored(make_trainer, folder):
    left = []

    class Leaving(Watching):
        def __exit__(self, kind, error, trace):
            left.append(kind)

    screen = Leaving(raising_at(2, signal.SIGINT, signal.SIGINT).action)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(make_trainer(), 1, screen, folder)
    assert left == [KeyboardInterrupt]
    assert signal.getsignal(signal.SIGINT) is before
    assert not folder.last.exists()


def test_signal_after_the_last_epoch_is_no_interruption(make_trainer, folder):
    assert train(make_trainer(), 1, raising_at(8, signal.SIGINT), folder) is None


def test_handlers_are_restored_after_an_error(make_trainer):
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]

    def fail(_):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        train(make_trainer(), 1, Watching(fail))
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


def test_training_works_in_a_thread_which_gets_no_signals(make_trainer, silent):
    trainer, before = make_trainer(), signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=train, args=(trainer, 1, silent))
    thread.start()
    thread.join()
    assert len(trainer.progress.history) == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_first_signal_is_noted_by_name():
    with Interruption() as interruption:
        assert interruption.signal is None
        signal.raise_signal(signal.SIGTERM)
        assert interruption.signal is signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert interruption.signal is signal.SIGTERM


def test_foreign_checkpoint_leaves_the_logs(make_trainer, folder, silent):
    train(make_trainer(), 1, silent, folder)
    before = (folder.path / "log.csv").read_bytes()
    with pytest.raises(CheckpointError):
        folder.resume(make_trainer(seed=8))
    assert (folder.path / "log.csv").read_bytes() == before
