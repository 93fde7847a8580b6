"""Question `language_model`, hidden: gradients, real networks, clipping, evaluation."""

import numpy as np
import pytest


def added(words, rows, n):
    result = np.zeros((n, *rows.shape[words.ndim :]))
    np.add.at(result, words, rows)
    return result


@pytest.mark.points(0.5, part="language_model", hidden=True)
def test_embedding_gradient(stage, judge, rng):
    words, g = rng.integers(4, size=(5, 1, 2)), rng.standard_normal((5, 1, 2, 3))
    embedding = stage.nn.Embedding(6, 3)
    (embedding(stage.Tensor(words)) * stage.Tensor(g.astype("float32"))).sum().backward()
    judge.close(
        "gradient", embedding.weight.grad, want=lambda: added(words, g, 6).astype("float32")
    )


def rnn_scores(words, table, cell, weight, bias):
    W_ih, W_hh, a, b = cell
    h, result = np.zeros((words.shape[1], len(W_hh))), []
    for row in table[words]:
        h = np.tanh(row @ W_ih + a + h @ W_hh + b)
        result.append(h @ weight + bias)
    return np.concatenate(result), h[None]


def lstm_scores(words, table, cell, weight, bias):
    W_ih, W_hh, a, b = cell
    h, result = np.zeros((words.shape[1], len(W_hh))), []
    c = h
    for row in table[words]:
        i, f, g, o = np.split(row @ W_ih + a + h @ W_hh + b, 4, axis=1)
        c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
        result.append(h @ weight + bias)
    return np.concatenate(result), h[None], c[None]


@pytest.mark.points(1, part="language_model", hidden=True)
@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_whole_model(stage, judge, rng, kind):
    words, width = rng.integers(5, size=(4, 2)), 12 if kind == "lstm" else 3
    shapes = [(5, 2), (2, width), (3, width), (width,), (width,), (3, 5), (1, 5)]
    table, *cell, weight, bias = values = [rng.uniform(-1, 1, shape) for shape in shapes]
    model = stage.module("models").LanguageModel(2, 5, 3, seq_model=kind, dtype="float64")
    for parameter, value in zip(model.parameters(), values, strict=True):
        parameter.data = stage.Tensor(value)
    logits, state = model(stage.Tensor(words))
    if kind == "rnn":
        judge.close(
            "scores", [logits, state], want=lambda: rnn_scores(words, table, cell, weight, bias)
        )
    else:
        judge.close(
            "scores", [logits, *state], want=lambda: lstm_scores(words, table, cell, weight, bias)
        )


def tiny_model(stage, table):
    """Return a model of which the scores are those of a table, and a state for each text."""

    class Tiny(stage.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = stage.nn.Parameter(stage.Tensor(table))

        def forward(self, words, h=None):
            one_hot = stage.init.one_hot(len(table), words, dtype="float64")
            scores = one_hot @ self.table
            if h is not None:
                scores = scores + h
            if not self.training:
                scores = scores * 0.25
            return scores.reshape((-1, len(table))), scores[-1] * 0.5

    return Tiny()


def passed(columns, W, seq_len, lr=0, clip=None, scale=1):
    """Return accuracy, loss and the table after an epoch of truncated backpropagation."""
    state, right, total = 0, 0, 0
    for start in range(0, len(columns) - 1, seq_len):
        words = columns[start : min(start + seq_len, len(columns) - 1)]
        following = columns[start + 1 : start + 1 + seq_len].ravel()
        z = (W[words] + state) * scale
        p = np.exp(z).reshape(-1, len(W))
        p /= p.sum(1, keepdims=True)
        rows = np.arange(len(p))
        right += np.sum(p.argmax(1) == following)
        total -= np.log(p[rows, following]).sum()
        p[rows, following] -= 1
        slope = np.zeros_like(W)
        np.add.at(slope, words.ravel(), p / len(p))
        norm = np.linalg.norm(slope)
        W = W - lr * slope * (1 if clip is None else min(1, clip / (norm + 1e-6)))
        state = z[-1] * 0.5
    count = columns[1:].size
    return [right / count, total / count, W]


@pytest.mark.points(0.5, part="language_model", hidden=True)
def test_training_epoch_with_clipping(stage, judge, rng):
    columns, table = rng.integers(4, size=(8, 2)), rng.standard_normal((4, 4))
    model = tiny_model(stage, table).eval()
    opt = stage.optim.SGD(model.parameters(), lr=1.5)
    epoch = stage.module("apps.simple_ml").epoch_general_ptb
    got = epoch(columns.copy(), model, 3, opt=opt, clip=0.1)
    judge.close(
        "results and table", [*got, model.table], want=lambda: passed(columns, table, 3, 1.5, 0.1)
    )


@pytest.mark.points(1, part="language_model", hidden=True)
def test_evaluation_epoch(stage, judge, rng):
    columns, table = rng.integers(5, size=(9, 3)), rng.standard_normal((5, 5))
    model = tiny_model(stage, table)
    evaluate = stage.module("apps.simple_ml").evaluate_ptb
    got = evaluate(model, columns.copy(), 3)
    judge.close("accuracy and loss", got, want=lambda: passed(columns, table, 3, scale=0.25)[:2])


@pytest.mark.points(1, part="language_model", hidden=True)
def test_evaluation_has_its_own_state(stage, judge, rng):
    words = rng.standard_normal((4, 3, 2, 4))
    text = stage.module("apps.text")

    class Summing(stage.nn.Module):
        """Stands in for a language model: its two states are sums over steps."""

        def __init__(self):
            super().__init__()
            self.model = stage.nn.LSTM(4, 4, 1, dtype="float64")

        def forward(self, x, state):
            h, c = state
            return x.reshape((6, 4)) * 3 + h.sum() - c.sum(), (
                x.sum(0) + h,
                stage.max(x, 0) * 2 + c,
            )

    model = text.CarryingModel(Summing(), 2)
    chunks = [text.Chunk(stage.Tensor(w), stage.Tensor(w), is_first=False) for w in words]
    model(text.Chunk(*chunks[0][:2], is_first=True))
    model.eval()
    model(text.Chunk(*chunks[1][:2], is_first=True))
    tested = model(chunks[2])
    model.train()
    learned = model(chunks[3])
    judge.close("test", tested, want=lambda: after(words[2], words[1]))
    judge.close("training", learned, want=lambda: after(words[3], words[0]))
    judge.close(
        "state",
        model.state,
        want=lambda: [
            words[0].sum(0)[None] + words[3].sum(0),
            2 * words[0].max(0)[None] + 2 * words[3].max(0),
        ],
    )


def after(x, before):
    return x.reshape(6, 4) * 3 + before.sum() - 2 * before.max(0).sum()
