"""A small problem, and stand-in cells where the cells' processes find them."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from needle_shared.evolution.compare import compare
from needle_shared.evolution.problem import Problem


@pytest.fixture
def problem():
    """64 noisy images of 3 classes, 12 inputs, 8 hidden units, and a last batch of 1."""
    rng = np.random.default_rng(5)
    prototypes = rng.random((3, 12))

    def images(count):
        y = rng.integers(0, 3, count).astype(np.uint8)
        X = prototypes[y] + 0.2 * rng.standard_normal((count, 12))
        return X.astype(np.float32), y

    W1 = rng.standard_normal((12, 8)).astype(np.float32) / 3
    W2 = rng.standard_normal((8, 3)).astype(np.float32) / 2
    return Problem(*images(64), *images(40), W1, W2, lr=0.2, batch=9)


@pytest.fixture(autouse=True)
def standin_path(monkeypatch):
    """Let the cells' processes import `standin_cells`."""
    path = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))


@pytest.fixture(autouse=True)
def numpy_device():
    """Make NumPy's device the default one, which importing hw4 and its cells change."""
    if importlib.util.find_spec("needle_hw1") is None:
        yield
        return
    hw1 = importlib.import_module("needle_hw1")
    before = hw1.default_device()
    hw1.set_default_device(hw1.cpu())
    yield
    hw1.set_default_device(before)


@pytest.fixture
def run(problem):
    """A function that compares stand-in cells, given as names of classes, on the small problem."""

    def compare_standins(*names, **options):
        cells = {name: f"standin_cells:{name}" for name in names}
        return compare(problem, cells, **{"epochs": 3, "repeats": 2, "timeout": 60.0, **options})

    return compare_standins


@pytest.fixture
def float64_losses():
    """A function that returns the losses of a training, step by step, in float64."""

    def train(problem, steps):
        W1, W2 = problem.W1.astype(np.float64), problem.W2.astype(np.float64)
        losses = []
        for step in range(steps):
            X, y = problem.minibatch(step)
            X, rows = X.astype(np.float64), np.arange(len(y))
            hidden = X @ W1
            logits = np.where(hidden > 0, hidden, 0) @ W2
            log_sum = np.log(np.exp(logits).sum(axis=1))
            losses.append(np.mean(log_sum - logits[rows, y]))
            d_logits = np.exp(logits - log_sum[:, None])
            d_logits[rows, y] -= 1
            d_hidden = np.where(hidden > 0, d_logits @ W2.T, 0)
            W2 = W2 - problem.lr / len(y) * np.where(hidden > 0, hidden, 0).T @ d_logits
            W1 = W1 - problem.lr / len(y) * X.T @ d_hidden
        return np.array(losses), (W1, W2)

    return train
