"""The course's training functions, against loops by hand."""

import numpy as np
import pytest

import needle_hw4 as ndl
from needle_hw4 import data, nn, optim
from needle_hw4.apps.simple_ml import (
    epoch_general_cifar10,
    epoch_general_ptb,
    evaluate_cifar10,
    evaluate_ptb,
    train_cifar10,
    train_ptb,
)
from needle_hw4.models import LanguageModel

WORDS = 9


def accuracy_and_loss(logits, y):
    """Return the share of right answers and the mean cross-entropy, in float64."""
    logits = np.asarray(logits, np.float64)
    log_probs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return np.mean(logits.argmax(1) == y), -np.mean(log_probs[np.arange(len(y)), y])


# Images


@pytest.fixture
def images():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((17, 2, 3, 1)).astype(np.float32)
    return X, rng.integers(3, size=17).astype(np.uint8)


@pytest.fixture
def linear(here):
    np.random.seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 3))


def weights_of(model):
    return [parameter.numpy().astype(np.float64) for parameter in model.parameters()]


@pytest.mark.parametrize("batch", [1, 5, 17, 40])
def test_evaluation_gives_accuracy_and_mean_loss(images, linear, batch):
    X, y = images
    W, b = before = weights_of(linear)
    loader = data.DataLoader(data.NDArrayDataset(X, y), batch)
    wanted = accuracy_and_loss(X.reshape(17, 6) @ W + b, y)
    results = [
        epoch_general_cifar10(loader, linear),
        epoch_general_cifar10(loader, linear, nn.SoftmaxLoss()),
        evaluate_cifar10(linear, loader),
        evaluate_cifar10(linear, loader, nn.SoftmaxLoss),
    ]
    for result in results:
        assert [type(value) for value in result] == [float, float]
        assert result == results[0]
    assert results[0] == pytest.approx(wanted, rel=1e-5)
    for values, old in zip(weights_of(linear), before, strict=True):
        np.testing.assert_array_equal(values, old)


def test_training_takes_the_steps_and_gives_the_last_epochs_results(images, linear):
    X, y = images
    rows = X.reshape(17, 6)
    W, b = weights_of(linear)
    loader = data.DataLoader(data.NDArrayDataset(X, y), 5)
    result = train_cifar10(linear, loader, 2, optim.SGD, 0.5, 0.01)
    for _ in range(2):
        right, total = 0.0, 0.0
        for start in range(0, 17, 5):
            part, labels = rows[start : start + 5], y[start : start + 5]
            logits = part @ W + b
            accuracy, loss = accuracy_and_loss(logits, labels)
            right, total = right + accuracy * len(part), total + loss * len(part)
            probs = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
            G = (probs - np.eye(3)[labels]) / len(part)
            W, b = W - 0.5 * (part.T @ G + 0.01 * W), b - 0.5 * (G.sum(0) + 0.01 * b)
    assert result == pytest.approx((right / 17, total / 17), rel=1e-4)
    for found, wanted in zip(weights_of(linear), (W, b), strict=True):
        np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-4, atol=1e-5)


