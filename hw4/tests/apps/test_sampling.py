"""Texts that are drawn from what a language model says."""

from itertools import islice

import numpy as np
import pytest

from needle_hw4 import nn, ops
from needle_hw4.apps.sampling import draw, sample
from needle_hw4.models import LanguageModel

WORDS = 6


def make(kind="lstm", **options):
    np.random.seed(3)
    options = {"num_head": 2, "dim_head": 2} if kind == "transformer" else {}
    model = LanguageModel(4, WORDS, 5, 1, kind, 4, **options)
    model.linear.weight.cached_data = model.linear.weight.cached_data * 8.0
    model.eval()
    return model


def scores(model, words):
    """Return the scores of the word after `words`, read in one go."""
    column = np.asarray(words).reshape(-1, 1)
    from needle_hw4 import Tensor

    return model(Tensor(column))[0].numpy()[-1]


@pytest.mark.parametrize("kind", ["rnn", "lstm", "transformer"])
def test_coldest_text_has_the_most_probable_word_each_time(here, kind):
    model = make(kind)
    known = [2, 5]
    for word in sample(model, known, 9, np.random.default_rng(0), temperature=0):
        window = known[-4:] if kind == "transformer" else known
        assert word == scores(model, window).argmax()
        known = [*known, word]
    assert len(known) == 11


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_each_word_is_read_once(kind):
    model, read = make(kind), []
    plain = model.forward

    def forward(words, state):
        read.extend(words.numpy()[:, 0])
        return plain(words, state)

    model.forward = forward
    made = list(sample(model, [2, 5], 4, np.random.default_rng(0)))
    assert read == [2, 5, *made[:-1]]


def test_long_prompt_of_a_transformer_is_cut():
    model = make("transformer")
    (word,) = sample(model, [1, 2, 3, 4, 5, 0, 1], 1, np.random.default_rng(0), temperature=0)
    assert word == scores(model, [4, 5, 0, 1]).argmax()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_draws_follow_the_softmax_of_scores_over_temperature(temperature):
    values, count = np.array([0.5, -1.0, 2.0, 1.5]), 20_000
    rng = np.random.default_rng(1)
    drawn = np.bincount([draw(values, temperature, rng) for _ in range(count)], minlength=4)
    weights = np.exp(values / temperature)
    probs = weights / weights.sum()
    assert (np.abs(drawn / count - probs) < 5 * np.sqrt(probs * (1 - probs) / count)).all()


@pytest.mark.parametrize("temperature", [0, 1e-320, 1e-3])
def test_cold_draws_are_the_largest_score(temperature):
    assert draw(np.array([1.0, 3.0, -np.inf, 2.0]), temperature, np.random.default_rng(0)) == 1


def test_text_follows_from_the_seed():
    texts = [list(sample(make(), [1], 30, np.random.default_rng(seed))) for seed in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2]
    assert len(set(texts[0])) > 2


def test_words_can_be_left_out():
    model = make()
    whole = set(sample(model, [1], 60, np.random.default_rng(0), temperature=5))
    assert {0, 3} <= whole
    rest = set(sample(model, [1], 60, np.random.default_rng(0), temperature=5, without=[0, 3]))
    assert rest == whole - {0, 3}


def test_no_graph_is_recorded_and_the_callers_mode_is_its_own():
    model = make()
    seen = []
    inner = model.linear

    class Noting(nn.Module):
        def forward(self, x):
            seen.append(inner(x).requires_grad)
            return inner(x)

    model.linear = Noting()
    for _ in islice(sample(model, [1], 3, np.random.default_rng(0)), 2):
        seen.append(ops.exp(inner.weight).requires_grad)
    assert seen == [False, True, False, True]


@pytest.mark.parametrize("temperature", [-1.0, np.nan, np.inf])
def test_temperature_is_checked(temperature):
    with pytest.raises(ValueError, match=f"temperature .* got {temperature}"):
        next(sample(make(), [1], 1, np.random.default_rng(0), temperature=temperature))


def test_empty_prompt_is_an_error():
    with pytest.raises(ValueError, match="prompt is empty"):
        next(sample(make(), [], 1, np.random.default_rng(0)))
