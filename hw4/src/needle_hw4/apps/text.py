"""Learning a text: its chunks in order, and a model that carries its state from each to the next.

Gradients flow back to the beginning of a chunk: truncated backpropagation through time. What stands
between two chunks is the state alone, and it is in the model's buffers; so a checkpoint between
them has all that is needed to go on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from needle_hw1 import Device, Tensor
from needle_hw1.array_api import DType
from needle_hw2.data.checks import whole_number
from needle_hw2.training import Outcome
from needle_hw4 import nn, ops
from needle_hw4.data import get_batch
from needle_hw4.models import LanguageModel

LARGEST_EXPONENT = math.log(np.finfo(np.float64).max)


class Chunk(NamedTuple):
    """Words (L, B), and the words (L B,) that follow them; `is_first` of a text."""

    words: Tensor
    following: Tensor
    is_first: bool


class TextLoader:
    """A text in chunks of `bptt` rows, of which the last may have fewer: a `Loader`.

    `columns` has shape (rows, B), as `data.batchify` returns it. The words are tensors on `device`,
    the default one if None, of the dtype of `columns` if `dtype` is None. The order is that of the
    text: `rng` is there because trainers set it, and nothing is drawn from it.

    Raises `ValueError` unless there are two rows, the second of which follows the first.
    """

    def __init__(
        self,
        columns: np.ndarray[Any, Any],
        bptt: int,
        device: Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        if columns.ndim != 2 or len(columns) < 2:
            raise ValueError(f"a text has at least two rows of words, got shape {columns.shape}")
        self.columns = columns
        self.bptt = whole_number("bptt", bptt, at_least=1)
        self.device = device
        self.dtype = dtype
        self.rng: np.random.Generator | None = None

    def __len__(self) -> int:
        """Return the number of chunks."""
        return math.ceil((len(self.columns) - 1) / self.bptt)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield every chunk."""
        return self.batches()

    def batches(self, start: int = 0) -> Iterator[Chunk]:
        """Yield the chunks from number `start` on."""
        for row in range(start * self.bptt, len(self.columns) - 1, self.bptt):
            words = get_batch(self.columns, row, self.bptt, self.device, self.dtype)
            yield Chunk(*words, is_first=row == 0)


class CarryingModel(nn.Module):
    """A language model that begins a chunk with the state that the one before ended with.

    A text begins with a state of zeros; None says the same to the model. From there on, the state
    is a constant: no gradient flows back into the chunk before.

    `state` has the tensors of the state after the last chunk of a training, (layers, B, hidden):
    one of an RNN, two, h and c, of an LSTM, none of a transformer, whose zeros in place of a state
    are not kept. A pass in evaluation mode carries a state of its own, `_test_state`, which is not
    saved: training goes on with the one that it had.
    """

    def __init__(self, model: LanguageModel, batch_size: int) -> None:
        super().__init__()
        self.model = model
        self.state = zero_state(model, batch_size)
        self._test_state: list[Tensor] = []

    def forward(self, chunk: Chunk) -> Tensor:
        """Return the scores (L B, words) of the words that follow, and carry the state on."""
        if chunk.is_first:
            before = zero_state(self.model, chunk.words.shape[1])
        else:
            before = self.state if self.training else self._test_state
        logits, after = self.model(chunk.words, joined(before))
        state = [tensor.detach() for tensor in parts(after)] if before else []
        if self.training:
            self.state = state
        else:
            self._test_state = state
        scores: Tensor = logits
        return scores


def zero_state(model: LanguageModel, batch_size: int) -> list[Tensor]:
    """Return the tensors of the state at the beginning of `batch_size` texts."""
    if not isinstance(model.model, nn.RNN | nn.LSTM):
        return []
    cells = model.model.cells
    count = 2 if isinstance(model.model, nn.LSTM) else 1
    return [ops.stack([cell.initial_state(batch_size) for cell in cells], 0) for _ in range(count)]


def joined(state: list[Tensor]) -> Any:
    """Return the tensors of a state as models take them: None, a tensor or a tuple."""
    if len(state) > 1:
        return tuple(state)
    return state[0] if state else None


def parts(state: Any) -> list[Tensor]:
    """Return the tensors of a state as models return it: a tensor or a tuple."""
    return list(state) if isinstance(state, tuple) else [state]


def detached(state: Any) -> Any:
    """Return a state as constants: no gradient flows back through it."""
    return joined([tensor.detach() for tensor in parts(state)])


def predict_words(model: nn.Module, chunk: Chunk) -> Outcome:
    """Return the cross-entropy of a `CarryingModel` for each word that follows."""
    return Outcome(nn.SoftmaxLoss()(model(chunk), chunk.following), len(chunk.following))


def perplexity(means: Mapping[str, float]) -> dict[str, float]:
    """Return exp of the mean loss, at most the largest float.

    That many words, all equally likely, would be as hard to foretell.
    """
    return {"perplexity": math.exp(min(means["loss"], LARGEST_EXPONENT))}
