"""The data sets that need no download, read by what reads CIFAR-10 and Penn Treebank."""

import numpy as np
import pytest

from needle_hw4 import data
from needle_shared.data import doc_text, photo_digits, write_digits_on_photo, write_doc_text


def test_digits_on_photo_are_read_as_cifar_10(tmp_path, monkeypatch):
    pytest.importorskip("sklearn.datasets", reason="needs the extra `train`")
    monkeypatch.setattr(photo_digits, "IMAGES_PER_FILE", 30)
    write_digits_on_photo(tmp_path)
    for train, count in ((True, 150), (False, 30)):
        read = data.CIFAR10Dataset(tmp_path, train)
        assert read.X.shape == (count, 3, 32, 32)
        assert 0.2 < read.X.mean() < 0.8
        np.testing.assert_array_equal(np.bincount(read.y), np.full(10, count // 10))


def test_doc_text_is_read_as_penn_treebank(tmp_path, monkeypatch):
    monkeypatch.setattr(doc_text, "MODULES", ("fft",))
    write_doc_text(tmp_path)
    corpus = data.Corpus(tmp_path)
    known = len(corpus.dictionary)
    assert len(corpus.train) > 10_000
    corpus.tokenize(tmp_path / "valid.txt")
    assert len(corpus.dictionary) == known == 1 + max(corpus.train)
