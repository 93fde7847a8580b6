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
    """Return ReLU(x + f(x)), f being two linear layers, `dim` to `hidden_dim` to `dim`."""
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
    """Return a network from (N, dim) to logits (N, num_classes), with `num_blocks` blocks.

    A block is hidden_dim wide, and half of that inside.
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

    Loss and error of a batch are those before its update. Sets NumPy's global seed, and the mode
    of the model: training with `opt`, evaluation without.
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

    `data_dir` holds the four files of MNIST. Errors are shares of wrong answers.
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
