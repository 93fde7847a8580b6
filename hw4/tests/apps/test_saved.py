"""Models out of checkpoint folders, some of which were made to do harm."""

import numpy as np
import pytest

from needle_hw2 import checkpoint
from needle_hw2.checkpoint import CheckpointError
from needle_hw4.apps import saved, vocabulary
from needle_hw4.apps.text import CarryingModel
from needle_hw4.models import ResNet9

KNOWN = ["<eos>", "the", "cat", "<unk>"]
SETTINGS = {
    "trained": "lm", "model": "lstm", "embedding": 6, "hidden": 5, "layers": 2, "heads": 3,
    "dropout": 0.1, "bptt": 7, "batch_size": 2, "words": 4,
    "vocabulary": vocabulary.fingerprint(KNOWN),
}  # fmt: skip


def keep(folder, settings, name="best", seed=0):
    """Save a model of `settings`, and then whatever is asked for, into `folder`."""
    np.random.seed(seed)
    model = CarryingModel(saved.make_language_model({**SETTINGS, **settings}), 2)
    path = folder / f"{name}.safetensors"
    checkpoint.save(model, None, path, progress={"settings": {**SETTINGS, **settings}})
    vocabulary.write(KNOWN, folder)
    return model.model


def rewrite(folder, settings):
    path = folder / "best.safetensors"
    tensors, _ = checkpoint.archive.read(path)
    checkpoint.archive.write(path, tensors, {"progress": {"settings": settings}})


def bits(model):
    return {name: values.numpy().tobytes() for name, values in model.state_dict().items()}


@pytest.mark.parametrize("kind", ["rnn", "lstm", "transformer"])
def test_language_model_comes_back_with_its_words(tmp_path, here, kind):
    model = keep(tmp_path, {"model": kind})
    found, words = saved.load_language_model(tmp_path, here)
    assert bits(found) == bits(model)
    assert all(parameter.device == here for parameter in found.parameters())
    assert words == KNOWN
    assert not any(module.training for module in found.modules())


def test_best_model_is_taken_and_the_last_if_there_is_none(tmp_path):
    last = keep(tmp_path, {}, "last", seed=1)
    assert bits(saved.load_language_model(tmp_path)[0]) == bits(last)
    best = keep(tmp_path, {}, "best", seed=2)
    assert bits(saved.load_language_model(tmp_path)[0]) == bits(best) != bits(last)


def test_network_for_images_comes_back_with_its_classes(tmp_path, here):
    np.random.seed(0)
    model = ResNet9(here)
    settings = {"trained": "resnet9", "data": "cifar10"}
    checkpoint.save(model, None, tmp_path / "last.safetensors", progress={"settings": settings})
    found, classes = saved.load_resnet9(tmp_path, here)
    assert bits(found) == bits(model)
    assert (len(classes), classes[0]) == (10, "airplane")
    assert not any(module.training for module in found.modules())
    with pytest.raises(CheckpointError, match="it is one of resnet9, not of lm"):
        saved.load_language_model(tmp_path)
    for wrong in ("mnist", None, []):
        progress = {"settings": {**settings, "data": wrong}}
        checkpoint.save(model, None, tmp_path / "last.safetensors", progress=progress)
        with pytest.raises(CheckpointError, match=r"data is .*, not one of digits-on"):
            saved.load_resnet9(tmp_path)


def test_empty_folder_is_named(tmp_path):
    for load in (saved.load_language_model, saved.load_resnet9):
        with pytest.raises(FileNotFoundError, match=r"last\.safetensors"):
            load(tmp_path)


@pytest.mark.parametrize("progress", [None, 3, [], {}, {"settings": None}, {"settings": {}}])
def test_other_checkpoints_are_refused(tmp_path, progress):
    model = keep(tmp_path, {})
    checkpoint.save(model, None, tmp_path / "best.safetensors", progress=progress)
    with pytest.raises(CheckpointError, match=r"best\.safetensors: it was not made by python -m"):
        saved.load_language_model(tmp_path)


