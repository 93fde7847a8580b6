"""What the training loop computes, against the same steps written out."""

import numpy as np
import pytest

from needle_hw1 import Tensor, no_grad
from needle_hw2 import nn
from needle_hw2.training import DivergedError, Outcome, Step


def rows(events):
    return [event for event in events if not isinstance(event, Step)]


def steps(events):
    return [event for event in events if isinstance(event, Step)]


def orders(trainer, epochs):
    """Train, and return the indices of the examples in each epoch."""
    seen = []
    for event in trainer.run(epochs):
        if not isinstance(event, Step):
            seen.append(np.concatenate(trainer.training.ordering).tolist())
    return seen


def test_events_are_a_step_per_batch_and_a_row_per_epoch(make_trainer):
    events = list(make_trainer().run(2))
    found = [(e.phase, e.batch, e.batches) if isinstance(e, Step) else e["epoch"] for e in events]
    training = [("train", number, 5) for number in range(1, 6)]
    test = [("test", number, 2) for number in (1, 2)]
    assert found == [*training, *test, 1, *training, *test, 2]


def test_row_has_the_means_over_examples(make_trainer):
    losses, counts = [], []

    def task(model, batch):
        X, _ = batch
        value = float(len(losses))
        losses.append(value)
        counts.append(len(X))
        loss = nn.MSELoss()(model(X), Tensor(np.zeros((len(X), 3), np.float32))) * 0.0 + value
        return Outcome(loss, len(X), {"odd": value % 2 * len(X)})

    (row,) = rows(make_trainer(task=task).run(1))
    assert counts == [5, 5, 5, 5, 3, 5, 2]  # 23 examples for training, 7 for test
    assert row["train_loss"] == np.dot(losses[:5], counts[:5]) / 23
    assert row["test_loss"] == np.dot(losses[5:], counts[5:]) / 7
    assert row["train_odd"] == (5 + 5) / 23
    assert row["test_odd"] == 5 / 7
    assert list(row) == [
        "epoch", "train_loss", "train_odd", "test_loss", "test_odd", "seconds", "learning_rate",
    ]  # fmt: skip
    assert row["seconds"] > 0


def test_training_is_that_of_a_loop_written_out(make_trainer):
    trainer = make_trainer(clip_norm=0.5)
    (row,) = rows(trainer.run(1))

    by_hand = make_trainer(clip_norm=0.5)
    model, optimizer, schedule = by_hand.model, by_hand.optimizer, by_hand.schedule
    by_hand.training.rng = np.random.default_rng([3, 1])
    total = wrong = 0
    for X, y in by_hand.training:
        logits = model(X)
        loss = nn.SoftmaxLoss()(logits, y)
        wrong += np.sum(logits.numpy().argmax(1) != y.numpy())
        total += loss.item() * len(y)
        optimizer.reset_grad()
        loss.backward(create_graph=False)
        optimizer.clip_grad_norm(0.5)
        optimizer.step()
        schedule.step()
    assert row["train_loss"] == pytest.approx(total / 23, rel=1e-12)
    assert row["train_error"] == wrong / 23
    assert row["learning_rate"] == optimizer.lr == pytest.approx(0.005 * (1 + np.cos(np.pi / 4)))
    for mine, its in zip(trainer.model.parameters(), model.parameters(), strict=True):
        np.testing.assert_array_equal(mine.numpy(), its.numpy())

    model.eval()
    with no_grad():
        losses = [(nn.SoftmaxLoss()(model(X), y).item(), len(y)) for X, y in by_hand.test]
    assert row["test_loss"] == pytest.approx(sum(a * b for a, b in losses) / 7, rel=1e-12)


def test_clipping_bounds_the_gradients(make_trainer):
    trainer = make_trainer("sgd", cosine=None, clip_norm=1e-6)
    before = [p.numpy() for p in trainer.model.parameters()]
    next(trainer.run(1))
    after = [p.numpy() for p in trainer.model.parameters()]
    change = sum(np.sum((a - b) ** 2) for a, b in zip(after, before, strict=True)) ** 0.5
    assert change <= 0.1 * 1e-6 * 1.01


