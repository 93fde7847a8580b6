"""A multilayer perceptron with residual connections, and its training on MNIST.

The architecture and the seeds are those of the course. `np.random.seed` is called by `epoch` and
`train_mnist`, as its rules say, so every epoch visits the images in the same order; the command
line, `python -m needle_hw2 train`, has a training loop that does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from needle_hw2 import Tensor, data, nn, optim
from needle_hw2.apps.passes import count_errors as count_errors
from needle_hw2.apps.passes import run_pass

Norm = Callable[[int], nn.Module]
SEED = 4


def ResidualBlock(  # noqa: N802 -- the course's name; it stands where a class could
    dim: int, hidden_dim: int, norm: Norm = nn.BatchNorm1d, drop_prob: float = 0.1
) -> nn.Module:
    """Return a block ReLU(x + f(x)) from (N, dim) to (N, dim); f is these layers in a row.

    ==========================  ===========================
    layer                       result
    ==========================  ===========================
    Linear(dim, hidden_dim)     (N, hidden_dim)
    norm(hidden_dim)
    ReLU
    Dropout(drop_prob)
    Linear(hidden_dim, dim)     (N, dim)
    norm(dim)
    ==========================  ===========================

    So both linear layers are normalised, the first before its ReLU and the second before it is
    added to x; dropout is there once, and not after the last ReLU. The layers are made, and their
    weights drawn, in the order in which they are applied.
    """
    f = nn.Sequential(
        nn.Linear(dim, hidden_dim),
        norm(hidden_dim),
        nn.ReLU(),
        nn.Dropout(drop_prob),
        nn.Linear(hidden_dim, dim),
        norm(dim),
    )
    return nn.Sequential(nn.Residual(f), nn.ReLU())


def MLPResNet(  # noqa: N802 -- as above
    dim: int,
    hidden_dim: int = 100,
    num_blocks: int = 3,
    num_classes: int = 10,
    norm: Norm = nn.BatchNorm1d,
    drop_prob: float = 0.1,
) -> nn.Module:
    """Return a network from (N, dim) to logits (N, num_classes): these layers in a row.

    ==========================================  ====================================
    layer                                       result
    ==========================================  ====================================
    Linear(dim, hidden_dim)                     (N, hidden_dim)
    ReLU
    `num_blocks` times ResidualBlock            (N, hidden_dim)
    Linear(hidden_dim, num_classes)             (N, num_classes)
    ==========================================  ====================================

    Nothing else follows the first layer: norm and dropout are in the blocks alone. A block is
    `ResidualBlock(hidden_dim, hidden_dim // 2, norm, drop_prob)`. The layers are made, and their
    weights drawn, in the order in which they are applied.
    """
    return nn.Sequential(
        nn.Linear(dim, hidden_dim),
        nn.ReLU(),
        *(ResidualBlock(hidden_dim, hidden_dim // 2, norm, drop_prob) for _ in range(num_blocks)),
        nn.Linear(hidden_dim, num_classes),
    )


def epoch(
    dataloader: Iterable[Any], model: nn.Module, opt: optim.Optimizer | None = None
) -> tuple[float, float]:
    """Return the error rate and the mean loss over one pass; with `opt`, train on the way.

    The error rate is the share of wrong answers, from [0, 1], and the loss that of `nn.SoftmaxLoss`
    per example: an example of a smaller batch counts as much as any other. Both are Python's
    floats. Loss and error of a batch are those before its update. First of all, before a batch is
    asked for, this sets NumPy's global seed to `SEED`, and the mode of the model: training with
    `opt`, evaluation without.

    A batch is a pair of images (B, ...), which `answer` makes rows of (B, n), and labels (B,).
    """
    np.random.seed(SEED)  # noqa: NPY002 -- the course's rule
    model.train(mode=opt is not None)
    done = run_pass(dataloader, partial(answer, model), nn.SoftmaxLoss(), opt)
    return done.wrong / done.examples, done.loss / done.examples


def answer(model: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the logits of `model` for images, which are flattened, and their labels."""
    X, y = batch
    return model(X.reshape((len(y), -1))), y


def train_mnist(
    batch_size: int = 100,
    epochs: int = 10,
    optimizer: type[optim.Optimizer] = optim.Adam,
    lr: float = 0.001,
    weight_decay: float = 0.001,
    hidden_dim: int = 100,
    data_dir: str | Path = "data",
) -> tuple[float, float, float, float]:
    """Return the last epoch's training error and loss, and test error and loss.

    All four are floats as `epoch` returns them; the test is one such pass, without an optimiser,
    after the last epoch of training. `data_dir` holds the four files of MNIST.

    NumPy's global seed is set to `SEED` once before the weights are drawn, and by `epoch` again.
    The network is `MLPResNet(784, hidden_dim)`, with its defaults for all else: three blocks, ten
    classes, `BatchNorm1d` and a dropout of 0.1. The optimiser is
    ``optimizer(parameters, lr=lr, weight_decay=weight_decay)``. Batches have `batch_size` images;
    those of the training set are shuffled in each epoch, those of the test set are in order.

    Raises `ValueError` if there is no epoch.
    """
    if epochs < 1:
        raise ValueError(f"epochs is at least 1, got {epochs}")
    np.random.seed(SEED)  # noqa: NPY002 -- the course's rule
    training, test = mnist(data_dir)
    loader = data.DataLoader(training, batch_size, shuffle=True)
    test_loader = data.DataLoader(test, batch_size)
    model = MLPResNet(28 * 28, hidden_dim)
    opt = optimizer(model.parameters(), lr=lr, weight_decay=weight_decay)
    for _ in range(epochs):
        training_result = epoch(loader, model, opt)
    return *training_result, *epoch(test_loader, model)


def mnist(data_dir: str | Path) -> tuple[data.MNISTDataset, data.MNISTDataset]:
    """Return the training and the test set whose four files `data_dir` holds."""
    folder = Path(data_dir)
    training, test = (
        data.MNISTDataset(
            folder / f"{part}-images-idx3-ubyte.gz", folder / f"{part}-labels-idx1-ubyte.gz"
        )
        for part in ("train", "t10k")
    )
    return training, test
