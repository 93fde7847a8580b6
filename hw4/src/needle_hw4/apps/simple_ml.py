"""Training of image classifiers and language models, as in the course.

Each function sets NumPy's global seed to 4 when it is called, which is the course's rule: so every
epoch visits shuffled images in the same order. The command line, `python -m needle_hw4 train`, has
a training loop that does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from needle_hw1 import Device, Tensor
from needle_hw1.apps.simple_ml import loss_err as loss_err
from needle_hw1.apps.simple_ml import nn_epoch as nn_epoch
from needle_hw1.apps.simple_ml import softmax_loss as softmax_loss
from needle_hw1.array_api import DType
from needle_hw2 import optim
from needle_hw2.apps.passes import Pass, run_pass
from needle_hw4 import nn
from needle_hw4.apps.text import Chunk, TextLoader, detached

SEED = 4


def epoch_general_cifar10(
    dataloader: Iterable[Any],
    model: nn.Module,
    loss_fn: nn.Module = nn.SoftmaxLoss(),  # noqa: B008 -- it has no state
    opt: optim.Optimizer | None = None,
) -> tuple[float, float]:
    """Return the accuracy and the mean loss over a pass; with `opt`, train on the way.

    `dataloader` gives images and labels (N,). Results of a batch are those before its update.
    Sets the mode of the model: training with `opt`, evaluation without. Raises `ValueError` if
    there is no batch.
    """
    _begin(model, opt)

    def answer(batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        X, y = batch
        return model(X), y

    return _means(run_pass(dataloader, answer, loss_fn, opt))


def train_cifar10(
    model: nn.Module,
    dataloader: Iterable[Any],
    n_epochs: int = 1,
    optimizer: type[optim.Optimizer] = optim.Adam,
    lr: float = 0.001,
    weight_decay: float = 0.001,
    loss_fn: type[nn.Module] = nn.SoftmaxLoss,
) -> tuple[float, float]:
    """Return the accuracy and the mean loss over the last of `n_epochs` epochs of training."""
    _seed()
    _check_epochs(n_epochs)
    opt = optimizer(model.parameters(), lr=lr, weight_decay=weight_decay)
    for _ in range(n_epochs):
        result = epoch_general_cifar10(dataloader, model, loss_fn(), opt)
    return result


def evaluate_cifar10(
    model: nn.Module, dataloader: Iterable[Any], loss_fn: type[nn.Module] = nn.SoftmaxLoss
) -> tuple[float, float]:
    """Return the accuracy and the mean loss over a pass in evaluation mode."""
    _seed()
    return epoch_general_cifar10(dataloader, model, loss_fn())


def epoch_general_ptb(
    data: np.ndarray[Any, Any],
    model: nn.Module,
    seq_len: int = 40,
    loss_fn: nn.Module = nn.SoftmaxLoss(),  # noqa: B008 -- it has no state
    opt: optim.Optimizer | None = None,
    clip: float | None = None,
    device: Device | None = None,
    dtype: DType = "float32",
) -> tuple[float, float]:
    """Return the accuracy and the mean loss over all words; with `opt`, train on the way.

    `data` is a text in columns, as `data.batchify` returns it, and is read in chunks of `seq_len`
    rows. A chunk begins with the state that the one before ended with, but no gradient flows
    back to there: truncated backpropagation through time. `clip` bounds the norm of the gradients.
    Words become tensors of `dtype` on `device`, where the model is.

    Sets the mode of the model as `epoch_general_cifar10` does.
    """
    _begin(model, opt)
    state = None

    def answer(chunk: Chunk) -> tuple[Tensor, Tensor]:
        nonlocal state
        logits, state = model(chunk.words, state)
        state = detached(state)
        return logits, chunk.following

    chunks = TextLoader(data, seq_len, device, dtype)
    return _means(run_pass(chunks, answer, loss_fn, opt, clip))


def train_ptb(
    model: nn.Module,
    data: np.ndarray[Any, Any],
    seq_len: int = 40,
    n_epochs: int = 1,
    optimizer: type[optim.Optimizer] = optim.SGD,
    lr: float = 4.0,
    weight_decay: float = 0.0,
    loss_fn: type[nn.Module] = nn.SoftmaxLoss,
    clip: float | None = None,
    device: Device | None = None,
    dtype: DType = "float32",
) -> tuple[float, float]:
    """Return the accuracy and the mean loss over the last of `n_epochs` epochs of training.

    Parameters are those of `epoch_general_ptb`.
    """
    _seed()
    _check_epochs(n_epochs)
    opt = optimizer(model.parameters(), lr=lr, weight_decay=weight_decay)
    for _ in range(n_epochs):
        result = epoch_general_ptb(data, model, seq_len, loss_fn(), opt, clip, device, dtype)
    return result


def evaluate_ptb(
    model: nn.Module,
    data: np.ndarray[Any, Any],
    seq_len: int = 40,
    loss_fn: type[nn.Module] = nn.SoftmaxLoss,
    device: Device | None = None,
    dtype: DType = "float32",
) -> tuple[float, float]:
    """Return the accuracy and the mean loss over all words in evaluation mode."""
    _seed()
    return epoch_general_ptb(data, model, seq_len, loss_fn(), device=device, dtype=dtype)


def _begin(model: nn.Module, opt: optim.Optimizer | None) -> None:
    _seed()
    model.train(mode=opt is not None)


def _seed() -> None:
    np.random.seed(SEED)  # noqa: NPY002 -- the course's rule


def _means(done: Pass) -> tuple[float, float]:
    return (done.examples - done.wrong) / done.examples, done.loss / done.examples


def _check_epochs(n_epochs: int) -> None:
    if n_epochs < 1:
        raise ValueError(f"n_epochs is at least 1, got {n_epochs}")
