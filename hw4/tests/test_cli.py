"""The command line: trainings that signals stop and that go on, texts, predictions, mistakes."""

import json
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

import needle_hw3
from needle_hw2 import checkpoint
from needle_hw4 import cli
from needle_hw4.apps import images, text
from needle_hw4.commands.generate import as_text

DEVICES = [str(each)[:-2] for each in needle_hw3.all_devices() if each.enabled()]
SMALL_TEXT = ["--embedding", "6", "--hidden", "6", "--heads", "2", "--bptt", "3",
              "--batch-size", "4"]  # fmt: skip


@pytest.fixture(autouse=True)
def curves(monkeypatch):
    """Note what would be drawn, as drawing takes time."""
    drawn = []
    monkeypatch.setattr(
        "needle_hw2.training.folder.draw_curves", lambda history, path: drawn.append(history)
    )
    return drawn


@pytest.fixture(scope="module")
def words(small_images, small_text):
    """Return the words of a small training of a model, and more of them."""
    known = {
        "resnet9": ["--data", "cifar10", "--data-dir", str(small_images), "--batch-size", "16"],
        "lm": ["--data", "ptb", "--data-dir", str(small_text), *SMALL_TEXT],
    }
    return lambda model, *more: ["train", model, *known[model], *map(str, more)]


@pytest.fixture(scope="module")
def run(words):
    """Run a small training in this process; return its exit code."""
    return lambda model, *more: cli.main(words(model, *more))


def everything(folder, name="last"):
    """Return the bits of a checkpoint's tensors, and what else is in it but times."""
    path = folder / f"{name}.safetensors"
    progress = checkpoint.read_progress(path)
    for row in (progress["tally"], *progress["history"]):
        del row["seconds"]
    return {n: a.tobytes() for n, a in safetensors.numpy.load_file(path).items()}, progress


# Trainings


MODELS = {
    "resnet9": ("resnet9", (images, "classify"), 3, 1),
    "rnn": ("lm", (text, "predict_words"), 8, 3),
    "lstm": ("lm", (text, "predict_words"), 8, 3),
    "transformer": ("lm", (text, "predict_words"), 8, 3),
}


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        *[(kind, signal.SIGINT) for kind in MODELS],
        *[(kind, signal.SIGTERM) for kind in ("resnet9", "lstm")],
    ],
)
def test_training_that_goes_on_ends_with_the_bits_of_an_unbroken_one(
    run, tmp_path, monkeypatch, capsys, kind, name, sent
):
    model, (module, task), batches, tests = MODELS[kind]
    options = ["--device", name, "--epochs", 2, *([] if model == "resnet9" else ["--model", kind])]
    assert run(model, *options, "--checkpoint", tmp_path / "unbroken") == 0
    plain, calls = getattr(module, task), []

    def stopped_within_the_second_epoch(*given):
        calls.append(None)
        if len(calls) == batches + tests + 2:
            signal.raise_signal(sent)
        return plain(*given)

    command = sys.modules[f"needle_hw4.commands.{model}"]
    owner = command if hasattr(command, task) else module
    monkeypatch.setattr(owner, task, stopped_within_the_second_epoch)
    broken = tmp_path / "broken"
    capsys.readouterr()
    assert run(model, *options, "--checkpoint", broken) == 128 + sent
    said = capsys.readouterr().out
    assert f"stopped by {sent.name} in epoch 2, after 2 of {batches} batches; go on with" in said
    command = said.splitlines()[-1]
    assert command.startswith(f"python -m needle_hw4 train {model} ")
    assert command.endswith(f"--checkpoint {broken} --resume")
    assert everything(broken) != everything(tmp_path / "unbroken")
    assert cli.main(command.split()[3:]) == 0
    assert everything(broken) == everything(tmp_path / "unbroken")


