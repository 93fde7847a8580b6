"""Texts that a language model makes up."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

from needle_hw1 import Tensor, no_grad
from needle_hw4 import nn
from needle_hw4.models import LanguageModel


def sample(
    model: LanguageModel,
    prompt: Sequence[int],
    count: int,
    rng: np.random.Generator,
    *,
    temperature: float = 1.0,
    without: Collection[int] = (),
) -> Iterator[int]:
    r"""Yield `count` words, as numbers, that go on with `prompt`, one or more words.

    Each is drawn from what the model says of the word after those before, with the probabilities

    .. math:: p_i = \frac{e^{z_i / t}}{\sum_j e^{z_j / t}}

    t being the `temperature`; 0 takes the most probable word. Words `without` are never drawn. A
    transformer sees the last `sequence_len` words, other models all of them. The model should be in
    evaluation mode.

    Raises `ValueError` for an empty prompt, or a temperature below 0.
    """
    if not prompt:
        raise ValueError("a text begins with at least one word: the prompt is empty")
    if not 0 <= temperature < np.inf:
        raise ValueError(f"the temperature is at least 0 and finite, got {temperature}")
    device = model.embedding.weight.device
    window = model.model.sequence_len if isinstance(model.model, nn.Transformer) else None
    known, state = list(prompt), None
    unread = known
    for _ in range(count):
        if window:  # it has no state, and begins anew
            unread = known[-window:]
        with no_grad():  # not over the `yield`: what runs there is not ours
            column = np.asarray(unread, np.int64).reshape(-1, 1)
            words = Tensor(column, device=device, requires_grad=False)
            logits, state = model(words, state)
        scores = logits.numpy()[-1].astype(np.float64)
        scores[list(without)] = -np.inf
        word = draw(scores, temperature, rng)
        yield word
        known.append(word)
        unread = [word]


def draw(scores: np.ndarray[Any, Any], temperature: float, rng: np.random.Generator) -> int:
    """Return the number of a word with `scores` (n,): a draw from their softmax."""
    if temperature == 0:
        return int(scores.argmax())
    with np.errstate(over="ignore"):  # what becomes -inf has no weight
        weights = np.exp((scores - scores.max()) / temperature)
    return int(rng.choice(len(scores), p=weights / weights.sum()))
