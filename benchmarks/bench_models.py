"""Training steps of hw4's models on the C++ device, against the same models in PyTorch.

Random data, Adam; ResNet9 with batches of 128 images, the others with batches of 100 images or of
16 texts of 40 words out of 10,000. First both libraries, from the same weights, have to agree on
the losses of some steps. Then they take turns, each in a process of its own, by processor time on
one thread. PyTorch is told to keep memory, as hw4 does.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import timing
from workloads import KEEP_MEMORY, readable

timing.use_one_thread()  # before NumPy is imported

import numpy as np  # noqa: E402

WORDS, STEPS, TEXTS = 10_000, 40, 16
CHECKED, AGREEMENT = 3, 1e-3  # steps in float32, and the part by which a loss may then differ
SECONDS = 0.3  # at least, of one measurement

Array = np.ndarray[Any, Any]
Step = Callable[[], float]


class Model(NamedTuple):
    """A model in both libraries, its data, and the goal: time over PyTorch's."""

    name: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    data: Callable[[], tuple[Array, Array]]
    must: float


def images(batch: int, *shape: int) -> tuple[Array, Array]:
    """Return random images and labels."""
    rng = np.random.default_rng(0)
    return rng.random((batch, *shape), dtype=np.float32), rng.integers(10, size=batch)


def texts() -> tuple[Array, Array]:
    """Return random words, (40, 16), and those that follow, (640,)."""
    rng = np.random.default_rng(0)
    return rng.integers(WORDS, size=(STEPS, TEXTS)), rng.integers(WORDS, size=STEPS * TEXTS)


# The models of hw4


def our_mlp_resnet() -> Any:
    """Return hw2's MLP ResNet, without dropout, which draws other numbers in PyTorch."""
    from needle_hw2.apps.mlp_resnet import MLPResNet

    return MLPResNet(784, drop_prob=0.0)


def our_resnet9() -> Any:
    """Return hw4's ResNet9."""
    from needle_hw4.models import ResNet9

    return ResNet9()


def our_language_model(kind: str) -> Any:
    """Return a language model that gives scores only."""
    from needle_hw4 import nn
    from needle_hw4.models import LanguageModel

    sizes = (64, WORDS, 128, 2) if kind == "transformer" else (30, WORDS, 100, 2)
    options = {"num_head": 4, "dim_head": 16} if kind == "transformer" else {}

    class Scores(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = LanguageModel(*sizes, kind, **options)

        def forward(self, x: Any) -> Any:
            return self.model(x)[0]

    return Scores()


# The same in PyTorch


def their_residual(fn: Any) -> Any:
    """Return x + fn(x) as a module."""
    from torch import Tensor, nn

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fn = fn

        def forward(self, x: Tensor) -> Tensor:
            return self.fn(x) + x

    return Residual()


def their_mlp_resnet() -> Any:
    """Return the MLP ResNet."""
    from torch import nn

    def block() -> nn.Module:
        first = [nn.Linear(100, 50), nn.BatchNorm1d(50), nn.ReLU(), nn.Dropout(0.0)]
        second = [nn.Linear(50, 100), nn.BatchNorm1d(100)]
        return nn.Sequential(their_residual(nn.Sequential(*first, *second)), nn.ReLU())

    blocks = (block() for _ in range(3))
    return nn.Sequential(nn.Linear(784, 100), nn.ReLU(), *blocks, nn.Linear(100, 10))


def their_resnet9() -> Any:
    """Return ResNet9."""
    from torch import nn

    def conv(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Module:
        layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
        return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU())

    def block(channels: int) -> nn.Module:
        return their_residual(nn.Sequential(*(conv(channels, channels, 3, 1) for _ in range(2))))

    head = [nn.Flatten(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10)]
    body = [conv(3, 16, 7, 4), conv(16, 32, 3, 2), block(32), conv(32, 64, 3, 2)]
    return nn.Sequential(*body, conv(64, 128, 3, 2), block(128), *head)


def their_lstm() -> Any:
    """Return the language model with two layers of an LSTM."""
    from torch import Tensor, nn

    class Scores(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(WORDS, 30)
            self.model = nn.LSTM(30, 100, 2)
            self.linear = nn.Linear(100, WORDS)

        def forward(self, x: Tensor) -> Tensor:
            states, _ = self.model(self.embedding(x))
            return self.linear(states.reshape(-1, 100))

    return Scores()


def their_transformer() -> Any:
    """Return the language model with two pre-norm layers, 4 heads of 16 features each."""
    from torch import Tensor, nn

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norms = nn.ModuleList(nn.LayerNorm(64) for _ in range(3))
            self.projections = nn.ModuleList(nn.Linear(64, 64, bias=False) for _ in range(4))

        def forward(self, x: Tensor) -> Tensor:
            pairs = zip(self.projections, self.norms, strict=False)
            q, k, v = (p(n(x)).unflatten(-1, (4, 16)).transpose(1, 2) for p, n in pairs)
            y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.projections[3](y.transpose(1, 2).flatten(2))

    def layer() -> nn.Module:
        mlp = nn.Sequential(nn.LayerNorm(64), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64))
        return nn.Sequential(their_residual(Attention()), their_residual(mlp))

    class Scores(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(WORDS, 64)
            self.positions = nn.Embedding(STEPS, 64)
            self.layers = nn.Sequential(layer(), layer())
            self.linear = nn.Linear(64, WORDS)

        def forward(self, x: Tensor) -> Tensor:
            y = self.layers(self.embedding(x.T) + self.positions.weight)
            return self.linear(y.transpose(0, 1).reshape(-1, 64))

    return Scores()


MODELS = [
    Model("MLP ResNet", our_mlp_resnet, their_mlp_resnet, partial(images, 100, 784), 0.6),
    Model("ResNet9", our_resnet9, their_resnet9, partial(images, 128, 3, 32, 32), 0.8),
    Model("LSTM", partial(our_language_model, "lstm"), their_lstm, texts, 0.9),
    Model("transformer", partial(our_language_model, "transformer"), their_transformer, texts, 1.0),
]


def weights(model: Model) -> list[Array]:
    """Return the initial weights, in hw4's order and shapes."""
    np.random.seed(0)  # noqa: NPY002 -- they draw from it
    return [parameter.numpy() for parameter in model.ours().parameters()]


def fill(module: Any, values: Iterator[Array]) -> None:
    """Set the parameters of a module of PyTorch, and of those inside, to hw4's."""
    import torch
    from torch import nn

    def put(parameter: Any, array: Array) -> None:
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(array)).reshape(parameter.shape))

    if isinstance(module, nn.LSTM):
        for layer in range(module.num_layers):
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                put(getattr(module, f"{name}_l{layer}"), next(values).T)
        return
    for parameter in module._parameters.values():
        if parameter is None:
            continue
        array = next(values)
        if isinstance(module, nn.Linear):
            array = array.T
        elif isinstance(module, nn.Conv2d) and array.ndim == 4:
            array = array.transpose(3, 2, 0, 1)
        put(parameter, array)
    for inner in module.children():
        fill(inner, values)


