"""The words that a language model knows, as a text file beside its checkpoints."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from needle_hw2.checkpoint import CheckpointError
from needle_hw2.checkpoint.atomic import write_atomically

FILE = "vocabulary.txt"
UNKNOWN = "<unk>"


def fingerprint(words: Sequence[str]) -> str:
    """Return the SHA-256 of the file of `words`, in hexadecimal."""
    return hashlib.sha256(_content(words)).hexdigest()


def write(words: Sequence[str], folder: Path) -> None:
    """Write `words` into `folder`, one in a line, in the order of their numbers, atomically."""
    write_atomically(folder / FILE, _content(words))


def read(folder: Path, known: str) -> list[str]:
    """Return the words in `folder`, whose `fingerprint` is `known`.

    Raises `CheckpointError` if it is another one, `OSError` if there is no file.
    """
    path = folder / FILE
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != known:
        raise CheckpointError(path, "these are not the words that the model was trained with")
    return content.decode().split("\n")[:-1]


def numbers(text: str, words: Sequence[str]) -> list[int]:
    """Return the numbers of the words of a text; unknown ones are read as `<unk>`.

    Raises `ValueError` naming an unknown word if there is no `<unk>`.
    """
    known = {word: number for number, word in enumerate(words)}
    found = []
    for word in text.split():
        number = known.get(word, known.get(UNKNOWN))
        if number is None:
            raise ValueError(f"the model does not know the word {word!r}")
        found.append(number)
    return found


def _content(words: Sequence[str]) -> bytes:
    return "".join(f"{word}\n" for word in words).encode()
