"""Small colour images: data sets, the task of classifying them, and images from files."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from needle_hw1 import Tensor, no_grad
from needle_hw2.apps.passes import count_errors
from needle_hw2.training import Outcome
from needle_hw4 import data, nn, ops

SIDE = 32
# Each data set, in files of CIFAR-10's format, and its classes.
CLASSES = {
    "digits-on-photo": tuple("0123456789"),
    "cifar10": (
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ),
}  # fmt: skip
# A digit that is mirrored is another one, or none.
AUGMENTATIONS = {"digits-on-photo": (2, 0.0), "cifar10": (4, 0.5)}


def load(
    name: str, folder: str | Path, *, augment: bool
) -> tuple[data.CIFAR10Dataset, data.CIFAR10Dataset]:
    """Return the training and the test set `name`, whose files `folder` holds.

    With `augment`, images for training are moved at random, and those of CIFAR-10 mirrored, too.
    """
    padding, p = AUGMENTATIONS[name]
    transforms = [data.RandomCropFlip(padding, p)] if augment else None
    training = data.CIFAR10Dataset(folder, train=True, transforms=transforms)
    return training, data.CIFAR10Dataset(folder, train=False)


def classify(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Outcome:
    """Return the cross-entropy of `model` for images and labels, and how many answers are wrong."""
    X, y = batch
    logits = model(X)
    return Outcome(nn.SoftmaxLoss()(logits, y), len(y), {"error": count_errors(logits, y)})


def probabilities(model: nn.Module, images: Sequence[np.ndarray[Any, Any]]) -> Any:
    """Return the probability of each class, a NumPy array (N, classes), for images (3, 32, 32)."""
    model.eval()
    device = model.parameters()[0].device
    with no_grad():
        logits = model(Tensor(np.stack(images), device=device, requires_grad=False))
        return ops.softmax(logits).numpy()


def read_image(path: str | Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the image in a file as a network takes it: (3, 32, 32), from 0 to 1.

    It is turned as its EXIF data say, its middle is cut out as a square, and that is scaled.

    Raises `ImportError` without Pillow, `OSError` for a file that is missing or no image,
    `ValueError` for one that is damaged, or so large that it may be meant to fill the memory.
    """
    try:
        pillow, operations = import_module("PIL.Image"), import_module("PIL.ImageOps")
    except ImportError as error:
        raise ImportError("images are read by Pillow: pip install needle-hw4[images]") from error
    too_large = (pillow.DecompressionBombError, pillow.DecompressionBombWarning)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pillow.DecompressionBombWarning)
            with pillow.open(path) as file:
                image = operations.exif_transpose(file).convert("RGB")
    except too_large as error:
        raise ValueError(f"{path}: {error}") from error
    except (SyntaxError, ValueError, struct.error) as error:
        raise ValueError(f"{path}: the image is damaged: {error}") from error
    small = operations.fit(image, (SIDE, SIDE), method=pillow.Resampling.LANCZOS)
    pixels = np.asarray(small, dtype=np.float32) / np.float32(255)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))
