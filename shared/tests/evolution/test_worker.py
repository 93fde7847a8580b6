"""One cell in its own process, and the process seen from the parent."""

import io
import json
import signal
import sys

import numpy as np
import pytest

from needle_shared.evolution.cell import CellError, CellMissingError
from needle_shared.evolution.compare import WORKER
from needle_shared.evolution.process import CellProcess
from needle_shared.evolution.serving import peak_memory, serve
from needle_shared.evolution.worker import NetworkWorker


@pytest.fixture
def folder(problem, tmp_path):
    problem.save(tmp_path / "problem.npz")
    return tmp_path


@pytest.fixture
def start(folder):
    """A function that starts a process; all are ended after the test."""
    started = []

    def start_cell(name, timeout=60.0):
        started.append(CellProcess(WORKER, f"standin_cells:{name}", folder, timeout))
        return started[-1]

    yield start_cell
    for process in started:
        process.close()


def test_each_request_has_one_answer(folder, monkeypatch, request):
    monkeypatch.syspath_prepend(request.path.parent)
    requests = io.StringIO(
        '{"do": "ready"}\n{"do": "start"}\n{"do": "trace", "first": 0, "count": 2}\n'
    )
    answers = io.StringIO()
    assert serve(NetworkWorker, "standin_cells:Double", folder, requests, answers) == 0
    ready, started, traced = map(json.loads, answers.getvalue().splitlines())
    assert (ready, started) == ({"package": "numpy"}, {})
    assert [np.float32(loss) == loss for loss in traced["losses"]] == [True, True]


def test_a_step_is_the_one_that_was_asked_for(start, problem, float64_losses):
    cell = start("Plain")
    cell.ask("start")
    losses = [cell.ask("trace", first=step, count=1)["losses"][0] for step in range(20)]
    np.testing.assert_allclose(losses, float64_losses(problem, 20)[0], rtol=1e-5)


def test_cells_continue_from_shared_weights(start):
    first, second = start("Plain"), start("Plain")
    for cell in (first, second):
        cell.ask("start")
    first.ask("trace", first=0, count=6)
    first.ask("share")
    second.ask("join")
    assert first.ask("trace", first=6, count=3) == second.ask("trace", first=6, count=3)


def test_start_goes_back_to_the_initial_weights(start):
    cell = start("Plain")
    cell.ask("start")
    before = cell.ask("trace", first=0, count=5)
    cell.ask("epoch")
    cell.ask("start")
    assert cell.ask("trace", first=0, count=5) == before


def test_a_missing_stage_is_told_from_a_failure(start):
    with pytest.raises(CellMissingError, match="needle_hw99 is not installed"):
        start("Absent").ask("ready")
    with pytest.raises(CellError, match="ImportError: needle_hw0 has no compiled module"):
        start("Late").ask("ready")


def test_a_dead_process_is_reported_again_and_again(start):
    cell = start("Dying")
    cell.ask("start")
    with pytest.raises(CellError, match="ended with exit code 3: about to die"):
        cell.ask("epoch")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to die of")
def test_death_by_a_signal_is_reported_by_its_name(start):
    cell = start("Plain")
    cell.ask("ready")
    cell._process.terminate()
    with pytest.raises(CellError, match="killed by SIGTERM"):
        cell.ask("start")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_ctrl_c_is_left_to_the_parent(start):
    cell = start("Plain")
    cell.ask("ready")
    cell._process.send_signal(signal.SIGINT)
    assert cell.ask("start") == {}


def test_closing_twice_is_allowed(start):
    cell = start("Plain")
    cell.close()
    cell.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the pitfall is Linux's")
def test_peak_memory_is_not_that_of_the_process_that_started_it(start):
    ballast = np.ones(2**25)  # 256 MiB
    cell = start("Plain")
    cell.ask("start")
    used = cell.ask("describe")["peak_memory"]
    assert ballast.all()
    assert 5 < used < 200


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
def test_peak_memory_grows_by_what_was_held():
    before = peak_memory()
    ballast = np.ones(int((before + 50) * 2**17))  # 50 MiB more than ever before
    assert ballast.all()
    assert 40 < peak_memory() - before < before + 100
