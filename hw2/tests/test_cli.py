"""The command line, and trainings that it resumes after signals."""

import json
import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.numpy

from needle_hw2 import checkpoint, cli

SMALL = ["--hidden", "8", "--blocks", "1", "--batch-size", "8", "--dropout", "0.2"]


@pytest.fixture
def arguments(small_mnist):
    """Return the words of a small training, and more of them."""

    def made(*more):
        words = ["train", "--data", "mnist", "--data-dir", str(small_mnist), *SMALL]
        return [*words, *map(str, more)]

    return made


@pytest.fixture
def run(arguments):
    """Run a small training in this process; return its exit code."""
    return lambda *more: cli.main(arguments(*more))


def everything(folder):
    """Return the tensors and the progress of the last checkpoint, without times."""
    path = folder / "last.safetensors"
    tensors = {n: a.tobytes() for n, a in safetensors.numpy.load_file(path).items()}
    progress = checkpoint.read_progress(path)
    for row in progress["history"]:
        del row["seconds"]
    del progress["tally"]["seconds"]
    return tensors, progress


@pytest.fixture
def started(arguments):
    """Start trainings as processes of their own, to be killed in the end if they still run."""
    processes = []

    def start(*more):
        command = [sys.executable, "-m", "needle_hw2", *arguments(*more)]
        processes.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def wait_for(process, word):
    for line in process.stdout:
        if line.startswith(word):
            return
    pytest.fail(f"no line with {word}: {process.stderr.read()}")


OPTIONS = {
    "adam": [],
    "sgd": ["--optimizer", "sgd", "--norm", "layer", "--workers", "2", "--clip-norm", "1"],
}


@pytest.mark.parametrize(
    ("sent", "optimizer"),
    [
        (signal.SIGINT, "adam"),
        (signal.SIGTERM, "sgd"),
        (signal.SIGKILL, "adam"),
        (signal.SIGKILL, "sgd"),
    ],
)
def test_resumed_training_is_bit_equal_to_an_unbroken_one(started, run, tmp_path, sent, optimizer):
    options = ["--epochs", 15, *OPTIONS[optimizer]]
    unbroken = tmp_path / "unbroken"
    for attempt in range(5):  # on a busy machine training may end before the signal comes
        broken = tmp_path / f"broken{attempt}"
        process = started(*options, "--checkpoint", broken, "--save-seconds", 0)
        wait_for(process, "epoch 2/15")
        process.send_signal(sent)
        output, errors = process.communicate(timeout=300)  # a bound on hanging alone
        if process.returncode != 0:
            break
    if sent is signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 128 + sent
        said = rf"stopped by {sent.name} in epoch \d+, after \d of 8 batches; go on with\n"
        assert re.search(said, output)
        assert output.splitlines()[-1].endswith(f"--checkpoint {broken} --save-seconds 0 --resume")
    assert errors == ""
    assert len(everything(broken)[1]["history"]) < 15
    assert run(*options, "--checkpoint", broken, "--resume") == 0
    assert run(*options, "--checkpoint", unbroken) == 0
    assert everything(broken) == everything(unbroken)


def test_output_says_what_is_trained_and_how_it_went(run, tmp_path, capsys):
    assert run("--epochs", 3, "--checkpoint", tmp_path / "run") == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    lines = captured.out.splitlines()
    # 784*8+8 in, two of 8*4+4+4*8+8 with 2*4+2*8 of the norms, 8*3+3 out
    assert lines[0] == (
        f"MLP ResNet: hidden 8, blocks 1, batch norm, dropout 0.2; "
        f"{784 * 8 + 8 + 8 * 4 + 4 + 4 * 8 + 8 + 2 * 4 + 2 * 8 + 8 * 3 + 3:,} parameters"
    )
    assert lines[1] == "mnist: 60 training and 20 test images, in batches of 8"
    assert lines[2] == "adam: learning rate 0.001, cosine schedule, weight decay 0; seed 0"
    assert [line.split("  ")[0] for line in lines[3:6]] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert str(tmp_path / "run") in lines[6]
    assert re.fullmatch(r"[\x20-\x7e\n]*", captured.out)  # no control codes


def test_model_learns(run, tmp_path):
    assert run("--epochs", 20, "--lr", "0.01", "--checkpoint", tmp_path) == 0
    history = checkpoint.read_progress(tmp_path / "last.safetensors")["history"]
    assert history[-1]["test_error"] == 0
    assert history[-1]["train_loss"] < history[0]["train_loss"]


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_options_reach_the_optimizer(run, tmp_path, optimizer):
    options = ["--lr", "0.25", "--weight-decay", "0.125", "--schedule", "constant"]
    run("--optimizer", optimizer, "--momentum", "0.5", *options,
        "--epochs", 1, "--checkpoint", tmp_path)  # fmt: skip
    _, values = checkpoint.archive.read(tmp_path / "last.safetensors")
    (group,) = values["optimizer"]["param_groups"]
    assert values["optimizer"]["optimizer"].lower() == optimizer
    assert (group["lr"], group["weight_decay"]) == (0.25, 0.125)
    assert group.get("momentum") == (0.5 if optimizer == "sgd" else None)