def test_every_epoch_has_an_order_of_its_own_that_follows_from_the_seed(make_trainer):
    first = orders(make_trainer(seed=3), 3)
    assert first == orders(make_trainer(seed=3), 3)
    assert first != orders(make_trainer(seed=4), 3)
    assert all(sorted(order) == list(range(23)) for order in first)
    assert len({tuple(order) for order in first}) == 3


def test_order_is_not_that_of_the_global_generator(make_trainer):
    trainer = make_trainer()
    events = trainer.run(1)
    np.random.seed(5)
    next(events)
    order = trainer.training.ordering
    np.random.seed(6)
    other = make_trainer()
    next(other.run(1))
    np.testing.assert_array_equal(np.concatenate(order), np.concatenate(other.training.ordering))


def test_test_changes_nothing_and_records_no_graph(make_trainer):
    recorded = []

    def task(model, batch):
        X, y = batch
        logits = model(X)
        recorded.append((model.training, logits.requires_grad))
        return Outcome(nn.SoftmaxLoss()(logits, y), len(y))

    trainer = make_trainer(task=task)
    events = trainer.run(2)
    for _ in range(5):
        next(events)
    state = {name: value.numpy() for name, value in trainer.model.state_dict().items()}
    random = np.random.get_state()[1].tobytes()
    for _ in range(3):
        next(events)
        assert (Tensor([1.0]) + 1).requires_grad  # the caller's code is not under `no_grad`
    for name, value in trainer.model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), state[name])
    assert np.random.get_state()[1].tobytes() == random
    next(events)
    assert recorded == [*[(True, True)] * 5, *[(False, False)] * 2, (True, True)]


def test_epochs_that_are_done_are_not_done_again(make_trainer):
    trainer = make_trainer()
    list(trainer.run(2))
    assert list(trainer.run(2)) == []
    assert list(trainer.run(1)) == []
    assert [row["epoch"] for row in rows(trainer.run(3))] == [3]
    assert [row["epoch"] for row in trainer.progress.history] == [1, 2, 3]


@pytest.mark.parametrize("name", ["training", "test"])
def test_loader_without_batches_is_an_error(make_trainer, name):
    trainer = make_trainer()
    loader = getattr(trainer, name)
    loader.batch_size, loader.drop_last = 100, True
    with pytest.raises(ValueError, match=f"the {name} loader gives no batch"):
        next(trainer.run(1))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_loss_that_is_not_finite_stops_before_the_model_learns_from_it(make_trainer, bad):
    calls = []

    def task(model, batch):
        X, y = batch
        calls.append(None)
        factor = bad if len(calls) == 3 else 1.0
        return Outcome(nn.SoftmaxLoss()(model(X), y) * factor, len(y))

    trainer = make_trainer(task=task)
    events = trainer.run(1)
    next(events), next(events)
    before = [p.numpy() for p in trainer.model.parameters()]
    with pytest.raises(DivergedError, match=r"training loss is .* in epoch 1 after 2 batches"):
        next(events)
    for parameter, value in zip(trainer.model.parameters(), before, strict=True):
        np.testing.assert_array_equal(parameter.numpy(), value)
    assert trainer.progress.batch == 2


def test_test_loss_that_is_not_finite_stops(make_trainer):
    def task(model, batch):
        X, y = batch
        return Outcome(nn.SoftmaxLoss()(model(X), y) * (1.0 if model.training else np.nan), len(y))

    trainer = make_trainer(task=task)
    with pytest.raises(DivergedError, match="the test loss is nan in epoch 1"):
        list(trainer.run(1))
    assert trainer.progress.history == []


def test_further_means_are_derived_from_those_of_each_pass(make_trainer):
    plain = list(make_trainer().run(2))
    rows = [event for event in plain if not isinstance(event, Step)]
    derived = make_trainer(derive=lambda means: {"twice": 2 * means["loss"], "one": 1.0})
    for row, wanted in zip(
        (event for event in derived.run(2) if not isinstance(event, Step)), rows, strict=True
    ):
        names = ["epoch", *(f"{part}_{name}" for part in ("train", "test")
                            for name in ("loss", "error", "twice", "one"))]  # fmt: skip
        assert list(row) == [*names, "seconds", "learning_rate"]
        for part in ("train", "test"):
            assert row[f"{part}_twice"] == 2 * wanted[f"{part}_loss"]
            assert row[f"{part}_one"] == 1
            assert row[f"{part}_error"] == wanted[f"{part}_error"]
