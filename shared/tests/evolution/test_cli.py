"""The command line: what it prints, saves and returns; and how it is interrupted."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from needle_shared.data.builtin import write_synthetic
from needle_shared.evolution import cli
from needle_shared.evolution.cells import CELLS
from needle_shared.evolution.options import read_options

HW0 = """
    import gzip
    import numpy as np

    def parse_mnist(images, labels):
        read = lambda path, skip: np.frombuffer(gzip.open(path).read(), np.uint8, offset=skip)
        return read(images, 16).reshape(-1, 784).astype(np.float32) / 255, read(labels, 8)

    def softmax_loss(Z, y):
        peak = Z.max(axis=1)
        log_sum = peak + np.log(np.exp(Z - peak[:, None]).sum(axis=1))
        return float(np.mean(log_sum - Z[np.arange(len(y)), y]))

    def nn_epoch(X, y, W1, W2, lr, batch):
        for i in range(0, len(y), batch):
            x, rows = X[i : i + batch], np.arange(len(y[i : i + batch]))
            H = np.maximum(x @ W1, 0)
            G = np.exp(H @ W2)
            G /= G.sum(axis=1, keepdims=True)
            G[rows, y[i : i + batch]] -= 1
            D = (G @ W2.T) * (H > 0)
            W1 -= np.float32(lr / len(rows)) * (x.T @ D)
            W2 -= np.float32(lr / len(rows)) * (H.T @ G)

    nn_epoch_cpp = nn_epoch