@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.001), ("adamw", 0.001), ("sgd", 0.1)])
def test_learning_rate_falls_along_a_cosine_from_the_default(run, tmp_path, optimizer, rate):
    run("--optimizer", optimizer, "--epochs", 4, "--checkpoint", tmp_path)
    history = checkpoint.read_progress(tmp_path / "last.safetensors")["history"]
    expected = rate * (1 + np.cos(np.pi * np.arange(1, 5) / 4)) / 2
    np.testing.assert_allclose([row["learning_rate"] for row in history], expected, atol=1e-12)


def test_options_reach_the_model(run, tmp_path):
    run("--norm", "layer", "--hidden", 6, "--blocks", 2, "--epochs", 1, "--checkpoint", tmp_path)
    names = set(safetensors.numpy.load_file(tmp_path / "best.safetensors"))
    assert "model.3.0.fn.1.weight" in names  # the second block
    assert not any("running_mean" in name or name.startswith("model.5.") for name in names)


def test_result_does_not_depend_on_workers(run, tmp_path):
    for workers in (0, 2):
        run("--epochs", 2, "--workers", workers, "--checkpoint", tmp_path / str(workers))
    assert everything(tmp_path / "0") == everything(tmp_path / "2")


@pytest.fixture
def made(run, monkeypatch):
    """Return what a small training would be called with: the trainer and more."""

    def call(*more):
        called = []
        monkeypatch.setattr(cli, "train", lambda *given: called.append(given))
        assert run(*more) == 0
        return called[0]

    return call


def test_initial_weights_and_order_follow_from_the_seed(made):
    trainers = [made("--seed", seed)[0] for seed in (0, 0, 1)]
    weights = [trainer.model[0].weight.numpy().tobytes() for trainer in trainers]
    assert weights[0] == weights[1] != weights[2]
    assert [trainer.seed for trainer in trainers] == [0, 0, 1]


def test_options_reach_the_loaders(made):
    trainer = made("--workers", 3, "--batch-size", 7)[0]
    found = [
        (loader.shuffle, loader.num_workers, loader.batch_size, len(loader.dataset))
        for loader in (trainer.training, trainer.test)
    ]
    assert found == [(True, 3, 7, 60), (False, 3, 7, 20)]


def test_best_checkpoint_is_that_of_the_least_test_error(made, tmp_path):
    _, epochs, _, folder, seconds = made("--epochs", 4, "--checkpoint", tmp_path)
    assert (folder.path, folder.criterion) == (tmp_path, "test_error")
    assert (epochs, seconds) == (4, 60)


def test_nothing_is_written_without_checkpoint(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("--epochs", 1) == 0
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out.count("\n") == 4


def test_more_epochs_are_allowed_and_fewer_are_done_already(run, tmp_path, capsys):
    assert run("--epochs", 2, "--checkpoint", tmp_path) == 0
    assert run("--epochs", 4, "--checkpoint", tmp_path, "--resume") == 0
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3, 4]
    before = everything(tmp_path)
    capsys.readouterr()
    assert run("--epochs", 2, "--checkpoint", tmp_path, "--resume") == 0
    assert everything(tmp_path) == before
    assert "4 epochs are done" in capsys.readouterr().out


def one_line(capsys):
    """Return the only line that was written, to standard error."""
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    return captured.err


def test_folder_with_a_checkpoint_is_not_overwritten(run, tmp_path, capsys):
    run("--epochs", 1, "--checkpoint", tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    capsys.readouterr()
    assert run("--epochs", 1, "--checkpoint", tmp_path) == 2
    assert "last.safetensors exists" in one_line(capsys)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--hidden", "10"], "hidden 8, now 10"),
        (["--blocks", "2"], "blocks 1, now 2"),
        (["--norm", "layer"], "norm batch, now layer"),
        (["--dropout", "0"], "dropout 0.2, now 0.0"),
        (["--optimizer", "sgd"], "optimizer adam, now sgd"),
        (["--lr", "0.5"], "lr 0.001, now 0.5"),
        (["--weight-decay", "0.5"], "weight_decay 0.0, now 0.5"),
        (["--schedule", "constant"], "schedule cosine, now constant"),
        (["--clip-norm", "2"], "clip_norm None, now 2.0"),
        (["--batch-size", "16"], "batch_size 8, now 16"),
        (["--seed", "1"], "seed 0, now 1"),
    ],
    ids=str,
)
def test_resuming_with_other_settings_names_them(run, tmp_path, capsys, options, words):
    run("--epochs", 1, "--checkpoint", tmp_path)
    before = everything(tmp_path)
    capsys.readouterr()
    assert run("--epochs", 2, *options, "--checkpoint", tmp_path, "--resume") == 2
    assert words in one_line(capsys)
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--epochs", "0"], "epochs is 0; it must be at least 1"),
        (["--hidden", "1"], "hidden is 1; it must be at least 2"),
        (["--blocks", "-1"], "blocks is -1; it must be at least 0"),
        (["--seed", "-1"], "seed is -1; it must be at least 0"),
        (["--save-seconds", "nan"], "save-seconds is nan; it must be at least 0"),
        (["--batch-size", "0"], "batch_size"),
        (["--workers", "-1"], "num_workers"),
        (["--dropout", "1.5"], "dropout lies in [0, 1], got 1.5"),
        (["--lr", "-1"], "lr"),
        (["--lr", "nan"], "lr"),
        (["--weight-decay", "-1"], "weight_decay"),
        (["--momentum", "1", "--optimizer", "sgd"], "momentum"),
        (["--clip-norm", "-1"], "max_norm"),
        (["--resume"], "--resume needs --checkpoint"),
    ],
    ids=str,
)
def test_mistake_ends_with_one_line_and_code_2(run, capsys, options, words):
    assert run("--epochs", 1, *options) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("needle_hw2: ")
    assert words in captured.err
    assert captured.err.count("\n") == 1


