"""Training over several epochs, with a table of how it went."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from needle_hw0.checks import Floats, Labels, check_count, check_examples, check_labels
from needle_hw0.native import nn_epoch_cpp, softmax_regression_epoch_cpp
from needle_hw0.report import Epoch, show_training
from needle_hw0.softmax import loss_err, softmax_regression_epoch
from needle_hw0.two_layer import nn_epoch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ENGINE = {False: "NumPy", True: "C++"}


def train_softmax(
    X_tr: Floats,
    y_tr: Labels,
    X_te: Floats,
    y_te: Labels,
    epochs: int = 10,
    lr: float = 0.5,
    batch: int = 100,
    cpp: bool = False,
) -> Floats:
    """Return theta (n, classes) of softmax regression, trained from zeros on X_tr and y_tr.

    Shows loss and error on both sets after each epoch. `cpp` chooses the C++ version. There are
    as many classes as the training labels name. Errors are those of `softmax_regression_epoch`.
    """
    data = _Data(X_tr, y_tr, X_te, y_te)
    theta = np.zeros((X_tr.shape[1], data.classes), dtype=np.float32)
    epoch = softmax_regression_epoch_cpp if cpp else softmax_regression_epoch
    _train(
        f"softmax regression in {_ENGINE[cpp]}",
        data,
        epochs,
        update=lambda: epoch(X_tr, y_tr, theta, lr, batch),
        logits=lambda X: X @ theta,
    )
    return theta


def train_nn(
    X_tr: Floats,
    y_tr: Labels,
    X_te: Floats,
    y_te: Labels,
    hidden_dim: int = 500,
    epochs: int = 10,
    lr: float = 0.5,
    batch: int = 100,
    cpp: bool = False,
) -> tuple[Floats, Floats]:
    """Return W1 (n, hidden_dim) and W2 (hidden_dim, classes) of the two-layer network.

    They start as normal numbers over sqrt(hidden_dim) and sqrt(classes): those which NumPy's
    global generator gives after `np.random.seed(0)`, while that generator itself is left alone.
    Otherwise as `train_softmax`.
    """
    data = _Data(X_tr, y_tr, X_te, y_te)
    check_count("hidden_dim", hidden_dim)
    draw = np.random.RandomState(0).randn
    W1 = (draw(X_tr.shape[1], hidden_dim) / np.sqrt(hidden_dim)).astype(np.float32)
    W2 = (draw(hidden_dim, data.classes) / np.sqrt(data.classes)).astype(np.float32)
    epoch = nn_epoch_cpp if cpp else nn_epoch
    _train(
        f"two-layer network in {_ENGINE[cpp]}",
        data,
        epochs,
        update=lambda: epoch(X_tr, y_tr, W1, W2, lr, batch),
        logits=lambda X: np.maximum(X @ W1, 0) @ W2,
    )
    return W1, W2


@dataclass(frozen=True)
class _Data:
    """A training and a test set that fit together."""

    X_tr: Floats
    y_tr: Labels
    X_te: Floats
    y_te: Labels

    def __post_init__(self) -> None:
        """Raise what an epoch or an evaluation would raise later on."""
        check_examples(self.X_tr, self.y_tr, names=("X_tr", "y_tr"))
        check_examples(self.X_te, self.y_te, names=("X_te", "y_te"))
        if self.X_tr.shape[1] != self.X_te.shape[1]:
            raise ValueError(
                f"shapes {self.X_tr.shape} of X_tr and {self.X_te.shape} of X_te: "
                "both need the same number of columns"
            )
        check_labels(self.y_tr, self.classes, "y_tr")
        check_labels(self.y_te, self.classes, "y_te")

    @property
    def classes(self) -> int:
        return int(self.y_tr.max()) + 1


def _train(
    title: str,
    data: _Data,
    epochs: int,
    update: Callable[[], None],
    logits: Callable[[Floats], Floats],
) -> None:
    """Call `update` once for each epoch, and show loss and error of `logits` after it."""
    check_count("epochs", epochs)

    def run() -> Iterator[Epoch]:
        for number in range(1, epochs + 1):
            start = time.perf_counter()
            update()
            seconds = time.perf_counter() - start
            train = loss_err(logits(data.X_tr), data.y_tr)
            test = loss_err(logits(data.X_te), data.y_te)
            yield Epoch(number, *train, *test, seconds)

    show_training(title, run(), epochs)
