"""A training that was left and taken up again has the same bits as one that never was."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_hw2 import checkpoint, nn
from needle_hw2.checkpoint import CheckpointError
from needle_hw2.training import DivergedError, Outcome, Step
from needle_hw2.training.randomness import (
    checked_random_state,
    get_random_state,
    set_random_state,
)

EPOCHS = 3
EVENTS = EPOCHS * (5 + 2 + 1)  # 5 training batches, 2 of test, and the row


def take(events, count):
    return [next(events) for _ in range(count)]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("left", [1, 4, 5, 6, 7, 8, 9, 18, EVENTS - 1, EVENTS])
def test_resumed_training_is_bit_equal(make_trainer, state, tmp_path, optimizer, workers, left):
    unbroken = make_trainer(optimizer, clip_norm=0.5)
    list(unbroken.run(EPOCHS))
    wanted = state(unbroken)

    first = make_trainer(optimizer, workers, clip_norm=0.5)
    events = first.run(EPOCHS)
    take(events, left)
    first.save(tmp_path / "last.safetensors")
    at_save = state(first)
    events.close()
    second = make_trainer(optimizer, workers, clip_norm=0.5)
    np.random.seed(99)
    second.load(tmp_path / "last.safetensors")
    assert state(second) == at_save
    list(second.run(EPOCHS))
    assert state(second) == wanted


@pytest.mark.parametrize("left", [1, 2, 9, 10])
def test_task_that_draws_normal_numbers_is_resumed_bit_equal(make_trainer, state, tmp_path, left):
    def task(model, batch):  # one of a pair of numbers at a time
        X, y = batch
        factor = float(np.exp(np.random.randn()))
        return Outcome(nn.SoftmaxLoss()(model(X), y) * factor, len(y))

    unbroken = make_trainer(task=task)
    list(unbroken.run(2))
    wanted = state(unbroken)
    first = make_trainer(task=task)
    take(first.run(2), left)
    first.save(tmp_path / "last.safetensors")
    second = make_trainer(task=task)
    second.load(tmp_path / "last.safetensors")
    list(second.run(2))
    assert state(second) == wanted


def test_saving_at_every_batch_changes_nothing(make_trainer, state, tmp_path):
    unbroken, saved = make_trainer(), make_trainer()
    list(unbroken.run(2))
    wanted = state(unbroken)
    saved = make_trainer()
    for _ in saved.run(2):
        saved.save(tmp_path / "last.safetensors")
    assert state(saved) == wanted


def test_epochs_added_later_are_those_of_a_longer_training(make_trainer, state, tmp_path):
    unbroken = make_trainer(cosine=None)
    list(unbroken.run(3))
    wanted = state(unbroken)
    short = make_trainer(cosine=None)
    list(short.run(1))
    short.save(tmp_path / "last.safetensors")
    longer = make_trainer(cosine=None)
    longer.load(tmp_path / "last.safetensors")
    list(longer.run(3))
    assert state(longer) == wanted


def test_longer_schedule_is_taken_up_at_the_same_step(make_trainer, tmp_path):
    short = make_trainer(cosine=10)
    list(short.run(1))
    short.save(tmp_path / "last.safetensors")
    longer = make_trainer(cosine=20)
    longer.load(tmp_path / "last.safetensors")
    assert longer.optimizer.lr == pytest.approx(0.005 * (1 + np.cos(np.pi * 5 / 20)), rel=1e-12)
    take(longer.run(2), 1)
    assert longer.optimizer.lr == pytest.approx(0.005 * (1 + np.cos(np.pi * 6 / 20)), rel=1e-12)


@pytest.fixture
def saved(make_trainer, tmp_path):
    """Return the path of a checkpoint in the second epoch, after two batches."""
    trainer = make_trainer()
    take(trainer.run(2), 10)
    trainer.save(tmp_path / "last.safetensors")
    return tmp_path / "last.safetensors"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": 4}, "seed 3, now 4"),
        ({"batch": 6}, "batches 5, now 4"),
        ({"clip_norm": 1.0}, "clip_norm None, now 1.0"),
        ({"settings": {"lr": 1}}, "settings"),
        ({"cosine": None}, "with a schedule"),
        ({"optimizer": "sgd"}, "the state is one of Adam, not of SGD"),
        ({"hidden": 9}, "has shape (6, 8), not (6, 9)"),
    ],
    ids=str,
)
def test_checkpoint_of_another_training_is_refused(make_trainer, state, saved, options, words):
    trainer = make_trainer(**options)
    take(trainer.run(1), 1)
    before = state(trainer)
    with pytest.raises(CheckpointError, match=r"last\.safetensors: ") as error:
        trainer.load(saved)
    assert words in str(error.value)
    assert state(trainer) == before


def test_schedule_is_refused_where_there_was_none(make_trainer, state, tmp_path):
    without = make_trainer(cosine=None)
    without.save(tmp_path / "last.safetensors")
    trainer = make_trainer()
    before = state(trainer)
    with pytest.raises(CheckpointError, match="without a schedule"):
        trainer.load(tmp_path / "last.safetensors")
    assert state(trainer) == before


def test_settings_of_the_caller_are_compared(make_trainer, tmp_path):
    make_trainer(settings={"width": 1, "depth": 2}).save(tmp_path / "last.safetensors")
    with pytest.raises(CheckpointError, match=r"settings: width 1, now 5$"):
        make_trainer(settings={"width": 5, "depth": 2}).load(tmp_path / "last.safetensors")


def rewritten(path, progress):
    """Put another progress into the checkpoint at `path`."""
    tensors, values = checkpoint.archive.read(path)
    checkpoint.archive.write(path, tensors, {**values, "progress": progress})


def replaced(value, path, new):
    """Return a copy of nested dicts and lists in which what is at `path` is `new`."""
    value = copy.deepcopy(value)
    *outer, last = path
    inner = value
    for key in outer:
        inner = inner[key]
    inner[last] = new
    return value


@pytest.mark.parametrize(
    ("path", "new"),
    [
        *[([name], new) for name in ("epoch", "batch") for new in (-1, 1.5, True, "1", None)],
        *[(["tally", "examples"], new) for new in (-1, 0, 1.5, True, "1", None)],
        (["epoch"], 0),
        (["epoch"], 1),  # the history has an epoch
        (["batch"], 6),
        (["tally"], []),
        (["tally", "seconds"], "1"),
        (["tally", "sums"], {"loss": "high"}),
        (["tally", "sums"], {"loss": 10**400}),
        (["tally", "sums"], {}),
        (["history"], {}),
        (["history"], [1]),
        (["history", 0, "epoch"], 2),
        (["history", 0, "test_loss"], None),
        (["random"], None),
        (["random", "bit_generator"], "PCG64"),
        (["random", "state"], []),
        (["random", "state", "pos"], 625),  # NumPy would read outside of the key
        (["random", "state", "pos"], -1),
        (["random", "state", "key"], [1, 2, 3]),
        (["random", "state", "key", 7], 2**32),
        (["random", "state", "key", 7], -1),
        (["random", "state", "key", 7], 0.5),
        (["random", "has_gauss"], 2),
        (["random", "gauss"], "0"),
        (["schedule"], []),
        (["schedule", "count"], -1),
        (["schedule", "scheduler"], "StepLR"),
        (["settings"], None),
        (["settings"], {}),
    ],
    ids=str,
)
def test_malformed_progress_is_refused(make_trainer, state, saved, path, new):
    progress = checkpoint.read_progress(saved)
    rewritten(saved, replaced(progress, path, new))
    trainer = make_trainer()
    before = state(trainer)
    with pytest.raises(CheckpointError, match=r"last\.safetensors: "):
        trainer.load(saved)
    assert state(trainer) == before


@pytest.mark.parametrize("name", ["epoch", "batch", "tally", "history", "random", "settings"])
def test_missing_field_of_the_progress_is_named(make_trainer, saved, name):
    progress = checkpoint.read_progress(saved)
    del progress[name]
    rewritten(saved, progress)
    with pytest.raises(CheckpointError, match=name):
        make_trainer().load(saved)


@pytest.mark.parametrize("progress", [None, [], "x", 3, {}])
def test_checkpoint_of_something_else_than_a_training_is_refused(make_trainer, saved, progress):
    rewritten(saved, progress)
    with pytest.raises(CheckpointError, match="progress has no valid"):
        make_trainer().load(saved)


@given(st.integers(0, 10**6), st.integers(0, 255))
def test_damaged_checkpoint_loads_or_is_refused(make_trainer, state, saved, position, flip):
    content = bytearray(saved.read_bytes())
    content[position % len(content)] ^= flip
    damaged = saved.with_name("damaged.safetensors")
    damaged.write_bytes(content)
    trainer = make_trainer()
    before = state(trainer)
    try:
        trainer.load(damaged)
    except CheckpointError:
        assert state(trainer) == before


@given(st.integers(0, 2**16), st.integers(32, 126))
def test_damaged_numbers_of_a_checkpoint_load_or_are_refused(
    make_trainer, state, saved, position, character
):
    (_, values) = checkpoint.archive.read(saved)
    text = json.dumps(values["progress"])
    position %= len(text)
    damaged = text[:position] + chr(character) + text[position + 1 :]
    try:
        rewritten(saved, json.loads(damaged))
    except ValueError:  # no JSON any more
        return
    trainer = make_trainer()
    before = state(trainer)
    try:
        trainer.load(saved)
    except CheckpointError:
        assert state(trainer) == before


def test_model_that_is_not_finite_is_not_saved(make_trainer, saved):
    old = saved.read_bytes()
    trainer = make_trainer()
    weight = trainer.model[4].weight
    weight.cached_data = weight.numpy() + np.array([0, 0, np.inf], np.float32)
    with pytest.raises(DivergedError, match=r"4\.weight"):
        trainer.save(saved)
    assert saved.read_bytes() == old


@pytest.mark.parametrize("draws", [0, 1, 2, 3, 1000])
def test_random_state_goes_on_with_the_same_numbers(draws):
    np.random.seed(1)
    np.random.randn(draws)  # an odd number leaves one of a pair for the next call
    state = json.loads(json.dumps(get_random_state()))
    expected = np.random.randn(700)
    set_random_state(checked_random_state(state))
    np.testing.assert_array_equal(np.random.randn(700), expected)


def test_position_is_that_of_the_events(make_trainer, saved):
    trainer = make_trainer()
    trainer.load(saved)
    assert (trainer.progress.epoch, trainer.progress.batch) == (2, 2)
    step = next(trainer.run(2))
    assert isinstance(step, Step)
    assert (step.phase, step.batch, step.batches) == ("train", 3, 5)
