"""Numbers for the words of a text."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_hw4 import data

TRAIN = " the cat sat \n\n the <unk> N \n"
TEST = "a cat\nthe dog"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.txt").write_text(TRAIN)
    (tmp_path / "test.txt").write_text(TEST)
    return tmp_path


def words(corpus, numbers):
    return [corpus.dictionary.idx2word[number] for number in numbers]


def test_words_are_numbered_in_the_order_of_their_first_use():
    dictionary = data.Dictionary()
    assert len(dictionary) == 0
    assert [dictionary.add_word(word) for word in ("b", "a", "b", "", "a")] == [0, 1, 0, 2, 1]
    assert dictionary.idx2word == ["b", "a", ""]
    assert dictionary.word2idx == {"b": 0, "a": 1, "": 2}
    assert len(dictionary) == 3


def test_every_line_ends_with_eos_an_empty_one_too(folder):
    corpus = data.Corpus(folder)
    eos = "<eos>"
    assert words(corpus, corpus.train) == ["the", "cat", "sat", eos, eos, "the", "<unk>", "N", eos]
    assert words(corpus, corpus.test) == ["a", "cat", eos, "the", "dog", eos]
    assert corpus.train == [0, 1, 2, 3, 3, 0, 4, 5, 3]
    assert corpus.test == [6, 1, 3, 0, 7, 3]
    assert len(corpus.dictionary) == 8


@pytest.mark.parametrize(("max_lines", "count"), [(0, 0), (1, 4), (2, 5), (3, 9), (9, 9)])
def test_max_lines_limits_each_file(folder, max_lines, count):
    corpus = data.Corpus(str(folder), max_lines)
    assert len(corpus.train) == count
    assert len(corpus.test) == {0: 0, 1: 3}.get(max_lines, 6)


def test_other_files_can_be_named(folder):
    (folder / "valid.txt").write_text("dog")
    corpus = data.Corpus(folder, train="valid.txt", test="train.txt")
    assert words(corpus, corpus.train) == ["dog", "<eos>"]
    assert len(corpus.test) == 9


def test_file_can_be_numbered_with_the_same_words(folder):
    corpus = data.Corpus(folder)
    (folder / "valid.txt").write_text("the bird")
    assert corpus.tokenize(folder / "valid.txt") == [0, 8, 3]
    assert corpus.dictionary.word2idx["bird"] == 8


@given(st.lists(st.text("ab \t\n\v\f\x1c\x85\xa0\u2028\u03b1", max_size=12)), st.integers(0, 5))
def test_numbers_stand_for_the_words_of_any_text(tmp_path_factory, lines, max_lines):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    text = "\n".join(lines)
    path.write_text(text, encoding="utf-8", newline="\n")
    split = text.removesuffix("\n").split("\n") if text else []
    for most, kept in ((None, split), (max_lines, split[:max_lines])):
        corpus = data.Corpus(path.parent, most, train="any.txt", test="any.txt")
        assert words(corpus, corpus.train) == [
            word for line in kept for word in [*line.split(), "<eos>"]
        ]
        assert corpus.test == corpus.train
        assert corpus.dictionary.idx2word == list(dict.fromkeys(words(corpus, corpus.train)))


@pytest.mark.parametrize("most", [-1, 1.5, True, "3"])
def test_max_lines_is_a_whole_number(folder, most):
    with pytest.raises((TypeError, ValueError), match="max_lines"):
        data.Corpus(folder, most)


def test_text_that_is_not_utf_8_is_an_error_that_names_the_file(folder):
    (folder / "test.txt").write_bytes(b"caf\xe9 au lait\n")
    with pytest.raises(ValueError, match=r"test\.txt: the text is not UTF-8: .*0xe9"):
        data.Corpus(folder)


def test_missing_file_is_an_error_that_names_it(folder):
    (folder / "test.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"test\.txt"):
        data.Corpus(folder)


def test_penn_treebank_is_read_word_by_word():
    folder = Path(os.environ.get("NEEDLE_DATA", ""), "ptb")
    if not (folder / "test.txt").is_file():
        pytest.skip("there is no ptb in NEEDLE_DATA")
    corpus = data.Corpus(folder, train="valid.txt")
    for file, numbers in (("valid.txt", corpus.train), ("test.txt", corpus.test)):
        text = (folder / file).read_bytes().decode("ascii")
        assert words(corpus, numbers) == text.replace("\n", " <eos> ").split()
