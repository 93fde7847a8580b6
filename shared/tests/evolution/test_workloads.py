"""The cells of the workloads on the real stages, and the command that compares them."""

import importlib.util
import json
import math
import pickle
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from needle_shared.evolution import cli
from needle_shared.evolution.cell import CellMissingError, load_class
from needle_shared.evolution.workloads import CELLS
from needle_shared.evolution.workloads.compare import compare_steps
from needle_shared.evolution.workloads.problem import ImageProblem, TextProblem

WORDS, FEATURES, HIDDEN, BPTT, BATCH = 7, 4, 3, 3, 2

for package in ("needle_hw2", "needle_hw4"):
    pytest.importorskip(package, reason=f"{package} is not installed")


@pytest.fixture
def text():
    """A text of 7 different words, 3 steps long; the last has 2 rows."""
    columns = np.random.default_rng(8).integers(0, WORDS, (3 * BPTT, BATCH)).astype(np.int32)
    return TextProblem(columns, WORDS, FEATURES, HIDDEN, BPTT, lr=0.5, seed=4)


@pytest.fixture
def images():
    """Six images, in batches of 4 and 2."""
    rng = np.random.default_rng(9)
    X = rng.random((6, 3, 32, 32)).astype(np.float32)
    return ImageProblem(X, rng.integers(0, 10, 6).astype(np.uint8), batch=4, lr=0.01)


def make(reference):
    try:
        return load_class(reference)()
    except CellMissingError as error:
        pytest.skip(str(error))


def initial_weights(seed):
    """Return the weights in the order in which the layers' documentation says they are drawn."""
    rng = np.random.RandomState(seed)

    def uniform(bound, *shape):
        return 2 * bound * rng.rand(*shape) - bound

    hidden = 1 / math.sqrt(HIDDEN)
    return [
        rng.randn(WORDS, FEATURES),
        uniform(hidden, FEATURES, HIDDEN),
        uniform(hidden, HIDDEN, HIDDEN),
        uniform(hidden, HIDDEN),
        uniform(hidden, HIDDEN),
        uniform(math.sqrt(6 / HIDDEN), HIDDEN, WORDS),
        uniform(math.sqrt(6 / WORDS), WORDS),
    ]


def forward(weights, rows, h):
    """Return the mean loss of some rows and the last state, in float64."""
    table, W_ih, W_hh, b_ih, b_hh, W, b = weights
    losses = []
    for words, following in pairwise(rows):
        h = np.tanh(table[words] @ W_ih + b_ih + h @ W_hh + b_hh)
        Z = h @ W + b
        losses += list(np.log(np.exp(Z).sum(axis=1)) - Z[np.arange(BATCH), following])
    return np.mean(losses), h


def central_differences(weights, rows, h, step=1e-5):
    gradients = [np.empty_like(array) for array in weights]
    for array, gradient in zip(weights, gradients, strict=True):
        for place in np.ndindex(array.shape):
            value = array[place]
            sides = []
            for moved in (value + step, value - step):
                array[place] = moved
                sides.append(forward(weights, rows, h)[0])
            array[place] = value
            gradient[place] = (sides[0] - sides[1]) / (2 * step)
    return gradients


@pytest.fixture
def text_losses(text):
    """The losses of the training in float64, by central differences."""
    weights, h, losses = initial_weights(text.seed), np.zeros((BATCH, HIDDEN)), []
    for first in range(0, len(text.columns) - 1, BPTT):
        rows = text.columns[first : first + BPTT + 1]
        loss, after = forward(weights, rows, h)
        gradients = central_differences(weights, rows, h)
        weights = [w - text.lr * g for w, g in zip(weights, gradients, strict=True)]
        losses.append(loss)
        h = after
    return losses


@pytest.mark.parametrize("name", CELLS["text"])
def test_language_models_follow_the_gradient_of_float64(name, text, text_losses):
    losses = list(make(CELLS["text"][name]).train(text))
    assert len(losses) == text.steps == 3
    np.testing.assert_allclose(losses, text_losses, rtol=1e-5)