def test_signals_reach_a_training_of_its_own_process(words, run, tmp_path):
    options = ["--epochs", 400, "--checkpoint", tmp_path / "broken", "--schedule", "constant"]
    command = [sys.executable, "-m", "needle_hw4", *words("lm", *options)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        for line in process.stdout:
            if line.startswith("epoch 2/"):
                process.send_signal(signal.SIGTERM)
                break
        output, _ = process.communicate()
    assert process.returncode == 143
    assert "stopped by SIGTERM in epoch" in output
    _, progress = everything(tmp_path / "broken")
    epochs = progress["epoch"]
    options = ["--epochs", epochs, "--schedule", "constant", "--checkpoint"]
    assert run("lm", *options, tmp_path / "broken", "--resume") == 0
    assert run("lm", *options, tmp_path / "unbroken") == 0
    assert everything(tmp_path / "broken") == everything(tmp_path / "unbroken")


def test_images_are_learnt(run, tmp_path, capsys):
    assert run("resnet9", "--epochs", 4, "--checkpoint", tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"ResNet9 on cpu(_numpy)?\(\); 431,946 parameters", lines[0])
    assert lines[1] == "cifar10: 40 training and 12 test images, in batches of 16"
    assert lines[2] == "adam: learning rate 0.003, cosine schedule, weight decay 0.0001; seed 0"
    assert [line.split("  ")[0] for line in lines[3:7]] == [f"epoch {n}/4" for n in range(1, 5)]
    history = checkpoint.read_progress(tmp_path / "last.safetensors")["history"]
    assert history[-1]["train_error"] < 0.2
    assert history[-1]["train_loss"] < history[0]["train_loss"] / 2
    names = {"best.safetensors", "last.safetensors", "log.csv", "log.jsonl"}
    assert {path.name for path in tmp_path.iterdir()} == names


@pytest.mark.parametrize("kind", ["rnn", "lstm", "transformer"])
def test_text_is_learnt(run, tmp_path, capsys, curves, kind):
    assert run("lm", "--model", kind, "--epochs", 6, "--lr", 0.03, "--checkpoint", tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"language model, {kind}: embedding 6, hidden 6, layers 1, on cpu")
    assert lines[1] == (
        "ptb: 100 training and 32 test words, 13 different ones; 4 columns, 3 rows at a time"
    )
    history = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    for row in history:
        for part in ("train", "test"):
            assert row[f"{part}_perplexity"] == pytest.approx(np.exp(row[f"{part}_loss"]))
    assert curves == [history]
    assert history[-1]["test_perplexity"] < 8 < history[0]["train_perplexity"]
    assert f"test perplexity {history[-1]['test_perplexity']:.4g}" in lines[-2]
    assert (tmp_path / "vocabulary.txt").read_text().split()[:6] == [
        "the", "cat", "saw", "a", "dog", "<eos>",
    ]  # fmt: skip


def test_options_reach_the_model(run, tmp_path):
    run("lm", "--model", "transformer", "--layers", 2, "--heads", 3, "--epochs", 1,
        "--checkpoint", tmp_path)  # fmt: skip
    tensors, progress = everything(tmp_path)
    names = set(tensors)
    assert "model.model.model.layers.1.mlp.1.weight" in names
    assert not any(".layers.2." in name for name in names)
    settings = progress["settings"]
    assert (settings["heads"], settings["dropout"], settings["bptt"]) == (3, 0.1, 3)
    assert (settings["clip_norm"], settings["lr"]) == (1.0, 0.003)


def test_fewer_lines_can_be_read(run, capsys):
    assert run("lm", "--max-lines", 4, "--epochs", 1) == 0
    assert "ptb: 20 training and 20 test words" in capsys.readouterr().out


def test_options_reach_the_loaders(run, monkeypatch):
    called = []
    monkeypatch.setattr(
        "needle_hw4.commands.resnet9.train", lambda trainer, *_: called.append(trainer)
    )
    assert run("resnet9", "--workers", 3, "--batch-size", 7, "--device", "cpu_numpy") == 0
    for loader, shuffle, size in ((called[0].training, True, 40), (called[0].test, False, 12)):
        assert (loader.shuffle, loader.num_workers, loader.batch_size) == (shuffle, 3, 7)
        assert (len(loader.dataset), loader.device) == (size, needle_hw3.cpu_numpy())


def test_result_does_not_depend_on_workers(run, tmp_path):
    for workers in (0, 2):
        folder = tmp_path / str(workers)
        assert run("resnet9", "--epochs", 1, "--workers", workers, "--checkpoint", folder) == 0
    assert everything(tmp_path / "0") == everything(tmp_path / "2")


def test_images_are_as_they_are_without_augmentation(run, tmp_path):
    for choice in ("augment", "no-augment"):
        run("resnet9", "--epochs", 1, f"--{choice}", "--checkpoint", tmp_path / choice)
    first, second = (everything(tmp_path / each)[1] for each in ("augment", "no-augment"))
    assert first["history"] != second["history"]
    assert run("resnet9", "--epochs", 2, "--checkpoint", tmp_path / "no-augment", "--resume") == 2


# Texts


@pytest.fixture(scope="module")
def text_folder(run, tmp_path_factory):
    """Return the folder of a language model that has learnt a little."""
    folder = tmp_path_factory.mktemp("lm")
    assert run("lm", "--epochs", 12, "--lr", 0.05, "--checkpoint", folder) == 0
    return folder


def test_text_is_made_up(text_folder, capsys):
    capsys.readouterr()  # what training said

    def generate(*more):
        assert cli.main(["generate", "--checkpoint", str(text_folder), *map(str, more)]) == 0
        return capsys.readouterr().out

    known = set((text_folder / "vocabulary.txt").read_text().split())
    made = generate("--words", 60)
    assert set(made.split()) <= known - {"<unk>", "<eos>"}
    assert made.count("\n") > 3
    assert generate("--words", 60) == made != generate("--words", 60, "--seed", 1)
    hot = generate("--words", 60, "--temperature", 9)
    assert "<unk>" not in hot
    assert generate("--words", 3, "--prompt", "the cat", "--temperature", 0).startswith("the cat ")
    assert generate("--words", 1, "--prompt", "the zebra").startswith("the <unk>")
    for name in DEVICES:
        cold = generate("--words", 9, "--temperature", 0, "--device", name)
        assert cold == generate("--words", 9, "--temperature", 0)


def test_words_become_lines():
    assert as_text(["<eos>", "a", "b", "<eos>", "c", "<eos>", "<eos>", "d"]) == "a b\nc\n\nd"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--words", "0"], "words is 0; it must be at least 1"),
        (["--seed", "-1"], "seed is -1; it must be at least 0"),
        (["--temperature", "-1"], "temperature"),
        (["--temperature", "nan"], "temperature"),
        (["--prompt", ""], "the prompt is empty"),
    ],
    ids=str,
)
def test_mistake_in_a_text_is_named(text_folder, capsys, options, said):
    capsys.readouterr()
    assert cli.main(["generate", "--checkpoint", str(text_folder), *options]) == 2
    assert said in only_line(capsys)


