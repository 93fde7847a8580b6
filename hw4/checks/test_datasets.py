"""Question `datasets`: images from CIFAR-10's files, and texts in columns."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)

NAMES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


def write_images(folder, pixels, labels):
    """Write two images into each of CIFAR-10's files."""
    for number, name in enumerate(NAMES):
        part = slice(2 * number, 2 * number + 2)
        helpers.write_batch(folder / name, pixels[part], labels[part])


@pytest.mark.points(1, part="datasets")
def test_read_batch(stage, judge, rng, tmp_path):
    pixels, labels = helpers.draw_images(rng, 12)
    write_images(tmp_path, pixels, labels)
    X, y = stage.module("data.cifar10").read_batch(tmp_path / "data_batch_2")
    judge.close("pixels", X, want=lambda: pixels[2:4].reshape(2, 3, 32, 32))
    judge.close("labels", y, want=lambda: labels[2:4])
    judge.value("dtypes", [str(X.dtype), str(y.dtype)], want=lambda: ["uint8", "uint8"])


@pytest.mark.points(1.5, part="datasets")
@pytest.mark.parametrize("train", [True, False], ids=["training images", "test images"])
def test_cifar10_item(stage, judge, rng, tmp_path, train):
    pixels, labels = helpers.draw_images(rng, 12)
    write_images(tmp_path, pixels, labels)
    data = stage.data.CIFAR10Dataset(tmp_path, train=train)
    chosen = [0, 9] if train else [10, 11]
    items = [data[0], data[len(data) - 1]]
    judge.close("images", [x for x, _ in items], want=lambda: [*oracles.as_images(pixels[chosen])])
    judge.close("labels", [y for _, y in items], want=lambda: [*labels[chosen]])


@pytest.mark.points(1, part="datasets")
def test_cifar10_batch(stage, judge, rng, tmp_path):
    pixels, labels = helpers.draw_images(rng, 12)
    write_images(tmp_path, pixels, labels)
    chosen = rng.permutation(10)[:5]
    X, y = stage.data.CIFAR10Dataset(tmp_path, train=True).batch(chosen.copy())
    judge.close("images", X, want=lambda: oracles.as_images(pixels[chosen]))
    judge.close("labels", y, want=lambda: labels[chosen])
    judge.value("dtype of images", str(X.dtype), want=lambda: "float32")


@pytest.mark.points(1, part="datasets")
def test_random_crop(stage, judge, rng):
    images, seed = rng.random((6, 7, 5, 2)), int(rng.integers(2**31))
    transform = stage.data.RandomCropFlip(2, p=0, rng=np.random.default_rng(seed))
    given = images.copy()
    judge.close(
        "images",
        transform.batch(given),
        want=lambda: oracles.moved(images, np.random.default_rng(seed).random((6, 3)), 2, 0),
    )
    judge.close("given images afterwards", given, want=lambda: images)


@pytest.mark.points(1, part="datasets")
def test_dictionary(stage, judge, rng):
    words = helpers.draw_words(rng, 40) + helpers.draw_words(rng, 5)
    dictionary = stage.data.Dictionary()
    judge.value(
        "numbers", [dictionary.add_word(w) for w in words], want=lambda: oracles.numbered(words)
    )
    judge.value("words", dictionary.idx2word, want=lambda: list(dict.fromkeys(words)))


@pytest.mark.points(1, part="datasets")
def test_corpus(stage, judge, rng, tmp_path):
    lines = [helpers.draw_words(rng, count) for count in (4, 6, 3, 5)]
    (tmp_path / "train.txt").write_text("".join(f" {' '.join(line)} \n" for line in lines[:2]))
    (tmp_path / "test.txt").write_text("".join(f" {' '.join(line)} \n" for line in lines[2:]))
    corpus = stage.data.Corpus(tmp_path)
    numbers = [corpus.train, corpus.test]
    ends = [len(lines[0]) + len(lines[1]) + 2]
    everything = [word for line in lines for word in [*line, "<eos>"]]
    judge.value("training text", numbers[0], want=lambda: oracles.numbered(everything)[: ends[0]])
    judge.value("test text", numbers[1], want=lambda: oracles.numbered(everything)[ends[0] :])


@pytest.mark.points(1, part="datasets")
def test_batchify(stage, judge, rng):
    words, left = rng.integers(50, size=23), int(rng.integers(3))
    text = words[: 20 + left]
    columns = stage.data.batchify(text.tolist(), 4)
    judge.close(
        "columns", columns, want=lambda: np.stack([text[5 * b : 5 * b + 5] for b in range(4)], 1)
    )
    judge.value("dtype", str(columns.dtype), want=lambda: "int32")


@pytest.mark.points(1.5, part="datasets")
@pytest.mark.parametrize("length", [1, 3], ids=["one row", "three rows"])
def test_get_batch(stage, judge, rng, length):
    columns, i = rng.integers(50, size=(9, 4)), int(rng.integers(4))
    words, following = stage.data.get_batch(columns.copy(), i, length)
    judge.close("words", words, want=lambda: columns[i : i + length])
    judge.close("following", following, want=lambda: np.ravel(columns[i + 1 :][:length]))