def in_hw4(model: Model) -> Step:
    """Return a function that makes a step with hw4, and returns the loss."""
    import needle_hw3
    import needle_hw4 as ndl

    needle_hw3.set_num_threads(1)
    np.random.seed(0)  # noqa: NPY002 -- the weights draw from it
    network = model.ours()
    optimizer = ndl.optim.Adam(network.parameters(), lr=1e-3)
    X, y = (ndl.Tensor(array, requires_grad=False) for array in model.data())
    loss_function = ndl.nn.SoftmaxLoss()

    def step() -> float:
        optimizer.reset_grad()
        loss = loss_function(network(X), y)
        loss.backward(create_graph=False)
        optimizer.step()
        return float(loss.item())

    return step


def in_torch(model: Model, channels_last: bool = False) -> Step:
    """Return the same with PyTorch, images as (N, H, W, C) in memory if `channels_last`."""
    import torch

    torch.set_num_threads(1)
    network = model.theirs()
    fill(network, iter(weights(model)))
    X, y = (torch.from_numpy(array) for array in model.data())
    if channels_last:
        network = network.to(memory_format=torch.channels_last)
        X = X.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    loss_function = torch.nn.CrossEntropyLoss()

    def step() -> float:
        optimizer.zero_grad()
        loss = loss_function(network(X), y)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def repeated(setup: Callable[[], Step], count: int) -> Callable[[], None]:
    """Return a function that makes `count` steps."""
    step = setup()

    def run() -> None:
        for _ in range(count):
            step()

    return run


def row(model: Model, rounds: int) -> list[str]:
    """Return the cells of one model. Raises ArithmeticError if the losses do not agree."""
    setups: dict[str, Callable[[], Step]] = {
        "hw4": partial(in_hw4, model),
        "PyTorch": partial(in_torch, model),
    }
    if len(model.data()[0].shape) == 4:
        setups["PyTorch, channels last"] = partial(in_torch, model, channels_last=True)
    ours, theirs = setups["hw4"](), setups["PyTorch"]()
    for number in range(CHECKED):
        mine, its = ours(), theirs()
        if not abs(mine / its - 1) <= AGREEMENT:
            raise ArithmeticError(f"{model.name}: loss {mine}, PyTorch's {its} in step {number}")
    start = time.perf_counter()
    ours()
    count = 1 + int(SECONDS / (time.perf_counter() - start))
    timed = timing.interleave(
        {name: partial(repeated, setup, count) for name, setup in setups.items()},
        rounds=rounds,
        environments={name: KEEP_MEMORY for name in setups if name != "hw4"},
    )
    best = min((name for name in setups if name != "hw4"), key=lambda name: timed[name].median)
    ratio = timed["hw4"].median / timed[best].median
    missed = " missed" if round(ratio, 2) > model.must else ""
    seconds = (readable(timed[name].median / count) for name in ("hw4", best))
    return [model.name, *seconds, f"{ratio:.2f}", f"{model.must:.2f}{missed}"]


def main(argv: list[str] | None = None) -> int:
    """Print the table of the models that are named, by default all."""
    from rich.console import Console
    from rich.table import Table

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts of names of models")
    parser.add_argument("--rounds", type=int, default=9, help="how often each library runs")
    options = parser.parse_args(argv)
    table = Table("a training step", "hw4", "PyTorch", "ratio", "must")
    for model in MODELS:
        if any(name in model.name for name in options.names or [""]):
            table.add_row(*row(model, options.rounds))
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
