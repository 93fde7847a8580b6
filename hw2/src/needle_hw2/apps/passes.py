"""One pass over examples, as the course's training functions make it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np

from needle_hw1.array_api import array_namespace
from needle_hw2 import Tensor, nn, no_grad, optim


class Pass(NamedTuple):
    """What came out of a pass: the number of examples, and sums over them."""

    examples: int
    wrong: int
    loss: float


def run_pass(
    batches: Iterable[Any],
    answer: Callable[[Any], tuple[Tensor, Tensor]],
    loss_function: nn.Module,
    opt: optim.Optimizer | None = None,
    clip: float | None = None,
) -> Pass:
    """Return the results of a pass over `batches`; with `opt`, learn on the way.

    `answer` gives the logits (N, k) and the labels (N,) of a batch. Results of a batch are those
    before its update. `clip` bounds the norm of all gradients. Raises `ValueError` if there is no
    batch.
    """
    examples, wrong, total = 0, 0, 0.0
    with nullcontext() if opt else no_grad():
        for batch in batches:
            logits, labels = answer(batch)
            loss = loss_function(logits, labels)
            if opt:
                opt.reset_grad()
                loss.backward(create_graph=False)
                if clip is not None:
                    opt.clip_grad_norm(clip)
                opt.step()
            wrong += count_errors(logits, labels)
            total += loss.item() * len(labels)
            examples += len(labels)
    if not examples:
        raise ValueError("an epoch needs at least one batch, the loader gave none")
    return Pass(examples, wrong, total)


def count_errors(logits: Tensor, y: Tensor) -> int:
    """Return how many rows of `logits` (N, k) are largest elsewhere than at their label (N,)."""
    array = logits.realize_cached_data()
    answers = Tensor.make_const(array_namespace(array).argmax(array, axis=1))
    return int(np.sum(answers.numpy() != y.numpy()))