# Predictions


@pytest.fixture(scope="module")
def image_folder(run, tmp_path_factory):
    """Return the folder of a network that has learnt a little."""
    folder = tmp_path_factory.mktemp("resnet9")
    assert run("resnet9", "--epochs", 4, "--no-augment", "--checkpoint", folder) == 0
    return folder


def test_classes_of_images_are_told(image_folder, tmp_path, capsys):
    capsys.readouterr()
    for name, shade in (("dark", 30), ("bright", 180)):
        Image.fromarray(np.full((50, 70, 3), shade, np.uint8)).save(tmp_path / f"{name}.png")
    paths = [str(tmp_path / f"{name}.png") for name in ("dark", "bright")]
    for name in DEVICES:
        words = ["predict", *paths, "--checkpoint", str(image_folder), "--device", name]
        assert cli.main(words) == 0
        lines = capsys.readouterr().out.splitlines()
        found = [
            re.fullmatch(r"(.*): (\w+) ([\d.]+)%, (\w+) ([\d.]+)%, (\w+) ([\d.]+)%", line).groups()
            for line in lines
        ]
        assert [row[0] for row in found] == paths
        assert [row[1] for row in found] == ["airplane", "automobile"]  # classes 0 and 1
        for _, *pairs in found:
            chances = [float(chance) for chance in pairs[1::2]]
            assert chances == sorted(chances, reverse=True)
            assert sum(chances) <= 100.2


def test_mistakes_in_a_prediction_are_named(image_folder, text_folder, tmp_path, capsys):
    (tmp_path / "a.png").write_bytes(b"no image")
    capsys.readouterr()
    for folder, name, said in (
        (image_folder, "a.png", "a.png"),
        (image_folder, "b.png", "b.png"),
        (text_folder, "a.png", "it is one of lm, not of resnet9"),
        (tmp_path, "a.png", "last.safetensors"),
    ):
        assert cli.main(["predict", str(tmp_path / name), "--checkpoint", str(folder)]) == 2
        assert said in only_line(capsys)


# Mistakes


