"""Models out of the checkpoints that `train` keeps.

What the model was is in the settings of the checkpoint, which anybody may have written: they are
checked before memory is asked for in their name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from needle_hw1 import Device
from needle_hw2 import checkpoint
from needle_hw2.checkpoint import CheckpointError, archive
from needle_hw4.apps import vocabulary
from needle_hw4.apps.images import CLASSES
from needle_hw4.apps.text import CarryingModel
from needle_hw4.models import LanguageModel, ResNet9
from needle_hw4.models.language_model import SEQUENCE_MODELS

Settings = Mapping[str, Any]


def make_language_model(settings: Settings, device: Device | None = None) -> LanguageModel:
    """Return a language model with new weights; `settings` are those of `train lm`.

    Raises `ValueError` if the heads of a transformer do not divide its features.
    """
    options: dict[str, Any] = {}
    embedding, heads = settings["embedding"], settings["heads"]
    if settings["model"] == "transformer":
        if embedding % heads:
            raise ValueError(f"{heads} heads do not divide an embedding of {embedding} features")
        options = {
            "num_head": heads, "dim_head": embedding // heads, "dropout": settings["dropout"]
        }  # fmt: skip
    return LanguageModel(
        embedding,
        settings["words"],
        settings["hidden"],
        settings["layers"],
        settings["model"],
        settings["bptt"],
        device,
        **options,
    )


def load_language_model(
    folder: str | Path, device: Device | None = None
) -> tuple[LanguageModel, list[str]]:
    """Return the model in `folder`, in evaluation mode, and its words by number.

    Raises `CheckpointError`, which names the file and what is wrong in it, or `OSError`.
    """
    path = _newest(folder)
    settings = _settings(path, "lm")
    _check_language_model(path, settings)
    words = vocabulary.read(Path(folder), str(settings.get("vocabulary")))
    if len(words) != settings["words"]:
        raise CheckpointError(path, f"words is {settings['words']}, the file has {len(words)}")
    try:
        model = CarryingModel(make_language_model(settings, device), settings["batch_size"])
    except ValueError as error:
        raise CheckpointError(path, error) from error
    checkpoint.load(model, None, path)
    model.model.eval()
    return model.model, words


def load_resnet9(
    folder: str | Path, device: Device | None = None
) -> tuple[ResNet9, tuple[str, ...]]:
    """Return the model in `folder`, in evaluation mode, and the names of its classes.

    Raises `CheckpointError`, which names the file and what is wrong in it, or `OSError`.
    """
    path = _newest(folder)
    settings = _settings(path, "resnet9")
    name = settings.get("data")
    if not isinstance(name, str) or name not in CLASSES:
        raise CheckpointError(path, f"data is {name!r}, not one of {', '.join(CLASSES)}")
    model = ResNet9(device)
    checkpoint.load(model, None, path)
    model.eval()
    return model, CLASSES[name]


def _newest(folder: str | Path) -> Path:
    """Return the path of the best checkpoint, or of the last one before an epoch has ended."""
    best = Path(folder, "best.safetensors")
    return best if best.exists() else best.with_name("last.safetensors")


def _settings(path: Path, trained: str) -> dict[str, Any]:
    """Return the settings of the checkpoint of a `trained` model."""
    progress = checkpoint.read_progress(path)
    settings = progress.get("settings") if isinstance(progress, dict) else None
    if not isinstance(settings, dict) or "trained" not in settings:
        raise CheckpointError(path, "it was not made by python -m needle_hw4 train")
    if settings["trained"] != trained:
        raise CheckpointError(path, f"it is one of {settings['trained']}, not of {trained}")
    return settings


def _check_language_model(path: Path, settings: dict[str, Any]) -> None:
    """Raise `CheckpointError` for settings that are none, or of a model larger than the file."""
    for name in ("words", "embedding", "hidden", "layers", "heads", "bptt", "batch_size"):
        value = settings.get(name)
        if type(value) is not int or value < 1:
            raise CheckpointError(path, f"{name} is {value!r}, not a whole number of at least 1")
    if settings.get("model") not in SEQUENCE_MODELS:
        raise CheckpointError(path, f"model is {settings.get('model')!r}, which is none")
    if type(settings.get("dropout")) not in {int, float}:
        raise CheckpointError(path, f"dropout is {settings.get('dropout')!r}, which is no number")
    tensors, _ = archive.read(path)
    size, least = sum(tensor.size for tensor in tensors.values()), _least_size(settings)
    if least > size:
        raise CheckpointError(
            path, f"its settings are those of a model of {least:,} numbers or more, it has {size:,}"
        )


def _least_size(settings: Settings) -> int:
    """Return how many numbers the largest tensors of a model have, each counted as if for an RNN.

    The others have no more than a few times as many.
    """
    words, layers, batch = settings["words"], settings["layers"], settings["batch_size"]
    embedding, hidden = settings["embedding"], settings["hidden"]
    if settings["model"] == "transformer":
        inside = layers * embedding * (embedding + hidden) + settings["bptt"] * embedding
        return int(2 * words * embedding + inside)
    inside = embedding * hidden + layers * hidden * (hidden + batch)
    return int(words * (embedding + hidden) + inside)
