"""The comparison of a workload with stand-in cells: right, wrong, broken and absent ones."""

import numpy as np
import pytest

from needle_shared.evolution.workloads.compare import STEPS_IN_TURN, TRAININGS, compare_steps
from needle_shared.evolution.workloads.problem import ImageProblem


@pytest.fixture
def problem():
    """70 tiny images, and a last batch of 6."""
    rng = np.random.default_rng(3)
    X = rng.random((70, 3, 4, 4)).astype(np.float32)
    return ImageProblem(X, rng.integers(0, 10, 70).astype(np.uint8), batch=8, lr=0.5)


@pytest.fixture
def run(problem):
    """A function that compares stand-in cells, given as names of classes."""

    def compare_standins(*names, **options):
        cells = {name: f"standin_training:{name}" for name in names}
        return compare_steps(problem, cells, **{"timeout": 60.0, **options})

    return compare_standins


def float64_losses(problem):
    X, y = problem.X.reshape(70, -1).astype(np.float64), problem.y.astype(int)
    W = np.random.default_rng(problem.seed).standard_normal((48, 10)).astype(np.float32) / 10
    W, losses = W.astype(np.float64), []
    for first in range(0, 70, 8):
        x, labels = X[first : first + 8], y[first : first + 8]
        Z = x @ W
        losses.append(np.mean(np.log(np.exp(Z).sum(axis=1)) - Z[np.arange(len(Z)), labels]))
        probs = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
        W -= problem.lr * x.T @ (probs - np.eye(10)[labels]) / len(x)
    return losses


def test_right_cells_agree_and_every_column_is_filled(run, problem):
    comparison = run("Softmax", "Reordered")
    assert comparison.good
    assert comparison.steps == 3 * TRAININGS
    assert 0 < comparison.largest_difference < comparison.bound
    expected = float64_losses(problem)
    for row in comparison.cells:
        np.testing.assert_allclose(row.curve, expected, rtol=1e-5)
        np.testing.assert_allclose(row.losses[:3], expected[:3], rtol=1e-5)
        assert len(set(row.losses)) == 3 * TRAININGS
        assert row.training_loss == row.curve[-1]
        assert len(row.seconds) == problem.steps == 9
        assert min(row.seconds) > 0
        assert row.peak_memory_mib is None or row.peak_memory_mib > 5
        assert (row.package, row.user_lines, row.library_lines) == ("numpy", 7, 0)
        assert row.test_error is None


def test_a_wrong_learning_rate_is_found_and_the_cell_named_even_if_it_is_the_first(run):
    comparison = run("WrongRate", "Softmax", "Reordered")
    assert not comparison.good
    (found,) = comparison.disagreements
    assert (found.cell, found.step) == ("WrongRate", 1)
    assert "WrongRate disagrees with Softmax from step 1 on" in found.text


def test_one_training_that_goes_elsewhere_is_a_kink_and_is_counted(run):
    comparison = run("Softmax", "WrongOnce", "Reordered")
    assert comparison.good
    assert comparison.kinks == 1


def test_a_loss_that_is_not_finite_is_found_after_those_that_are_compared(run):
    (found,) = run("Softmax", "Diverging").disagreements
    assert (found.cell, found.step) == ("Diverging", 6)
    assert "the loss of step 6 is nan" in found.text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Raising", "ArithmeticError: the sixth step is one too many"),
        ("Dying", "ended with exit code 3"),
    ],
)
def test_a_cell_that_breaks_leaves_the_others_whole(run, name, reason):
    comparison = run(name, "Softmax", "Reordered")
    assert not comparison.good
    broken, *others = comparison.cells
    assert (broken.state, reason in broken.reason) == ("failed", True)
    assert [(row.state, len(row.curve)) for row in others] == [("finished", 9)] * 2
    assert comparison.disagreements == []


def test_a_cell_that_says_why_it_is_not_there_is_no_failure(run):
    comparison = run("Softmax", "Elsewhere")
    assert comparison.good
    absent = comparison.cells[1]
    assert (absent.state, absent.reason) == ("missing", "this machine has no abacus")


def test_cells_take_their_steps_in_turn(run):
    class Turns:
        done: list[int]
        total = 0

        def begin(self, total):
            self.total, self.done = total, []

        def phase(self, title):
            pass

        def advance(self, work):
            self.done.append(work)

    turns = Turns()
    run("Softmax", "Reordered", progress=turns)
    assert sum(turns.done) == turns.total
    timed = turns.done[2 * TRAININGS :]
    assert timed == [STEPS_IN_TURN, STEPS_IN_TURN, 4, 4]