def test_resuming_where_nothing_is_names_the_file(run, tmp_path, capsys):
    assert run("--checkpoint", tmp_path / "none", "--resume") == 2
    assert f"{tmp_path / 'none' / 'last.safetensors'} does not exist" in one_line(capsys)
    assert not (tmp_path / "none").exists()


def test_damaged_checkpoint_is_named(run, tmp_path, capsys):
    (tmp_path / "last.safetensors").write_bytes(b"no checkpoint")
    assert run("--checkpoint", tmp_path, "--resume") == 2
    assert "last.safetensors: not a whole safetensors file" in one_line(capsys)


def test_divergence_ends_with_code_1(run, tmp_path, capsys):
    options = ["--optimizer", "sgd", "--lr", "1e30", "--schedule", "constant"]
    assert run(*options, "--norm", "layer", "--checkpoint", tmp_path) == 1
    captured = capsys.readouterr()
    assert re.search(r"stopped: the training loss is (nan|inf) in epoch 1 after", captured.out)
    assert not (tmp_path / "last.safetensors").exists()


def test_missing_and_damaged_data_end_with_code_2(tmp_path, capsys, small_mnist):
    assert cli.main(["train", "--data", "mnist", "--data-dir", str(tmp_path)]) == 2
    assert "train-images-idx3-ubyte.gz" in capsys.readouterr().err
    for path in small_mnist.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:-20])
    assert cli.main(["train", "--data", "mnist", "--data-dir", str(tmp_path)]) == 2
    assert "train-images-idx3-ubyte.gz" in capsys.readouterr().err


def test_data_is_found_by_shared(small_mnist, monkeypatch, capsys):
    asked = []

    def locate(name, where, *, download):
        asked.append((name, where, download))
        return small_mnist

    monkeypatch.setitem(sys.modules, "needle_shared.data", SimpleNamespace(locate=locate))
    assert cli.main(["train", "--data", "digits", "--epochs", "1", *SMALL]) == 0
    assert asked == [("digits", None, True)]
    monkeypatch.setitem(sys.modules, "needle_shared.data", None)
    assert cli.main(["train", "--data", "digits"]) == 2
    assert "pip install needle-hw2[train]" in capsys.readouterr().err


def test_missing_matplotlib_is_said_in_a_line(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("needle_hw2.training.curves.find_spec", lambda _: None)
    assert run("--epochs", 1, "--checkpoint", tmp_path) == 0
    assert "pip install needle-hw2[plot]" in capsys.readouterr().out
    assert not (tmp_path / "curves.png").exists()
    assert run("--epochs", 1) == 0
    assert "matplotlib" not in capsys.readouterr().out


def test_curves_are_drawn(run, tmp_path):
    assert run("--epochs", 2, "--checkpoint", tmp_path) == 0
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_interrupt_without_checkpoint_says_that_nothing_is_kept(run, monkeypatch, capsys):
    monkeypatch.setattr(cli, "train", lambda *_: signal.SIGTERM)
    assert run() == 143
    assert "nothing is kept without --checkpoint DIR" in capsys.readouterr().out


def test_second_interrupt_ends_with_130(run, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "train", interrupted)
    assert run() == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("argv", [[], ["train", "--data", "cifar"], ["train", "--epochs", "many"]])
def test_unknown_words_end_with_usage_and_code_2(argv, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(argv)
    assert left.value.code == 2
    assert "usage: python -m needle_hw2" in capsys.readouterr().err


def test_help_shows_every_option_with_its_default(capsys):
    with pytest.raises(SystemExit):
        cli.main(["train", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for option in ("--data", "--data-dir", "--epochs", "--batch-size", "--optimizer", "--lr",
                   "--weight-decay", "--momentum", "--hidden", "--blocks", "--norm", "--dropout",
                   "--schedule", "--clip-norm", "--seed", "--workers", "--checkpoint",
                   "--resume"):  # fmt: skip
        assert f"{option} " in text
    assert "SUPPRESS" not in text


def test_module_can_be_run_without_asserts(arguments):
    command = [sys.executable, "-O", "-m", "needle_hw2", *arguments("--epochs", 0)]
    done = subprocess.run(command, capture_output=True, check=False, env=os.environ)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"needle_hw2: epochs is 0; it must be at least 1\n"