@pytest.mark.parametrize(
    "name", ["words", "embedding", "hidden", "layers", "heads", "bptt", "batch_size"]
)
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "4", None, []])
def test_size_that_is_none_is_named(tmp_path, name, value):
    keep(tmp_path, {})
    rewrite(tmp_path, {**SETTINGS, name: value})
    with pytest.raises(CheckpointError, match=f"{name} is .*, not a whole number"):
        saved.load_language_model(tmp_path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model": "gru"}, "model is 'gru'"),
        ({"model": ["lstm"]}, r"model is \['lstm'\]"),
        ({"dropout": "0"}, "dropout is '0'"),
        ({"model": "transformer", "heads": 4}, "4 heads do not divide an embedding of 6"),
        ({"model": "transformer", "dropout": 2.0}, "dropout"),
        ({"words": 3}, "words is 3, the file has 4"),
        ({"vocabulary": "0" * 64}, r"vocabulary\.txt: these are not the words"),
        ({"vocabulary": None}, r"vocabulary\.txt: these are not the words"),
        ({"hidden": 4}, "has shape"),
        ({"layers": 1}, "unexpected"),
        ({"model": "rnn"}, "missing"),
        ({"batch_size": 1}, "has shape"),
    ],
    ids=str,
)
def test_settings_of_another_model_are_refused(tmp_path, settings, words):
    keep(tmp_path, {"model": "transformer"} if settings.get("model") == "transformer" else {})
    rewrite(tmp_path, {**SETTINGS, **settings})
    with pytest.raises(CheckpointError, match=words):
        saved.load_language_model(tmp_path)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        *[
            (kind, names)
            for kind in ("lstm", "transformer")
            for names in (["embedding"], ["hidden"], ["layers"], ["words"], ["embedding", "hidden"])
        ],
        ("lstm", ["batch_size"]),
        ("transformer", ["bptt"]),
    ],
    ids=str,
)
def test_settings_of_a_huge_model_ask_for_no_memory(tmp_path, monkeypatch, kind, names):
    keep(tmp_path, {"model": kind})
    rewrite(tmp_path, {**SETTINGS, "model": kind, **dict.fromkeys(names, 3 * 10**9)})
    if (kind == "transformer" and names == ("batch_size",)) or (
        kind == "lstm" and names == ("bptt",)
    ):
        pytest.skip("a size that nothing of this model has")
    monkeypatch.setattr(saved, "make_language_model", lambda *_: pytest.fail("it was made"))
    with pytest.raises(CheckpointError, match="its settings are those of a model of"):
        saved.load_language_model(tmp_path)


def test_product_of_two_sizes_counts(tmp_path):
    keep(tmp_path, {})
    rewrite(tmp_path, {**SETTINGS, "embedding": 90, "hidden": 7})  # 4 * 97 + 2 * 7 * 9 were fine
    with pytest.raises(CheckpointError, match="its settings are those of a model of"):
        saved.load_language_model(tmp_path)


def test_vocabulary_that_is_missing_is_named(tmp_path):
    keep(tmp_path, {})
    (tmp_path / vocabulary.FILE).unlink()
    with pytest.raises(FileNotFoundError, match=r"vocabulary\.txt"):
        saved.load_language_model(tmp_path)


def test_text_becomes_the_numbers_of_its_words():
    assert vocabulary.numbers(" the cat\n saw the\tdog <eos>", KNOWN) == [1, 2, 3, 1, 3, 0]
    with pytest.raises(ValueError, match="does not know the word 'dog'"):
        vocabulary.numbers("the dog", KNOWN[:3])


def test_words_survive_the_file(tmp_path):
    words = ["<eos>", "naïve", "\u2028", "a\rb", "'", "\x85"]
    vocabulary.write(words, tmp_path)
    assert vocabulary.read(tmp_path, vocabulary.fingerprint(words)) == words
    assert vocabulary.fingerprint(words) != vocabulary.fingerprint(words[::-1])
