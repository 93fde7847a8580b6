"""The comparison with stand-in cells: right, wrong, broken, hanging and absent ones."""

import os
import time

import numpy as np
import pytest

from needle_shared.evolution.agreement import WINDOW
from needle_shared.evolution.results import StageNames


def only(comparison, name):
    (row,) = [cell for cell in comparison.cells if cell.name == name]
    return row


def test_right_cells_agree_and_every_column_is_filled(run, problem, float64_losses):
    comparison = run("Plain", "Reordered")
    assert comparison.good
    assert comparison.steps == 3 * 8
    assert 0 < comparison.largest_difference < comparison.bound
    assert comparison.kinks == 0
    expected, _ = float64_losses(problem, comparison.steps)
    for cell in comparison.cells:
        np.testing.assert_allclose(cell.losses, expected, rtol=1e-5)
        assert cell.epoch_gap == 0
        assert len(cell.seconds) == 2
        assert min(cell.seconds) > 0
        assert (cell.user_lines, cell.library_lines) == (7, 0)


def test_training_loss_and_test_error_are_those_of_the_trained_network(
    run, problem, float64_losses
):
    (cell,) = run("Plain", epochs=40).cells
    _, (W1, W2) = float64_losses(problem, 40 * problem.steps)
    logits = np.maximum(problem.X @ W1, 0) @ W2
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(problem.y)), problem.y]
    assert cell.training_loss == pytest.approx(losses.mean(), rel=1e-4)
    predicted = (np.maximum(problem.X_test @ W1, 0) @ W2).argmax(axis=1)
    assert cell.test_error == np.mean(predicted != problem.y_test)
    assert 0 < cell.test_error < 0.5


def test_a_wrong_learning_rate_is_found_at_the_second_step(run):
    comparison = run("Plain", "WrongRate")
    assert not comparison.good
    (found,) = comparison.disagreements
    assert (found.cell, found.reference, found.step) == ("WrongRate", "Plain", 1)
    right, wrong = (cell.losses for cell in comparison.cells)
    assert (found.reference_value, found.value) == (right[1], wrong[1])
    assert right[0] == wrong[0]


def test_every_few_steps_all_cells_go_on_from_the_same_weights(run):
    right, wrong = (np.array(cell.losses) for cell in run("Plain", "WrongRate").cells)
    first_of_window = np.arange(len(right)) % WINDOW == 0
    np.testing.assert_array_equal(wrong[first_of_window], right[first_of_window])
    assert (wrong != right)[~first_of_window].mean() > 0.5


def test_the_cell_that_is_wrong_is_named_even_if_it_is_the_first(run):
    comparison = run("WrongRate", "Plain", "Reordered")
    assert [found.cell for found in comparison.disagreements] == ["WrongRate"]


def test_an_epoch_that_is_not_its_steps_is_found(run):
    (found,) = run("Plain", "WrongEpoch").disagreements
    assert (found.cell, found.step) == ("WrongEpoch", None)
    assert "an epoch ends" in found.text


def test_a_wrong_test_error_is_found(run):
    (found,) = run("Plain", "WrongPrediction", epochs=40).disagreements
    assert found.cell == "WrongPrediction"
    assert "test error" in found.text


def test_a_loss_that_is_not_finite_is_found_in_a_cell_alone(run):
    (found,) = run("Diverging").disagreements
    assert (found.cell, found.step) == ("Diverging", 3)
    assert "nan" in found.text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Raising", "ArithmeticError: the eighth step is one too many"),
        ("Dying", "ended with exit code 3: about to die"),
        ("Late", "ImportError: needle_hw0 has no compiled module"),
        ("NoSuchClass", "module 'standin_cells' has no attribute 'NoSuchClass'"),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_a_cell_that_breaks_leaves_the_others_whole(run, name, reason, place):
    names = ["Plain", "Reordered"]
    names.insert(place, name)
    comparison = run(*names)
    assert not comparison.good
    broken = only(comparison, name)
    assert broken.state == "failed"
    assert reason in broken.reason
    assert [cell.name for cell in comparison.finished] == ["Plain", "Reordered"]
    assert comparison.disagreements == []
    assert all(len(cell.seconds) == 2 for cell in comparison.finished)


def test_what_a_failed_cell_printed_is_kept(run):
    (cell,) = run("Raising").cells
    assert cell.log.startswith("Traceback")
    assert "in step" in cell.log


def test_a_cell_that_hangs_is_ended(run, tmp_path, monkeypatch):
    record = tmp_path / "pid"
    monkeypatch.setenv("STANDIN_PID_FILE", str(record))
    begin = time.monotonic()
    comparison = run("Plain", "Hanging", timeout=5.0)
    assert time.monotonic() - begin < 60
    assert only(comparison, "Hanging").reason == "no answer to 'trace' within 5 s"
    assert only(comparison, "Plain").state == "finished"
    with pytest.raises(ProcessLookupError):
        os.kill(int(record.read_text()), 0)


def test_a_stage_that_is_not_installed_is_no_failure(run):
    comparison = run("Plain", "Absent")
    assert comparison.good
    absent = only(comparison, "Absent")
    assert (absent.state, absent.reason) == ("missing", "needle_hw99 is not installed")


def test_without_any_stage_the_comparison_is_not_good(run):
    assert not run("Absent").good


def test_what_a_cell_prints_does_not_mix_with_its_answers(run):
    assert run("Plain", "Talkative").good


def test_cells_compute_on_one_thread(run, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    (cell,) = run("OneThread").cells
    assert cell.state == "finished", cell.reason


def test_every_timed_epoch_begins_from_the_initial_weights(run):
    few, many = (run("Counting", repeats=repeats).cells[0] for repeats in (1, 4))
    assert many.user_lines == few.user_lines + 3


def test_progress_adds_up_to_its_total(run):
    class Counter:
        done = total = 0

        def begin(self, total):
            self.total = total

        def phase(self, title):
            pass

        def advance(self, work):
            self.done += work

    counter = Counter()
    run("Plain", "Reordered", progress=counter)
    assert counter.done == counter.total > 0


@pytest.fixture
def stages(tmp_path, monkeypatch):
    """Three packages where the cells' processes find them."""
    sources = {
        "needle_first": "def exp(): pass\n",
        "needle_second": "from needle_first import exp as exp\ndef log(): pass\n",
        "needle_broken": "def __getattr__(name): raise OSError(name)\n__all__ = ['lost']\n",
    }
    for package, source in sources.items():
        (tmp_path / f"{package}.py").write_text(source)
    path = [str(tmp_path), os.environ["PYTHONPATH"]]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))


def test_each_stage_is_listed_once_with_the_names_that_no_stage_before_it_has(run, stages):
    first = StageNames("needle_first", {"needle_first": ["exp"]})
    second = {"needle_second": ["log"]}
    comparison = run("OnFirst", "AlsoOnFirst", "Plain", "OnSecond", "Absent")
    assert comparison.stages == [first, StageNames("needle_second", second)]
    assert run("OnSecond", "OnFirst").stages == [
        StageNames("needle_second", {"needle_second": ["exp", "log"]}),
        StageNames("needle_first", {}),
    ]


def test_a_stage_whose_names_cannot_be_listed_has_failed_and_the_others_go_on(run, stages):
    comparison = run("RaisingOnFirst", "OnFirst", "OnBroken", "OnSecond")
    assert "OSError: lost" in only(comparison, "OnBroken").reason
    assert [stage.package for stage in comparison.stages] == ["needle_first", "needle_second"]
    assert not comparison.good
