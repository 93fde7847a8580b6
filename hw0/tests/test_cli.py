import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from needle_hw0 import cli


@pytest.fixture
def folder(write_idx, tmp_path, rng):
    """Write a small data set under the names of MNIST's files; return its folder."""
    for part, size in (("train", 60), ("t10k", 20)):
        y = np.arange(size, dtype=np.uint8) % 3
        pixels = rng.integers(40, size=(size, 3, 3)).astype(np.uint8)
        pixels[np.arange(size), y] = 255  # the class is the bright row
        write_idx(f"{part}-images-idx3-ubyte.gz", pixels.tobytes(), size, 3, 3)
        write_idx(f"{part}-labels-idx1-ubyte.gz", y.tobytes(), size)
    return tmp_path


def train(folder, *options):
    return cli.main(["train", "--data", "mnist", "--data-dir", str(folder), *options])


@pytest.mark.parametrize("model", ["softmax", "mlp"])
@pytest.mark.parametrize("engine", ["numpy", "cpp"])
def test_training_ends_with_a_table(folder, capsys, model, engine):
    options = ["--model", model, "--engine", engine, "--epochs", "20", "--batch", "10"]
    assert train(folder, *options, "--hidden", "64") == 0
    output = capsys.readouterr().out
    assert {"numpy": "NumPy", "cpp": "C++"}[engine] in output
    assert all(word in output for word in ("epoch", "test loss", "test error", "seconds"))
    last = [line for line in output.splitlines() if line.startswith("│")][-1].split("│")
    assert (last[1].strip(), last[5].strip()) == ("20", "0.00%")


def test_options_reach_the_training(folder, monkeypatch):
    given = {}
    monkeypatch.setattr(cli, "train_nn", lambda *_, **settings: given.update(settings))
    options = ["--model", "mlp", "--engine", "cpp", "--epochs", "3", "--lr", "0.5"]
    assert train(folder, *options, "--batch", "7", "--hidden", "11") == 0
    assert given == {"epochs": 3, "lr": 0.5, "batch": 7, "hidden_dim": 11, "cpp": True}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--epochs", "0"], "needle_hw0: epochs is 0; it must be at least 1"),
        (["--batch", "-1"], "needle_hw0: batch is -1; it must be at least 1"),
        (["--lr", "inf"], "needle_hw0: lr is inf; it must be finite in float32"),
        (["--model", "mlp", "--hidden", "0"], "needle_hw0: hidden_dim is 0; it must be at least 1"),
    ],
)
def test_mistake_ends_with_one_line_and_code_2(folder, capsys, options, words):
    assert train(folder, *options) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(words)
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_damaged_file_is_named(folder, capsys):
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"no gzip")
    assert train(folder) == 2
    assert "t10k-labels-idx1-ubyte.gz: not a whole gzip file" in capsys.readouterr().err


def test_missing_files_are_named(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("NEEDLE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert train(tmp_path / "nowhere") == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "download"), [([], True), (["--data-dir", "here"], False)])
def test_data_is_downloaded_only_without_a_folder_of_ones_own(
    folder, monkeypatch, options, download
):
    asked = []

    def locate(name, where, *, download):
        asked.append((name, where, download))
        return folder

    monkeypatch.setitem(sys.modules, "needle_shared.data", SimpleNamespace(locate=locate))
    assert cli.main(["train", "--data", "digits", "--epochs", "1", *options]) == 0
    assert asked == [("digits", None if download else Path("here"), download)]


def test_missing_shared_package_is_explained(folder, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "needle_shared.data", None)
    assert train(folder) == 2
    assert "pip install needle-hw0[train]" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [[], ["train", "--model", "cnn"], ["train", "--epochs", "many"]])
def test_unknown_words_end_with_usage_and_code_2(argv, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(argv)
    assert left.value.code == 2
    assert "usage: python -m needle_hw0" in capsys.readouterr().err


def test_interrupt_leaves_with_130(folder, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "train_softmax", interrupted)
    assert train(folder) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_module_can_be_run(folder):
    command = [sys.executable, "-m", "needle_hw0", "train", "--epochs", "1"]
    done = subprocess.run(
        [*command, "--data", "mnist", "--data-dir", folder], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    refused = subprocess.run([*command, "--lr", "fast"], capture_output=True, check=False)
    assert refused.returncode == 2
    assert b"Traceback" not in refused.stderr
