from collections import Counter

import numpy as np
import pytest

from needle_shared.data import doc_text, write_doc_text
from needle_shared.data.doc_text import PTB_FILES, sentences
from needle_shared.data.docstrings import public_docstrings
from needle_shared.testing import run_python


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("doc-text")
    write_doc_text(folder)
    return folder


@pytest.fixture(scope="module")
def lines(folder):
    """Return the sentences of each file, as tuples of words."""
    return {
        name: [tuple(line.split()) for line in (folder / name).read_text("utf-8").splitlines()]
        for name in PTB_FILES
    }


def words(lines):
    return [word for line in lines for word in line]


def test_files_look_like_penn_treebanks(folder):
    assert sorted(path.name for path in folder.iterdir()) == sorted(PTB_FILES)
    for name in PTB_FILES:
        content = (folder / name).read_bytes().decode("ascii")
        assert content.endswith(" \n")
        for line in content.splitlines():
            assert line.startswith(" ")
            assert line.endswith(" ")
            assert "  " not in line


def test_words_are_lower_case_and_numbers_are_n(lines):
    for word in set(words(lines["train.txt"])) - {"N", "<unk>"}:
        assert word == word.lower()
        assert not word[0].isdigit()
        assert set(word) & set("abcdefghijklmnopqrstuvwxyz_")


def test_there_is_enough_text_and_a_known_vocabulary(lines):
    train = Counter(words(lines["train.txt"]))
    assert train.total() > 100_000
    assert min(count for word, count in train.items() if word != "<unk>") >= 3
    for name in PTB_FILES[1:]:
        held_out = Counter(words(lines[name]))
        assert held_out.total() > 5_000
        assert held_out.keys() <= train.keys()
        assert 0 < held_out["<unk>"] < 0.1 * held_out.total()


def test_no_sentence_of_training_is_in_the_other_files(lines):
    # Two different rare words are one `<unk>`: only sentences without it can be compared.
    learned = {line for line in lines["train.txt"] if "<unk>" not in line}
    for name in PTB_FILES[1:]:
        assert len(lines[name]) > 300
        assert not learned & set(lines[name])


def test_text_is_what_the_docstrings_say(lines):
    everything = {" ".join(line) for part in lines.values() for line in part}
    assert "return evenly spaced numbers over a specified interval" in everything
    assert not any(">>>" in line for line in everything)


SPOILED = """
import sys
import numpy
from needle_shared.data import write_doc_text

numpy.sinc.__doc__ = "Something else is said here."
numpy.random.seed(1)
write_doc_text(sys.argv[1])
sys.stdout.write(str(numpy.random.random()))
"""


@pytest.mark.parametrize("options", [(), ("-OO",)], ids=str)
def test_bytes_depend_on_no_process_and_random_numbers_are_left(tmp_path, folder, options):
    # The hashes of text, and so the order of sets, differ between processes.
    drawn = run_python(SPOILED, str(tmp_path), options=options)
    for name in PTB_FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert float(drawn) == np.random.RandomState(1).random_sample()


def test_sentences_are_prose_without_examples_and_punctuation():
    docstring = """Return the Mean of `a`, i.e. 2.5e-3; don't use numpy.Sum!

    Parameters
    ----------
    a : array_like
        First line,
        second (3, 4) line: x_1.

    Single.

    Examples come here

    >>> a = 1 + 1
    >>> print(a)
    2

    Text again. >>> no_more
    never
    """
    assert [" ".join(sentence) for sentence in sentences(docstring)] == [
        "return the mean of a i.e",
        "don't use numpy.sum",
        "array_like first line second N N line",
        "examples come here",
        "text again",
    ]


def test_names_of_a_kind_are_in_one_file(tmp_path, monkeypatch):
    names = [f"name_{letter}" for letter in "abcdefghijklmnopqrst"]
    texts = [(name, f"It is {name} of kind {kind}.") for kind in "xyz" for name in names]
    monkeypatch.setattr(doc_text, "public_docstrings", lambda *_: texts)
    monkeypatch.setattr(doc_text, "FEWEST", 1)
    monkeypatch.setattr(doc_text, "HELD_OUT", 0.25)
    write_doc_text(tmp_path)
    texts = [(tmp_path / name).read_text().replace("<unk>", "?") for name in PTB_FILES]
    assert all(texts)
    assert sum(text.count("\n") for text in texts) == 60
    assert all(text.count("\n") % 3 == 0 for text in texts)


def test_modules_that_numpy_lacks_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(doc_text, "MODULES", ("fft", "no_such_module"))
    write_doc_text(tmp_path)
    assert (tmp_path / "train.txt").stat().st_size > 10_000


def test_docstrings_come_once_from_modules_functions_classes_and_members():
    found = public_docstrings("numpy", ["fft", "polynomial"])
    names, texts = zip(*found, strict=True)
    assert len(set(texts)) == len(texts)
    assert {"numpy", "mean", "ndarray", "reshape", "fft", "irfftn", "Chebyshev"} <= set(names)
    assert not any(name.startswith("_") for name in names)
    assert dict(found)["irfftn"] == np.fft.irfftn.__doc__
    assert int.__doc__ not in texts
    assert found == public_docstrings("numpy", ["fft", "polynomial"])


def test_package_that_is_not_there_has_no_docstrings_and_a_broken_one_is_an_error(
    tmp_path, monkeypatch
):
    assert public_docstrings("no_such_package", ["a"]) == []
    (tmp_path / "broken_package.py").write_text("1 / 0")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"could not be collected: [\s\S]*ZeroDivisionError"):
        public_docstrings("broken_package", [])
