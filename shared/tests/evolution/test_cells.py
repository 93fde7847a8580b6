"""The adapters on the real stages; and the table that names them."""

import importlib.util

import numpy as np
import pytest

from needle_shared.evolution.cell import CellMissingError, load_class
from needle_shared.evolution.cells import CELLS, resolve
from needle_shared.evolution.problem import initial_weights


@pytest.fixture(params=CELLS)
def cell(request, problem):
    """Each cell whose stage is installed, with the initial weights of the problem."""
    cell_class = load_class(CELLS[request.param])
    if importlib.util.find_spec(cell_class.package) is None:
        pytest.skip(f"{cell_class.package} is not installed")
    try:
        cell = cell_class()
    except CellMissingError as error:
        pytest.skip(str(error))
    cell.start(problem.W1.copy(), problem.W2.copy())
    return cell


def test_steps_follow_the_gradient_of_float64(cell, problem, float64_losses):
    losses = [cell.step(*problem.minibatch(step), problem.lr) for step in range(20)]
    expected, weights = float64_losses(problem, 20)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    for trained, reference in zip(cell.weights(), weights, strict=True):
        assert isinstance(trained, np.ndarray)
        assert trained.dtype == np.float32
        np.testing.assert_allclose(trained, reference, atol=1e-5)


def test_an_epoch_is_all_steps_in_order(cell, problem, float64_losses):
    cell.epoch(problem.X, problem.y, problem.lr, problem.batch)
    _, weights = float64_losses(problem, problem.steps)
    for trained, reference in zip(cell.weights(), weights, strict=True):
        np.testing.assert_allclose(trained, reference, atol=1e-5)


def test_predictions_are_the_logits(cell, problem):
    logits = np.maximum(problem.X_test @ problem.W1.astype(np.float64), 0) @ problem.W2
    predicted = cell.predict(problem.X_test)
    assert isinstance(predicted, np.ndarray)
    np.testing.assert_allclose(predicted, logits, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(cell.weights()[0], problem.W1)


def test_lines_are_counted_on_both_sides(cell):
    lines = cell.lines()
    assert lines.user is None or lines.user > 5
    assert lines.library is not None
    by_hand = cell.package == "needle_hw0"
    assert (lines.library == 0) is by_hand


def test_the_cells_of_hw0_are_numpy_and_cpp():
    hw0 = pytest.importorskip("needle_hw0", reason="needle_hw0 is not installed")
    assert load_class(CELLS["hw0-numpy"])().nn_epoch is hw0.nn_epoch
    assert load_class(CELLS["hw0-cpp"])().nn_epoch is hw0.nn_epoch_cpp


def test_what_is_written_by_hand_becomes_less_from_stage_to_stage():
    for package in ("needle_hw1", "needle_hw2"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    hw1, hw2 = (load_class(CELLS[name])().lines() for name in ("hw1", "hw2"))
    assert hw2.user < hw1.user
    assert hw2.library > hw1.library


def test_the_cell_of_the_gpu_says_why_there_is_none():
    pytest.importorskip("needle_hw4", reason="needle_hw4 is not installed")
    hw3 = pytest.importorskip("needle_hw3")
    cell_class = load_class(CELLS["hw4-cuda"])
    if hw3.cuda().enabled():
        assert cell_class().ndl.default_device() == hw3.cuda()
    else:
        with pytest.raises(CellMissingError) as raised:
            cell_class()
        assert str(raised.value) == hw3.cuda().why_disabled


@pytest.mark.parametrize("name", CELLS)
def test_every_name_of_the_table_is_a_cell(name):
    cell_class = load_class(resolve(name))
    methods = ["start", "step", "epoch", "weights", "predict", "lines"]
    assert [method for method in methods if not hasattr(cell_class, method)] == []
    assert cell_class.package.startswith("needle_")


def test_a_reference_stands_for_itself():
    assert resolve("my.module:MyCell") == "my.module:MyCell"


@pytest.mark.parametrize("name", ["", "hw9", "hw1:", ":Cell", "module:not a name"])
def test_other_names_are_refused_with_those_there_are(name):
    with pytest.raises(ValueError, match="hw0-numpy, hw0-cpp, hw1, hw2"):
        resolve(name)


def test_initial_weights_are_float32_normal_and_the_same_every_time():
    W1, W2 = initial_weights(784, 100)
    assert (W1.dtype, W2.dtype) == (np.float32, np.float32)
    assert (W1.shape, W2.shape) == ((784, 100), (100, 10))
    assert W1.std() == pytest.approx(1 / np.sqrt(100), rel=0.02)
    assert W2.std() == pytest.approx(1 / np.sqrt(10), rel=0.1)
    np.testing.assert_array_equal(initial_weights(784, 100)[0], W1)


def test_minibatches_go_round_and_the_last_may_be_smaller(problem):
    assert problem.steps == 8
    sizes = [len(problem.minibatch(step)[1]) for step in range(9)]
    assert sizes == [9, 9, 9, 9, 9, 9, 9, 1, 9]
    np.testing.assert_array_equal(problem.minibatch(9)[0], problem.X[9:18])
