"""What is trained in a workload: its data, its sizes, and the settings of gradient descent."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from needle_shared.evolution.agreement import KINKED, SMOOTH, Tolerance
from needle_shared.evolution.cell import Array
from needle_shared.evolution.problem import SavedProblem


@dataclass(frozen=True)
class TextProblem(SavedProblem):
    """A text in columns (rows, B), numbers of `words` different words, and the network's sizes.

    A step takes `bptt` rows and foretells for each the row that follows; the last may have fewer.
    """

    columns: Array
    words: int
    embedding: int
    hidden: int
    bptt: int
    lr: float
    seed: int = 0

    tolerance: ClassVar[Tolerance] = SMOOTH

    @property
    def steps(self) -> int:
        """The number of steps of one pass over the text."""
        return -(-(len(self.columns) - 1) // self.bptt)

    @property
    def title(self) -> str:
        """What is trained, in a line."""
        return (
            f"{self.words:,}-word RNN, embedding {self.embedding}, hidden {self.hidden}, "
            f"bptt {self.bptt}, lr {self.lr:g}, batch {self.columns.shape[1]}"
        )

    def chunks(self) -> Iterator[tuple[Array, Array]]:
        """Yield the words (L, B) of each step, and those that follow, (L, B)."""
        for row in range(0, len(self.columns) - 1, self.bptt):
            following = self.columns[row + 1 : row + 1 + self.bptt]
            yield self.columns[row : row + len(following)], following


@dataclass(frozen=True)
class ImageProblem(SavedProblem):
    """Images (N, 3, 32, 32), float32 in 0..1, and labels (N,), taken in order, `batch` a step."""

    X: Array
    y: Array
    batch: int
    lr: float
    seed: int = 0

    tolerance: ClassVar[Tolerance] = KINKED

    @property
    def steps(self) -> int:
        """The number of steps of one pass over the images."""
        return -(-len(self.y) // self.batch)

    @property
    def title(self) -> str:
        """What is trained, in a line."""
        return f"ResNet9, {len(self.y):,} images, lr {self.lr:g}, batch {self.batch}"


def read_text(
    data: str,
    folder: Path | None = None,
    *,
    steps: int,
    embedding: int,
    hidden: int,
    bptt: int,
    lr: float,
    batch: int,
) -> TextProblem:
    """Return the problem of the first `steps` steps through a text: "doc-text" or "ptb".

    `folder` is where it lies, if not in the usual places. needle_hw4 numbers the words;
    ModuleNotFoundError without it, FileNotFoundError without the text, ValueError if it is too
    short.
    """
    corpus = _hw4_data().Corpus(_locate(data, folder))
    columns = _hw4_data().batchify(corpus.train, batch)
    _check_steps(steps, (len(columns) - 1) // bptt, data)
    sizes = {"words": len(corpus.dictionary), "embedding": embedding, "hidden": hidden}
    return TextProblem(columns[: steps * bptt + 1], **sizes, bptt=bptt, lr=lr)


def read_images(
    data: str, folder: Path | None = None, *, steps: int, lr: float, batch: int
) -> ImageProblem:
    """Return the problem of the first `steps` batches of images: "digits-on-photo" or "cifar10".

    The rest is as in `read_text`.
    """
    dataset = _hw4_data().CIFAR10Dataset(_locate(data, folder), train=True)
    _check_steps(steps, len(dataset) // batch, data)
    X, y = dataset[: steps * batch]
    return ImageProblem(X, y, batch, lr)


def _check_steps(steps: int, most: int, data: str) -> None:
    if steps > most:
        raise ValueError(f"{data} has {most} steps of this size, not {steps}")


def _locate(data: str, folder: Path | None) -> Path:
    place: Path = importlib.import_module("needle_shared.data").locate(data, folder)
    return place


def _hw4_data() -> Any:
    try:
        return importlib.import_module("needle_hw4.data")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error}; the data are read by needle_hw4: install it with `pip install ./hw4`"
        ) from error
