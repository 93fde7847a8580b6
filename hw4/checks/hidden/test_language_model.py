"""Question `language_model`, hidden: gradients, real networks, clipping, evaluation."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(0.5, part="language_model", hidden=True)
def test_embedding_gradient(stage, judge, rng):
    words, g = rng.integers(4, size=(5, 1, 2)), rng.standard_normal((5, 1, 2, 3))
    embedding = stage.nn.Embedding(6, 3)
    (embedding(stage.Tensor(words)) * stage.Tensor(g.astype("float32"))).sum().backward()
    judge.close(
        "gradient", embedding.weight.grad, want=lambda: oracles.added(words, g, 6).astype("float32")
    )


def scores(kind, words, table, cell, weight, bias):
    """Return the scores of a model with one layer, and its state."""
    W_ih, W_hh, a, b = cell
    h = np.zeros((words.shape[1], len(W_hh)))
    if kind == "rnn":
        states = oracles.rnn_states("tanh", table[words], h, W_ih, W_hh, a + b)
        last = [states[-1]]
    else:
        states, c = oracles.lstm_states(table[words], h, h, W_ih, W_hh, a + b)
        last = [states[-1], c]
    logits = states @ weight + bias
    return [logits.reshape(-1, len(table)), *[state[None] for state in last]]


@pytest.mark.points(1, part="language_model", hidden=True)
@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_whole_model(stage, judge, rng, kind):
    words, width = rng.integers(5, size=(4, 2)), 12 if kind == "lstm" else 3
    shapes = [(5, 2), (2, width), (3, width), (width,), (width,), (3, 5), (1, 5)]
    table, *cell, weight, bias = values = [rng.uniform(-1, 1, shape) for shape in shapes]
    model = stage.module("models").LanguageModel(2, 5, 3, seq_model=kind, dtype="float64")
    helpers.fill(stage, model.parameters(), values)
    logits, state = model(stage.Tensor(words))
    got = {"scores": logits}
    got |= {"h_n": state} if kind == "rnn" else dict(zip(["h_n", "c_n"], state, strict=True))
    for i, (name, value) in enumerate(got.items()):
        judge.close(name, value, want=lambda i=i: scores(kind, words, table, cell, weight, bias)[i])


@pytest.mark.points(0.5, part="language_model", hidden=True)
def test_training_epoch_with_clipping(stage, judge, rng):
    columns, table = rng.integers(4, size=(8, 2)), rng.standard_normal((4, 4))
    model = helpers.tiny_model(stage, table).eval()
    opt = stage.optim.SGD(model.parameters(), lr=1.5)
    epoch = stage.module("apps.simple_ml").epoch_general_ptb
    got = epoch(columns.copy(), model, 3, opt=opt, clip=0.1)
    values = [*got, model.table]
    for i, name in enumerate(["accuracy", "loss", "table"]):
        judge.close(
            name, values[i], want=lambda i=i: oracles.text_epoch(columns, table, 3, 1.5, 0.1)[i]
        )


@pytest.mark.points(1, part="language_model", hidden=True)
def test_evaluation_epoch(stage, judge, rng):
    columns, table = rng.integers(5, size=(9, 3)), rng.standard_normal((5, 5))
    model = helpers.tiny_model(stage, table)
    evaluate = stage.module("apps.simple_ml").evaluate_ptb
    got = evaluate(model, columns.copy(), 3)
    for i, name in enumerate(["accuracy", "loss"]):
        judge.close(
            name, got[i], want=lambda i=i: oracles.text_epoch(columns, table, 3, scale=0.25)[i]
        )


@pytest.mark.points(1, part="language_model", hidden=True)
def test_evaluation_has_its_own_state(stage, judge, rng):
    words = rng.standard_normal((4, 3, 2, 4))
    text = stage.module("apps.text")

    class Summing(stage.nn.Module):
        """Stands in for a language model: its two states are sums over steps."""

        def __init__(self):
            super().__init__()
            self.model = stage.nn.LSTM(4, 4, 1, dtype="float64")

        def forward(self, x, h=None):
            zeros = stage.Tensor(np.zeros((1, 2, 4)))
            h, c = (zeros, zeros) if h is None else h
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
