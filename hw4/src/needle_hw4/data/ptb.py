"""Penn Treebank, or any other text with one sentence in each line."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from needle_hw2.data.checks import whole_number

END_OF_SENTENCE = "<eos>"


class Dictionary:
    """Numbers for words, from 0 on, in the order in which they were added.

    Attributes: `word2idx`, from words to numbers; `idx2word`, the words in order.
    """

    def __init__(self) -> None:
        self.word2idx: dict[str, int] = {}
        self.idx2word: list[str] = []

    def add_word(self, word: str) -> int:
        """Return the number of `word`, after adding it if it is new."""
        number = self.word2idx.get(word)
        if number is None:
            number = self.word2idx[word] = len(self.idx2word)
            self.idx2word.append(word)
        return number

    def __len__(self) -> int:
        """Return how many words there are."""
        return len(self.idx2word)


class Corpus:
    """A text for training and one for the test, as lists of numbers of one dictionary.

    Parameters
    ----------
    base_dir
        The directory with the files.
    max_lines
        How many lines of each file to read; all if None.
    train, test
        The names of the files. Where Penn Treebank's train.txt is missing, valid.txt can do.

    Attributes: `dictionary`, `train` and `test`. The words of `train` are numbered first.

    Raises `ValueError` for a file that is not UTF-8, `FileNotFoundError`.
    """

    def __init__(
        self,
        base_dir: str | os.PathLike[str],
        max_lines: int | None = None,
        *,
        train: str = "train.txt",
        test: str = "test.txt",
    ) -> None:
        self.dictionary = Dictionary()
        self.train = self.tokenize(Path(base_dir, train), max_lines)
        self.test = self.tokenize(Path(base_dir, test), max_lines)

    def tokenize(self, path: str | os.PathLike[str], max_lines: int | None = None) -> list[int]:
        """Return the numbers of the words in a file, after adding new ones to the dictionary.

        Words are what stands between white space. Each line, an empty one too, ends with the word
        `<eos>`.
        """
        if max_lines is not None:
            max_lines = whole_number("max_lines", max_lines, at_least=0)
        numbers: list[int] = []
        add_word = self.dictionary.add_word
        with Path(path).open(encoding="utf-8") as lines:
            try:
                for line in islice(lines, max_lines):
                    numbers += map(add_word, line.split())
                    numbers.append(add_word(END_OF_SENTENCE))
            except UnicodeDecodeError as error:
                raise ValueError(f"{os.fspath(path)}: the text is not UTF-8: {error}") from error
        return numbers
