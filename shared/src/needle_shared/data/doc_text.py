"""DocText: the prose of NumPy's documentation, in Penn Treebank's file format."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from needle_shared.data.docstrings import public_docstrings

PTB_FILES = ("train.txt", "valid.txt", "test.txt")

# Public modules inside of numpy; one that a version of NumPy lacks is left out.
MODULES = (
    "char", "ctypeslib", "dtypes", "exceptions", "fft", "lib", "lib.array_utils", "lib.format",
    "lib.introspect", "lib.mixins", "lib.npyio", "lib.recfunctions", "lib.scimath",
    "lib.stride_tricks", "lib.user_array", "linalg", "ma", "ma.extras", "ma.mrecords",
    "polynomial", "polynomial.chebyshev", "polynomial.hermite", "polynomial.hermite_e",
    "polynomial.laguerre", "polynomial.legendre", "polynomial.polynomial", "random", "rec",
    "strings", "testing", "typing",
)  # fmt: skip

HELD_OUT = 0.1  # share of names in valid.txt, and in test.txt
FEWEST = 3  # times that a word of the vocabulary occurs in train.txt
UNKNOWN = "<unk>"

_PARAGRAPH = re.compile(r"\n\s*\n")
_UNDERLINE = re.compile(r"^\s*[-=~^]{3,}\s*$", re.MULTILINE)
_END = re.compile(r"(?<=[.:;?!])\s+")
# A name with dots is one word; so is a number, whose kind is all that is kept of it.
_WORD = re.compile(
    r"[a-z_][a-z_0-9]*(?:\.[a-z_][a-z_0-9]*)*(?:'[a-z]+)?|(?P<number>\d+(?:[.,]\d+)*(?:e[+-]?\d+)?)"
)


def write_doc_text(folder: str | Path) -> None:
    """Write train.txt, valid.txt and test.txt, a text of some 220,000 words, into `folder`.

    It is made for trying out what is meant for Penn Treebank, and is not Penn Treebank: its
    sentences are those of the docstrings of NumPy's public modules, functions, classes and
    methods, without the examples. As in Penn Treebank's files a line is a sentence, in lower
    case and without punctuation; numbers are `N`; words that are not seen 3 times in training are
    `<unk>`.

    Names are divided at random: all docstrings of what is called `mean`, say, are in one file.
    Sentences that occur in train.txt are left out of the others, so that these do not measure what
    was learned by heart.

    Equal versions of Python and NumPy write equal files.
    """
    parts: dict[str, list[list[str]]] = {name: [] for name in PTB_FILES}
    by_name: dict[str, list[str]] = {}
    for name, text in public_docstrings("numpy", MODULES):
        by_name.setdefault(name, []).append(text)
    # The raw stream of a bit generator is stable across NumPy's versions; see `builtin`.
    draws = np.random.PCG64(0).random_raw(len(by_name)) / 2**64
    for name, draw in zip(sorted(by_name), draws.tolist(), strict=True):
        file = PTB_FILES[2 - (draw >= HELD_OUT) - (draw >= 2 * HELD_OUT)]
        for text in by_name[name]:
            parts[file] += sentences(text)
    learned = {tuple(sentence) for sentence in parts["train.txt"]}
    counts = Counter(word for sentence in parts["train.txt"] for word in sentence)
    known = {word for word, count in counts.items() if count >= FEWEST}
    for file, lines in parts.items():
        if file != "train.txt":
            lines = [line for line in lines if tuple(line) not in learned]  # noqa: PLW2901
        _write_lines(Path(folder, file), lines, known)


def sentences(docstring: str) -> Iterator[list[str]]:
    """Yield the sentences of a docstring, as words, that have more than one of them."""
    text = _UNDERLINE.sub("", inspect.cleandoc(docstring))
    for paragraph in _PARAGRAPH.split(text):
        prose, _, _ = paragraph.partition(">>>")
        for sentence in _END.split(prose):
            found = _WORD.finditer(sentence.lower())
            words = ["N" if match["number"] else match[0] for match in found]
            if len(words) > 1:
                yield words


def _write_lines(path: Path, lines: Iterable[list[str]], known: set[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for words in lines:
            # With a blank at both ends, as in Penn Treebank's files.
            shown = (word if word in known else UNKNOWN for word in words)
            file.write(f" {' '.join(shown)} \n")
