"""The language model on hw2 alone, which knows neither embeddings nor recurrent layers."""

import importlib
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from needle_shared.evolution import lines
from needle_shared.evolution.cell import Lines
from needle_shared.evolution.workloads.problem import TextProblem


def draw(ndl: Any, hidden: int, *shape: int) -> Any:
    """Return weights of a recurrent layer, from U(-b, b) with b = 1 / sqrt(hidden)."""
    bound = 1 / hidden**0.5
    return ndl.nn.Parameter(ndl.init.rand(*shape, low=-bound, high=bound))


def train(ndl: Any, problem: TextProblem) -> Iterator[float]:
    """Yield the loss of each step, as a user writes it who says `import needle_hw2 as ndl`."""
    np.random.seed(problem.seed)  # noqa: NPY002 -- what hw2 draws weights from
    hidden, features, batch = problem.hidden, problem.embedding, problem.columns.shape[1]
    table = ndl.nn.Parameter(ndl.init.randn(problem.words, features))
    W_ih = draw(ndl, hidden, features, hidden)
    W_hh = draw(ndl, hidden, hidden, hidden)
    biases = [draw(ndl, hidden, hidden) for _ in range(2)]
    linear = ndl.nn.Linear(hidden, problem.words)
    parameters = [table, W_ih, W_hh, *biases, *linear.parameters()]
    loss_function, optimizer = ndl.nn.SoftmaxLoss(), ndl.optim.SGD(parameters, problem.lr)
    h = ndl.init.zeros(batch, hidden)
    for words, following in problem.chunks():
        bias = (biases[0] + biases[1]).broadcast_to((batch, hidden))
        embedded = ndl.init.one_hot(problem.words, words.reshape(-1)) @ table
        embedded = embedded.reshape((*words.shape, features))
        total: Any = 0
        for t, labels in enumerate(following):
            h = ndl.tanh(embedded[t] @ W_ih + h @ W_hh + bias)
            total = total + loss_function(linear(h), labels)
        loss = total / len(words)
        loss.backward(create_graph=False)
        optimizer.step()
        h = h.detach()
        yield loss.item()


class UnrolledCell:
    """The network on tensors and optimiser of `needle_hw2`, whose arrays are NumPy's."""

    package: ClassVar[str] = "needle_hw2"
    problem = TextProblem

    def __init__(self) -> None:
        self.ndl = importlib.import_module(self.package)

    def train(self, problem: TextProblem) -> Iterator[float]:
        """Yield the loss of each step."""
        return train(self.ndl, problem)

    def lines(self) -> Lines:
        """Return the lines of the training above, and of what it imports of hw1 and hw2."""
        user = lines.function_lines([train], within=__name__)
        return Lines(user, lines.loaded_lines("needle_hw1", self.package))
