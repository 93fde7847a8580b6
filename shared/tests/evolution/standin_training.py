"""Cells of workloads that need no stage, and wrong ones of real stages, for `module:Class`."""

import os
from dataclasses import replace

import numpy as np

from needle_shared.evolution.cell import CellMissingError, Lines
from needle_shared.evolution.workloads.problem import ImageProblem
from needle_shared.evolution.workloads.text_hw4 import NumpyTextCell


class Softmax:
    """Softmax regression on images, which is no ResNet9 but learns, too."""

    package = "numpy"
    problem = ImageProblem

    def train(self, problem):
        X = problem.X.reshape(len(problem.X), -1)
        rng = np.random.default_rng(problem.seed)
        W = rng.standard_normal((X.shape[1], 10)).astype(np.float32) / 10
        for first in range(0, len(X), problem.batch):
            x, y = (part[first : first + problem.batch] for part in (X, problem.y))
            probs = self.probabilities(x, W)
            rows = np.arange(len(y))
            loss = -np.log(probs[rows, y]).mean()
            probs[rows, y] -= 1
            W = W - np.float32(problem.lr / len(y)) * (x.T @ probs)
            yield float(loss)

    def probabilities(self, x, W):
        Z = x @ W
        Z = np.exp(Z - Z.max(axis=1, keepdims=True))
        return Z / Z.sum(axis=1, keepdims=True)

    def lines(self):
        return Lines(7, 0)


class Reordered(Softmax):
    """The same sums in another order."""

    def probabilities(self, x, W):
        return super().probabilities(x[:, ::-1], W[::-1])


class WrongRate(Softmax):
    """Descends by 1 % too much."""

    def train(self, problem):
        return super().train(replace(problem, lr=1.01 * problem.lr))


class WrongOnce(Softmax):
    """Descends by 1 % too much in one of the trainings."""

    def train(self, problem):
        return super().train(replace(problem, lr=problem.lr * (1.01 if problem.seed == 3 else 1)))


class Diverging(Softmax):
    """Becomes nan where losses are no longer compared."""

    def train(self, problem):
        for step, loss in enumerate(super().train(problem)):
            yield loss if step < 6 else float("nan")


class Raising(Softmax):
    """Raises while it is timed."""

    def train(self, problem):
        for step, loss in enumerate(super().train(problem)):
            if step == 5:
                raise ArithmeticError("the sixth step is one too many")
            yield loss


class Dying(Softmax):
    """Ends its process without a word to the parent."""

    def train(self, problem):
        os._exit(3)


class Elsewhere(Softmax):
    """Needs what this machine has not."""

    def __init__(self):
        raise CellMissingError("this machine has no abacus")


class WrongTextCell(NumpyTextCell):
    """hw4's language model, which descends by 1 % too much."""

    def train(self, problem):
        return super().train(replace(problem, lr=1.01 * problem.lr))