def only_line(capsys):
    """Return the only line that was written, to standard error."""
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert captured.err.startswith("needle_hw4: ")
    return captured.err


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        ("resnet9", ["--epochs", "0"], "epochs is 0; it must be at least 1"),
        ("resnet9", ["--batch-size", "0"], "batch_size"),
        ("resnet9", ["--workers", "-1"], "num_workers"),
        ("resnet9", ["--lr", "nan"], "lr"),
        ("resnet9", ["--resume"], "--resume needs --checkpoint"),
        ("lm", ["--seed", "-1"], "seed is -1"),
        ("lm", ["--bptt", "0"], "bptt is 0; it must be at least 1"),
        ("lm", ["--embedding", "0"], "embedding is 0"),
        ("lm", ["--hidden", "-3"], "hidden is -3"),
        ("lm", ["--layers", "0"], "layers is 0"),
        ("lm", ["--heads", "0"], "heads is 0"),
        ("lm", ["--model", "transformer", "--heads", "4"], "4 heads do not divide an embedding"),
        ("lm", ["--model", "transformer", "--dropout", "2"], "dropout lies in [0, 1], got 2.0"),
        ("lm", ["--batch-size", "1000"], "100 words are not enough for batch_size 1000"),
        ("lm", ["--batch-size", "60"], "two rows"),
        ("lm", ["--max-lines", "-1"], "max_lines"),
        ("lm", ["--clip-norm", "-1"], "max_norm"),
    ],
    ids=str,
)
def test_mistake_ends_with_one_line_and_code_2(run, capsys, model, options, said):
    assert run(model, "--epochs", 1, *options) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("needle_hw4: ")
    assert errors.count("\n") == 1
    assert said in errors


def test_device_that_is_not_there_says_why(words, text_folder, monkeypatch, capsys):
    capsys.readouterr()
    missing = needle_hw3.device.BackendDevice("cuda", None, "no GPU is present")
    monkeypatch.setitem(cli.DEVICES, "cuda", lambda: missing)
    for command in (words("lm"), words("resnet9"), ["generate", "--checkpoint", str(text_folder)]):
        assert cli.main([*command, "--device", "cuda"]) == 2
        assert only_line(capsys) == (
            "needle_hw4: --device cuda is not available: no GPU is present\n"
        )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--model", "rnn"], "model lstm, now rnn"),
        (["--hidden", "7"], "hidden 6, now 7"),
        (["--bptt", "4"], "bptt 3, now 4"),
        (["--batch-size", "5"], "batch_size 4, now 5"),
        (["--max-lines", "3"], "words 13, now 12; vocabulary "),
        (["--lr", "0.5"], "lr 0.003, now 0.5"),
    ],
    ids=str,
)
def test_going_on_with_other_settings_names_them(run, tmp_path, capsys, options, said):
    assert run("lm", "--epochs", 1, "--checkpoint", tmp_path) == 0
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    capsys.readouterr()
    assert run("lm", "--epochs", 2, *options, "--checkpoint", tmp_path, "--resume") == 2
    assert said in only_line(capsys)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_divergence_ends_with_code_1(run, tmp_path, capsys):
    options = ["--optimizer", "sgd", "--lr", "1e39"]
    assert run("lm", *options, "--schedule", "constant", "--checkpoint", tmp_path) == 1
    assert "stopped: the training loss is" in capsys.readouterr().out
    assert not (tmp_path / "last.safetensors").exists()


def test_number_of_threads_can_be_chosen(run, monkeypatch, capsys):
    chosen = []
    monkeypatch.setattr(needle_hw3, "set_num_threads", chosen.append)
    assert run("lm", "--epochs", 1, "--threads", 3) == 0
    assert run("lm", "--epochs", 1) == 0
    assert chosen == [3]
    monkeypatch.undo()
    capsys.readouterr()
    assert run("lm", "--threads", 0) == 2
    assert "the number of threads is at least 1, not 0" in only_line(capsys)


@pytest.mark.parametrize(
    "argv", [[], ["train"], ["train", "vgg"], ["generate"], ["predict"], ["train", "lm", "--x"]]
)
def test_unknown_words_end_with_usage_and_code_2(argv, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(argv)
    assert left.value.code == 2
    assert "usage: python -m needle_hw4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "options"),
    [
        (
            ["train", "resnet9"],
            "--data --data-dir --batch-size --workers --augment --seed",
        ),
        (["train", "lm"], "--model --bptt --max-lines --embedding --layers --heads --clip-norm"),
        (["generate"], "--checkpoint --prompt --words --temperature --seed --device"),
        (["predict"], "--checkpoint --device --threads"),
    ],
)
def test_help_shows_the_options(argv, options, capsys):
    with pytest.raises(SystemExit):
        cli.main([*argv, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(f"{option} " in said or f"{option}," in said for option in options.split())
    assert "SUPPRESS" not in said