def test_adam_with_weight_decay_trains_images_by_default(images, linear):
    loader = data.DataLoader(data.NDArrayDataset(*images), 5)
    np.random.seed(0)
    other = nn.Sequential(nn.Flatten(), nn.Linear(6, 3))
    opt = optim.Adam(other.parameters(), lr=0.001, weight_decay=0.001)
    assert train_cifar10(linear, loader) == epoch_general_cifar10(loader, other, opt=opt)
    for mine, its in zip(weights_of(linear), weights_of(other), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_each_call_begins_with_the_seed_4(images, linear):
    loader = data.DataLoader(data.NDArrayDataset(*images), 5, shuffle=True)
    np.random.seed(4)
    order = np.random.permutation(17)
    after = np.random.rand()
    calls = [
        lambda: epoch_general_cifar10(loader, linear),
        lambda: train_cifar10(linear, loader, n_epochs=2),
        lambda: evaluate_cifar10(linear, loader),
    ]
    for call in calls:
        np.random.seed(99)
        call()
        np.testing.assert_array_equal(np.concatenate(loader.ordering), order)
        assert np.random.rand() == after


@pytest.mark.parametrize("trains", [True, False])
def test_mode_follows_from_the_optimizer(images, linear, trains):
    model = nn.Sequential(linear, nn.Dropout(0.5))
    model.train(mode=not trains)
    opt = optim.SGD(model.parameters()) if trains else None
    epoch_general_cifar10(data.DataLoader(data.NDArrayDataset(*images), 5), model, opt=opt)
    assert all(module.training is trains for module in nn.Module.modules(model))


@pytest.mark.parametrize("n_epochs", [0, -1])
def test_no_epoch_is_an_error(linear, images, n_epochs):
    loader = data.DataLoader(data.NDArrayDataset(*images), 5)
    with pytest.raises(ValueError, match=f"n_epochs is at least 1, got {n_epochs}"):
        train_cifar10(linear, loader, n_epochs)
    with pytest.raises(ValueError, match=f"n_epochs is at least 1, got {n_epochs}"):
        train_ptb(language_model("rnn"), columns(), n_epochs=n_epochs)


def test_pass_without_batches_is_an_error(linear):
    with pytest.raises(ValueError, match="at least one batch"):
        epoch_general_cifar10([], linear)


# Text


def columns(rows=12):
    words = np.random.default_rng(1).integers(WORDS, size=rows * 3)
    return data.batchify(words, 3, device=ndl.default_device(), dtype="float32")


def language_model(kind):
    np.random.seed(1)
    options = {"num_head": 2, "dim_head": 2} if kind == "transformer" else {}
    return LanguageModel(4, WORDS, 5, 1, kind, 40, **options)


def rnn_scores(model, text):
    """Return the scores of each next word of a one-layer RNN, in float64 and in one go."""
    table, W_ih, W_hh, b_ih, b_hh, W, b = weights_of(model)
    h, scores = np.zeros((text.shape[1], 5)), []
    for row in text[:-1].astype(int):
        h = np.tanh(table[row] @ W_ih + b_ih + h @ W_hh + b_hh)
        scores.append(h @ W + b)
    return np.concatenate(scores)


@pytest.mark.parametrize("seq_len", [1, 4, 11, 40])
def test_state_is_carried_through_the_whole_text(here, seq_len):
    model, text = language_model("rnn"), columns()
    wanted = accuracy_and_loss(rnn_scores(model, text), text[1:].reshape(-1).astype(int))
    for result in (
        epoch_general_ptb(text, model, seq_len),
        evaluate_ptb(model, text, seq_len, device=here),
        evaluate_ptb(model, text.astype(np.int32), seq_len, dtype=None),
    ):
        assert [type(value) for value in result] == [float, float]
        assert result == pytest.approx(wanted, rel=1e-5)


def loop(model, text, seq_len, opt, clip):
    """Train for an epoch, by hand; return accuracy and mean loss."""
    h, right, total, count = None, 0, 0.0, 0
    for start in range(0, len(text) - 1, seq_len):
        stop = min(start + seq_len, len(text) - 1)
        x, y = ndl.Tensor(text[start:stop]), text[start + 1 : stop + 1].reshape(-1)
        logits, h = model(x, h)
        h = tuple(each.detach() for each in h) if isinstance(h, tuple) else h.detach()
        loss = nn.SoftmaxLoss()(logits, ndl.Tensor(y))
        opt.reset_grad()
        loss.backward()
        if clip is not None:
            norm = np.sqrt(sum((p.grad.numpy() ** 2).sum() for p in opt.params))
            for p in opt.params:
                p.grad = p.grad * min(1, clip / (norm + 1e-6))
        opt.step()
        right += (logits.numpy().argmax(1) == y).sum()
        total += loss.item() * len(y)
        count += len(y)
    return right / count, total / count


@pytest.mark.parametrize("clip", [None, 0.1])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "transformer"])
def test_training_on_text_is_that_of_a_loop_by_hand(here, kind, clip):
    text = columns()
    model, other = language_model(kind), language_model(kind)
    result = train_ptb(model, text, 4, 2, optim.SGD, 0.2, 0.001, clip=clip, device=here)
    opt = optim.SGD(other.parameters(), lr=0.2, weight_decay=0.001)
    wanted = [loop(other, text, 4, opt, clip) for _ in range(2)][-1]
    assert result == pytest.approx(wanted, rel=1e-4)
    for mine, its in zip(weights_of(model), weights_of(other), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-3, atol=1e-5)


def test_plain_descent_trains_text_by_default():
    model, other = language_model("rnn"), language_model("rnn")
    opt = optim.SGD(other.parameters(), lr=4.0)
    assert train_ptb(model, columns(), 4) == epoch_general_ptb(columns(), other, 4, opt=opt)
    for mine, its in zip(weights_of(model), weights_of(other), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_functions_for_text_begin_with_the_seed_4():
    model, text = language_model("rnn"), columns()
    np.random.seed(4)
    after = np.random.rand()
    for call in (
        lambda: epoch_general_ptb(text, model),
        lambda: train_ptb(model, text),
        lambda: evaluate_ptb(model, text),
    ):
        np.random.seed(99)
        call()
        assert np.random.rand() == after


def test_mode_for_text_follows_from_the_optimizer():
    model = language_model("transformer")
    for opt in (optim.SGD(model.parameters()), None):
        epoch_general_ptb(columns(), model, opt=opt)
        assert all(module.training is (opt is not None) for module in model.modules())
