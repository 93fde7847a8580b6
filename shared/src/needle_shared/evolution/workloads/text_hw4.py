"""The language model of hw4, on each of its devices."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np

from needle_shared.evolution.cells.devices import OnDevice
from needle_shared.evolution.workloads.problem import TextProblem


def train(ndl: Any, models: Any, problem: TextProblem) -> Iterator[float]:
    """Yield the loss of each step, as a user of hw4 writes it."""
    np.random.seed(problem.seed)  # noqa: NPY002 -- what the layers draw weights from
    model = models.LanguageModel(problem.embedding, problem.words, problem.hidden)
    loss_function = ndl.nn.SoftmaxLoss()
    optimizer = ndl.optim.SGD(model.parameters(), problem.lr)
    h = None
    for row in range(0, len(problem.columns) - 1, problem.bptt):
        words, following = ndl.data.get_batch(problem.columns, row, problem.bptt)
        logits, h = model(words, h)
        loss = loss_function(logits, following)
        loss.backward(create_graph=False)
        optimizer.step()
        h = h.detach()
        yield loss.item()


class TextCell(OnDevice):
    """`needle_hw4.models.LanguageModel`; a subclass says on which device."""

    problem = TextProblem
    written = (train,)

    def __init__(self) -> None:
        super().__init__()
        self.models = import_module(f"{self.package}.models")

    def train(self, problem: TextProblem) -> Iterator[float]:
        """Yield the loss of each step."""
        return train(self.ndl, self.models, problem)


class NumpyTextCell(TextCell):
    """On the device whose kernels are NumPy's."""

    device = "cpu_numpy"


class CppTextCell(TextCell):
    """On the device whose kernels are C++."""

    device = "cpu"


class CudaTextCell(TextCell):
    """On an NVIDIA GPU."""

    device = "cuda"
