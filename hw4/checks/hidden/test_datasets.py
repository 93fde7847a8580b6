"""Question `datasets`, hidden: transforms, mirrored images, ends of texts."""

import numpy as np
import pytest

from needle_shared.grading.inside.beside import helpers_of
from needle_shared.grading.local import oracles_of

helpers = helpers_of(__file__)
oracles = oracles_of(__file__)


@pytest.mark.points(0.5, part="datasets", hidden=True)
def test_cifar10_slice(stage, judge, rng, tmp_path):
    pixels, labels = helpers.draw_images(rng, 6)
    helpers.write_batch(tmp_path / "test_batch", pixels, labels)
    helpers.write_batch(tmp_path / "short", pixels, labels[:1])
    read = stage.module("data.cifar10").read_batch
    judge.raises("too few labels", ValueError, lambda: read(tmp_path / "short"))
    X, y = stage.data.CIFAR10Dataset(tmp_path, train=False)[4:1:-1]
    judge.close("images", X, want=lambda: oracles.as_images(pixels[4:1:-1]))
    judge.close("labels", y, want=lambda: labels[4:1:-1])


@pytest.mark.points(1, part="datasets", hidden=True)
@pytest.mark.parametrize("whole", [True, False], ids=["of an item", "of a batch"])
def test_transform_sees_channels_last(stage, judge, rng, tmp_path, whole):
    pixels, labels = helpers.draw_images(rng, 4)
    helpers.write_batch(tmp_path / "test_batch", pixels, labels)
    weights = rng.random((32, 1, 3), "float32")
    transforms = [lambda image: image[::-1] * weights, lambda image: image[:, 4:]]
    data = stage.data.CIFAR10Dataset(tmp_path, train=False, transforms=transforms)
    got = data[1][0] if whole else data.batch(np.array([1, 3]))[0]
    judge.close(
        "images",
        got,
        want=lambda: (oracles.as_images(pixels)[:, :, ::-1] * weights.transpose(2, 0, 1))[..., 4:][
            1 if whole else [1, 3]
        ],
    )


@pytest.mark.points(0.5, part="datasets", hidden=True)
def test_transform_of_batches(stage, judge, rng, tmp_path):
    pixels, labels = helpers.draw_images(rng, 4)
    helpers.write_batch(tmp_path / "test_batch", pixels, labels)
    weights = rng.random((3, 32, 1, 3), "float32")

    class Weigh(stage.data.BatchTransform):
        def batch(self, images):
            return images * weights  # other weights for each image of a batch of three

    data = stage.data.CIFAR10Dataset(tmp_path, train=False, transforms=[Weigh()])
    X, _ = data.batch(np.array([2, 0, 3]))
    judge.close(
        "images",
        X,
        want=lambda: oracles.as_images(pixels)[[2, 0, 3]] * weights.transpose(0, 3, 1, 2),
    )


@pytest.mark.points(1, part="datasets", hidden=True)
@pytest.mark.parametrize(("padding", "p"), [(0, 0.6), (6, 0.4)], ids=["mirrored", "moved far"])
def test_random_crop_flip(stage, judge, rng, padding, p):
    images, seed = rng.random((40, 3, 4, 2)), int(rng.integers(2**31))
    transform = stage.data.RandomCropFlip(padding, p=p, rng=np.random.default_rng(seed))
    judge.close(
        "images",
        transform.batch(images.copy()),
        want=lambda: oracles.moved(images, np.random.default_rng(seed).random((40, 3)), padding, p),
    )


@pytest.mark.points(0.5, part="datasets", hidden=True)
def test_corpus_lines(stage, judge, rng, tmp_path):
    lines = [helpers.draw_words(rng, count) for count in (3, 0, 5, 4)]
    text = "\n".join("\t".join(line) for line in lines)
    (tmp_path / "train.txt").write_text(text + "\n")
    (tmp_path / "test.txt").write_text(text)  # without an end of the last line
    corpus = stage.data.Corpus(tmp_path, max_lines=3)
    read = [word for line in lines[:3] for word in [*line, "<eos>"]]
    judge.value("training text", corpus.train, want=lambda: oracles.numbered(read))
    judge.value("number of words", len(corpus.dictionary), want=lambda: len(set(read)))
    everything = [word for line in lines for word in [*line, "<eos>"]]
    numbers = corpus.tokenize(tmp_path / "test.txt")
    judge.value("all lines", numbers, want=lambda: oracles.numbered(read + everything)[len(read) :])


@pytest.mark.points(0.5, part="datasets", hidden=True)
def test_batchify_dtype(stage, judge, rng):
    words = rng.integers(50, size=11)
    judge.raises("too few words", ValueError, lambda: stage.data.batchify(words[:2], 3))
    columns = stage.data.batchify(words, 3, None, "float32")
    judge.close("columns", columns, want=lambda: words[:9].reshape(3, 3).T.astype("float32"))
    judge.value("dtype", str(columns.dtype), want=lambda: "float32")


@pytest.mark.points(1, part="datasets", hidden=True)
def test_get_batch_at_the_end(stage, judge, rng):
    columns, rest = rng.integers(50, size=(11, 3)), int(rng.integers(2, 4))
    got = stage.data.get_batch(columns.copy(), 10 - rest, 5)
    judge.close("words that are left", got[0], want=lambda: columns[10 - rest : 10])
    judge.close("those that follow", got[1], want=lambda: np.ravel(columns[11 - rest :]))
    text = columns.copy()
    got = stage.data.get_batch(text, 5, 5, None, "float32")
    text += 1  # the tensors have memory of their own
    judge.close("just enough words", got[0], want=lambda: columns[5:10] * 1.0)
    judge.close("and those that follow", got[1], want=lambda: np.ravel(columns[6:11]) * 1.0)
    judge.raises("no row after it", IndexError, lambda: stage.data.get_batch(columns, 10, 2))
