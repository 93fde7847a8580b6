"""Question `datasets`: images from CIFAR-10's files, and texts in columns."""

import pickle

import numpy as np
import pytest

NAMES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


def write_images(folder, pixels, labels):
    """Write two images into each of CIFAR-10's files."""
    for number, name in enumerate(NAMES):
        part = slice(2 * number, 2 * number + 2)
        fields = {b"data": pixels[part], b"labels": labels[part].tolist()}
        (folder / name).write_bytes(pickle.dumps(fields, protocol=4))


def as_images(pixels):
    return pixels.reshape(-1, 3, 32, 32).astype("float32") / np.float32(255)


def draw_images(rng, count=12):
    return rng.integers(256, size=(count, 3072)).astype("uint8"), rng.integers(10, size=count)


def draw_words(rng, count):
    return ["".join(rng.choice([*"abcde"], 3)) for _ in range(count)]


def numbered(words):
    order = list(dict.fromkeys(words))
    return [order.index(word) for word in words]


@pytest.mark.points(1, part="datasets")
def test_read_batch(stage, judge, rng, tmp_path):
    pixels, labels = draw_images(rng)
    write_images(tmp_path, pixels, labels)
    got = stage.module("data.cifar10").read_batch(tmp_path / "data_batch_2")
    judge.close(
        "pixels and labels", got, want=lambda: [pixels[2:4].reshape(2, 3, 32, 32), labels[2:4]]
    )


@pytest.mark.points(1.5, part="datasets")
@pytest.mark.parametrize("train", [True, False], ids=["training images", "test images"])
def test_cifar10_item(stage, judge, rng, tmp_path, train):
    pixels, labels = draw_images(rng)
    write_images(tmp_path, pixels, labels)
    data = stage.data.CIFAR10Dataset(tmp_path, train=train)
    chosen = [0, 9] if train else [10, 11]
    items = [data[0], data[len(data) - 1]]
    judge.close("images", [x for x, _ in items], want=lambda: [*as_images(pixels[chosen])])
    judge.close("labels", [y for _, y in items], want=lambda: [*labels[chosen]])


@pytest.mark.points(1, part="datasets")
def test_cifar10_batch(stage, judge, rng, tmp_path):
    pixels, labels = draw_images(rng)
    write_images(tmp_path, pixels, labels)
    chosen = rng.permutation(10)[:5]
    X, y = stage.data.CIFAR10Dataset(tmp_path, train=True).batch(chosen.copy())
    judge.close("images", X, want=lambda: as_images(pixels[chosen]))
    judge.close("labels", y, want=lambda: labels[chosen])


def moved(images, draws, padding):
    """Return each image cut out of itself with zeros around; none is mirrored."""
    edge = [(0, 0), (padding, padding), (padding, padding), (0, 0)]
    wide = np.pad(images, edge)
    height, width = images.shape[1:3]
    starts = np.floor(draws[:, :2] * (2 * padding + 1)).astype(int).tolist()
    return np.stack(
        [x[i : i + height, j : j + width] for x, (i, j) in zip(wide, starts, strict=True)]
    )


@pytest.mark.points(1, part="datasets")
def test_random_crop(stage, judge, rng):
    images, seed = rng.random((6, 7, 5, 2)), int(rng.integers(2**31))
    transform = stage.data.RandomCropFlip(2, p=0, rng=np.random.default_rng(seed))
    judge.close(
        "images",
        transform.batch(images.copy()),
        want=lambda: moved(images, np.random.default_rng(seed).random((6, 3)), 2),
    )


@pytest.mark.points(1, part="datasets")
def test_dictionary(stage, judge, rng):
    words = draw_words(rng, 40) + draw_words(rng, 5)
    dictionary = stage.data.Dictionary()
    judge.value("numbers", [dictionary.add_word(w) for w in words], want=lambda: numbered(words))
    judge.value("words", dictionary.idx2word, want=lambda: list(dict.fromkeys(words)))


@pytest.mark.points(1, part="datasets")
def test_corpus(stage, judge, rng, tmp_path):
    lines = [draw_words(rng, count) for count in (4, 6, 3, 5)]
    (tmp_path / "train.txt").write_text("".join(f" {' '.join(line)} \n" for line in lines[:2]))
    (tmp_path / "test.txt").write_text("".join(f" {' '.join(line)} \n" for line in lines[2:]))
    corpus = stage.data.Corpus(tmp_path)
    numbers = [corpus.train, corpus.test]
    ends = [len(lines[0]) + len(lines[1]) + 2]
    everything = [word for line in lines for word in [*line, "<eos>"]]
    judge.value("training text", numbers[0], want=lambda: numbered(everything)[: ends[0]])
    judge.value("test text", numbers[1], want=lambda: numbered(everything)[ends[0] :])


@pytest.mark.points(1, part="datasets")
def test_batchify(stage, judge, rng):
    words, left = rng.integers(50, size=23), int(rng.integers(3))
    text = words[: 20 + left]
    columns = stage.data.batchify(text.tolist(), 4)
    judge.close(
        "columns", columns, want=lambda: np.stack([text[5 * b : 5 * b + 5] for b in range(4)], 1)
    )


@pytest.mark.points(1.5, part="datasets")
@pytest.mark.parametrize("length", [1, 3], ids=["one row", "three rows"])
def test_get_batch(stage, judge, rng, length):
    columns, i = rng.integers(50, size=(9, 4)), int(rng.integers(4))
    words, following = stage.data.get_batch(columns.copy(), i, length)
    judge.close("words", words, want=lambda: columns[i : i + length])
    judge.close("following", following, want=lambda: np.ravel(columns[i + 1 :][:length]))