@pytest.mark.parametrize("name", ["hw4-numpy", "hw4-cpp", "hw4-cuda"])
def test_resnets_descend_by_the_gradient_of_the_model(name, images):
    cell = make(CELLS["images"][name])
    losses = list(cell.train(images))
    ndl = cell.ndl
    np.random.seed(images.seed)
    model, expected = cell.models.ResNet9(), []
    for part in (slice(4), slice(4, 6)):
        loss = ndl.nn.SoftmaxLoss()(model(ndl.Tensor(images.X[part])), ndl.Tensor(images.y[part]))
        loss.backward()
        expected.append(loss.item())
        for parameter in model.parameters():
            parameter.data = ndl.Tensor(parameter.numpy() - images.lr * parameter.grad.numpy())
    assert len(losses) == images.steps == 2
    np.testing.assert_allclose(losses, expected, rtol=1e-4)


def test_hw2_is_listed_without_convolutions():
    with pytest.raises(CellMissingError, match="has no convolutions"):
        load_class(CELLS["images"]["hw2"])()


@pytest.mark.parametrize("workload", CELLS)
def test_what_a_user_writes_becomes_less(workload):
    lines = {name: make(CELLS[workload][name]).lines() for name in ("hw4-numpy", "hw4-cpp")}
    assert 5 < lines["hw4-numpy"].user == lines["hw4-cpp"].user < 20
    assert 0 < lines["hw4-numpy"].library < lines["hw4-cpp"].library
    if workload == "text":
        assert make(CELLS["text"]["hw2"]).lines().user > 1.5 * lines["hw4-cpp"].user


def test_a_wrong_learning_rate_of_a_real_stage_is_found(text):
    cells = {name: CELLS["text"][name] for name in ("hw2", "hw4-numpy")}
    cells["wrong"] = "standin_training:WrongTextCell"
    comparison = compare_steps(replace(text, seed=0), cells)
    (found,) = comparison.disagreements
    assert (found.cell, found.step) == ("wrong", 1)


@pytest.fixture
def command(tmp_path, capsys, monkeypatch):
    """A function that runs the command; returns exit code, both outputs and what was saved."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments):
        out = tmp_path / "compare.json"
        code = cli.main([*arguments, "--data-dir", str(tmp_path), "--out", str(out)])
        saved = json.loads(out.read_text("utf-8")) if out.exists() else None
        return code, *capsys.readouterr(), saved

    return run


@pytest.fixture
def tiny_text(tmp_path):
    words = [f"w{number % 7 * number % 11}" for number in range(90)]
    for file in ("train.txt", "valid.txt", "test.txt"):
        (tmp_path / file).write_text(" ".join(words) + "\n")


TEXT = ["--workload", "text", "--embedding", "4", "--hidden", "3", "--bptt", "5", "--batch", "3"]


def test_the_command_compares_language_models(command, tiny_text):
    code, output, errors, saved = command(*TEXT, "--steps", "4")
    assert code == 0, output + errors
    assert "RNN, embedding 4, hidden 3, bptt 5, lr 1, batch 3, doc-text" in output
    assert "4 steps" in output
    rows = {row["name"]: row for row in saved["cells"]}
    assert list(rows) == ["hw2", "hw4-numpy", "hw4-cpp", "hw4-cuda"]
    for name, row in rows.items():
        if name == "hw4-cuda" and row["state"] == "missing":
            hw3 = importlib.import_module("needle_hw3")
            assert row["reason"] == hw3.cuda().why_disabled
            assert f"hw4-cuda: {row['reason']}" in output
        else:
            assert row["state"] == "finished", row["reason"]
            assert len(row["curve"]) == len(row["seconds"]) == 4
    assert saved["options"]["workload"] == "text"
    assert saved["steps"] == 27


def test_steps_that_the_text_does_not_have_are_refused(command, tiny_text):
    code, _, errors, saved = command(*TEXT, "--steps", "6")
    assert (code, saved) == (2, None)
    assert "doc-text has 5 steps of this size, not 6" in errors


def test_the_command_compares_resnets_and_lists_what_has_none(command, tmp_path):
    rng = np.random.default_rng(1)
    for file in ("batches.meta", *(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        fields = {"data": rng.integers(0, 256, (3, 3072), dtype=np.uint8), "labels": [1, 2, 3]}
        with (tmp_path / file).open("wb") as opened:
            pickle.dump(fields, opened, protocol=4)
    code, output, errors, saved = command(
        "--workload", "images", "--steps", "2", "--batch", "4", "--lr", "0.001"
    )
    assert code == 0, output + errors
    assert "ResNet9, 8 images, lr 0.001, batch 4, digits-on-photo" in output
    assert "hw2: has no convolutions" in output
    states = [row["state"] for row in saved["cells"]][:3]
    assert states == ["missing", "finished", "finished"]
