"""Question `language_model`: embeddings, scores of next words, and learning from a text."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(1.5, part="language_model")
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_embedding(stage, judge, rng, dtype):
    table, words = rng.standard_normal((7, 4)), rng.integers(7, size=(5, 3))
    embedding = stage.nn.Embedding(7, 4, dtype="float64")
    embedding.weight.data = stage.Tensor(table)
    judge.close("rows", embedding(stage.Tensor(words.astype(dtype))), want=lambda: table[words])


def array_of(stage, numbers):
    return stage.Tensor(numbers).realize_cached_data()


@pytest.mark.points(1, part="language_model")
def test_take_gradient(stage, judge, rng):
    words, rows = rng.integers(4, size=(6, 2)), rng.standard_normal((6, 2, 3))
    op = stage.Take(array_of(stage, words))
    node = op(stage.Tensor(rng.standard_normal((5, 3))))
    grad = op.gradient(stage.Tensor(rows), node)
    judge.close("gradient", grad, want=lambda: oracles.added(words, rows, 5))


@pytest.mark.points(0.5, part="language_model")
def test_scatter_add(stage, judge, rng):
    words, rows = rng.integers(3, size=7), rng.standard_normal((7, 2))
    got = stage.ScatterAdd(array_of(stage, words), 4)(stage.Tensor(rows))
    judge.close("table", got, want=lambda: oracles.added(words, rows, 4))


@pytest.mark.points(1.5, part="language_model")
def test_language_model(stage, judge, rng):
    words, table = rng.integers(6, size=(4, 3)), rng.standard_normal((6, 2))
    mixing, h = rng.standard_normal((2, 5)), rng.standard_normal((1, 3, 5))
    weight, bias = rng.standard_normal((5, 6)), rng.standard_normal((1, 6))

    class Mixing(stage.nn.Module):
        """Stands in for an RNN."""

        def forward(self, X, h0=None):
            y = X @ stage.Tensor(mixing)
            y = y if h0 is None else y + h0
            return y, y[-1:]

    model = stage.module("models").LanguageModel(2, 6, 5, dtype="float64")
    model.model = Mixing()
    parts = model.embedding.weight, model.linear.weight, model.linear.bias
    helpers.fill(stage, parts, (table, weight, bias))
    logits, last = model(stage.Tensor(words), stage.Tensor(h))
    judge.close(
        "scores", logits, want=lambda: ((table[words] @ mixing + h) @ weight + bias).reshape(12, 6)
    )
    judge.close("state", last, want=lambda: (table[words] @ mixing + h)[-1:])


@pytest.mark.points(2.5, part="language_model")
def test_training_epoch(stage, judge, rng):
    columns, table = rng.integers(5, size=(12, 3)), rng.standard_normal((5, 5))
    model, lr = helpers.tiny_model(stage, table), rng.uniform(0.5, 2)
    opt = stage.optim.SGD(model.parameters(), lr=lr)
    epoch = stage.module("apps.simple_ml").epoch_general_ptb
    accuracy, loss = epoch(columns.copy(), model, 4, opt=opt)
    judge.close("accuracy", accuracy, want=lambda: oracles.text_epoch(columns, table, 4, lr)[0])
    judge.close("loss", loss, want=lambda: oracles.text_epoch(columns, table, 4, lr)[1])
    judge.close("table", model.table, want=lambda: oracles.text_epoch(columns, table, 4, lr)[2])


@pytest.mark.points(1, part="language_model")
def test_state_is_carried(stage, judge, rng):
    words = rng.standard_normal((2, 3, 2, 4))
    text = stage.module("apps.text")

    class Summing(stage.nn.Module):
        """Stands in for a language model: its state is a sum over steps."""

        def __init__(self):
            super().__init__()
            self.model = stage.nn.RNN(4, 4, 1, dtype="float64")
            self.scale = stage.nn.Parameter(stage.Tensor(np.array(1.0)))

        def forward(self, x, h=None):
            h = stage.Tensor(np.zeros((1, 2, 4))) if h is None else h
            total = x.sum(0) * self.scale * 2 + h
            return x.reshape((6, 4)) * self.scale * 3 + h.sum(), total

    model = text.CarryingModel(Summing(), 2)
    chunks = [
        text.Chunk(stage.Tensor(w), stage.Tensor(w), is_first=not i) for i, w in enumerate(words)
    ]
    got = [model(chunk) for chunk in [*chunks, chunks[0]]]
    got[1].sum().backward()
    judge.close("gradient", model.model.scale.grad, want=lambda: 3 * words[1].sum())
    judge.close("first chunk", got[0], want=lambda: words[0].reshape(6, 4) * 3)
    judge.close(
        "second chunk", got[1], want=lambda: words[1].reshape(6, 4) * 3 + 2 * words[0].sum()
    )
    judge.close("again the first chunk", got[2], want=lambda: words[0].reshape(6, 4) * 3)
    judge.close("state", model.state[0], want=lambda: 2 * words[0].sum(0)[None])