"""


@pytest.fixture
def command(problem, monkeypatch, tmp_path, capsys):
    """A function that runs the command on the small problem; returns exit code and both outputs."""
    monkeypatch.setattr(cli, "read_problem", lambda *arguments, **options: problem)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments):
        out = ["--out", str(tmp_path / "results" / "compare.json")]
        code = cli.main(["--epochs", "3", "--repeats", "2", *out, *arguments])
        return code, *capsys.readouterr()

    return run


def standins(*names):
    return ["--cells", ",".join(f"standin_cells:{name}" for name in names)]


def saved(tmp_path):
    return json.loads((tmp_path / "results" / "compare.json").read_text("utf-8"))


def test_cells_that_agree_give_a_table_a_file_and_exit_code_0(command, tmp_path):
    code, output, errors = command(*standins("Plain", "Reordered"))
    assert code == 0, output + errors
    assert "12-8-3 network, digits (64 images), 3 epochs, lr 0.2, batch 9" in output
    assert "standin_cells:Plain, standin_cells:Reordered agree: 24 losses" in " ".join(
        output.split()
    )
    document = saved(tmp_path)
    assert [len(cell["losses"]) for cell in document["cells"]] == [24, 24]
    assert document["options"]["epochs"] == 3
    assert str(tmp_path) not in json.dumps(document)


def test_a_planted_wrong_learning_rate_fails_visibly(command, tmp_path):
    code, output, _ = command(*standins("Plain", "WrongRate", "Reordered"))
    assert code == 1
    (line,) = [line for line in output.splitlines() if line.startswith("✗")]
    assert "standin_cells:WrongRate disagrees with standin_cells:Plain from step 1 on" in line
    (found,) = saved(tmp_path)["disagreements"]
    told = " ".join(output.split())
    assert f"loss {found['value']:.7g}, not {found['reference_value']:.7g}" in told


def test_a_crash_is_told_and_the_other_rows_are_printed(command):
    code, output, _ = command(*standins("Plain", "Raising"))
    assert code == 1
    assert "✗ standin_cells:Raising failed: ArithmeticError" in output
    (row,) = [line for line in output.splitlines() if line.startswith(" standin_cells:Plain")]
    assert "1.00×" in row


def test_a_timeout_is_told(command):
    code, output, _ = command(*standins("Plain", "Hanging"), "--timeout", "5")
    assert code == 1
    assert "no answer to 'trace' within 5 s" in output


def test_a_missing_stage_fails_only_if_it_was_asked_for(command, monkeypatch):
    code, output, errors = command(*standins("Plain", "Absent"))
    assert code == 1
    assert "standin_cells:Absent: needle_hw99 is not installed" in errors
    table = {"here": "standin_cells:Plain", "away": "standin_cells:Absent"}
    monkeypatch.setitem(cli.CELLS_OF, "network", table)
    code, output, errors = command()
    assert code == 0, output + errors
    assert "not installed" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lr", "-1"], "'-1' is not a number above 0"),
        (["--lr", "inf"], "'inf' is not a number above 0"),
        (["--lr", "nan"], "'nan' is not a number above 0"),
        (["--epochs", "0"], "'0' is not a whole number of at least 1"),
        (["--batch", "1.5"], "'1.5' is not a whole number of at least 1"),
        (["--data", "cifar"], "invalid choice: 'cifar'"),
        (["--data", "doc-text"], "--workload network has the data sets digits, mnist, synthetic"),
        (["--steps", "9"], "--steps is no setting of --workload network"),
        (["--workload", "text"], "--epochs is no setting of --workload text"),
        (["--workload", "sound"], "invalid choice: 'sound'"),
    ],
)
def test_bad_options_are_refused(command, capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        command(*arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], {"data": "digits", "hidden": 100, "steps": None, "out": "compare.json"}),
        (["--data", "mnist", "--lr", "0.5"], {"hidden": 400, "epochs": 20, "lr": 0.5}),
        (["--workload", "text"], {"data": "doc-text", "epochs": None, "out": "compare-text.json"}),
        (["--workload", "images", "--batch", "5"], {"batch": 5, "out": "compare-images.json"}),
    ],
)
def test_what_is_not_said_is_what_is_usual_for_workload_and_data(arguments, expected):
    options = vars(read_options(arguments))
    options["out"] = options["out"].name
    assert {name: options[name] for name in expected} == expected


def test_an_unknown_cell_is_refused_in_one_line(command):
    code, output, errors = command("--cells", "hw0-numpy,hw9")
    assert (code, output) == (2, "")
    assert "no cell is named 'hw9'" in errors
    assert "Traceback" not in errors


def test_data_that_is_not_there_is_told_in_one_line(command, monkeypatch):
    def missing(*arguments, **options):
        raise FileNotFoundError("mnist/ was not found")

    monkeypatch.setattr(cli, "read_problem", missing)
    code, output, errors = command()
    assert (code, output) == (2, "")
    assert errors.endswith("mnist/ was not found\n")


def test_a_file_that_cannot_be_written_fails_after_the_table(command, tmp_path):
    (tmp_path / "file").write_text("in the way")
    code, output, errors = command(*standins("Plain"), "--out", str(tmp_path / "file" / "x.json"))
    assert code == 1
    assert "1.00×" in output
    assert "cannot be written" in errors


def test_phases_are_told_where_there_is_no_terminal(command):
    _, _, errors = command(*standins("Plain"))
    assert errors.splitlines() == [
        "Reading digits ...",
        "Starting one process per cell ...",
        "Checking the losses of 24 steps ...",
        "Training 3 epochs ...",
        "Timing 2 epochs in turn ...",
    ]


@pytest.fixture
def stages(tmp_path):
    """An environment for a process that has hw0, real or a stand-in, and synthetic data."""
    folder = tmp_path / "stages"
    if importlib.util.find_spec("needle_hw0") is None:
        (folder / "needle_hw0").mkdir(parents=True)
        (folder / "needle_hw0" / "__init__.py").write_text(textwrap.dedent(HW0), "utf-8")
    (tmp_path / "data" / "synthetic").mkdir(parents=True)
    write_synthetic(tmp_path / "data" / "synthetic")
    path = [str(folder), os.environ["PYTHONPATH"]]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path),
        "NEEDLE_DATA": str(tmp_path / "data"),
        "COLUMNS": "100",
        "PYTHONIOENCODING": "utf-8",
    }


def test_the_stages_that_are_installed_are_compared(stages, tmp_path):
    command = [sys.executable, "-m", "needle_shared.evolution", "--data", "synthetic"]
    done = subprocess.run(
        command, env=stages, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "784-100-10 network, synthetic" in done.stdout
    document = saved(tmp_path)
    rows = {cell["name"]: cell for cell in document["cells"]}
    assert list(rows) == list(CELLS)
    for name, row in rows.items():
        package = "needle_" + name.partition("-")[0]
        is_there = package == "needle_hw0" or importlib.util.find_spec(package) is not None
        if name != "hw4-cuda":
            assert row["state"] == ("finished" if is_there else "missing"), row["reason"]
        else:
            assert row["state"] in {"finished", "missing"}, row["reason"]
    finished = [row for row in rows.values() if row["state"] == "finished"]
    assert max(row["test_error"] for row in finished) < 0.3
    packages = [stage["package"] for stage in document["stages"]]
    assert packages == list(dict.fromkeys(row["package"] for row in finished))
    assert "softmax_loss" in document["stages"][0]["new_names"]["needle_hw0"]
    assert "Public names that each stage adds to those above it" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_ctrl_c_leaves_no_process_behind(stages, tmp_path):
    record = tmp_path / "pid"
    # Where the tests run in the background, their processes begin with Ctrl-C switched off.
    program = """
        import signal, sys
        from needle_shared.evolution.cli import main
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.exit(main(["--data", "synthetic", *sys.argv[1:]]))
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *standins("Plain", "Hanging")],
        env={**stages, "STANDIN_PID_FILE": str(record)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        deadline = time.monotonic() + 120
        while not record.exists() and parent.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        parent.send_signal(signal.SIGINT)
        _, errors = parent.communicate(timeout=60)
    finally:
        parent.kill()
    assert parent.returncode == 130, errors
    assert errors.splitlines()[-1] == "Interrupted"
    assert "Traceback" not in errors
    with pytest.raises(ProcessLookupError):
        os.kill(int(record.read_text()), 0)
    assert not Path(tmp_path / "results").exists()
