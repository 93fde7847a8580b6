"""Crops and flips of whole batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_hw4 import data


class Draws:
    """A generator that gives the numbers it was made of."""

    def __init__(self, values):
        self.values = np.array(values, dtype=float)

    def random(self, shape):
        assert shape == self.values.shape
        return self.values


def with_draws(transform, values):
    transform.rng = Draws(values)
    return transform


def reference(image, padding, i, j, flip):
    """Crop and flip an image (H, W, C) by its definition, pixel by pixel."""
    height, width, _ = image.shape
    padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))
    rows, columns = np.arange(height) + padding + i, np.arange(width) + padding + j
    return padded[rows][:, columns[::-1] if flip else columns]


@given(
    st.integers(0, 4), st.integers(1, 5), st.integers(1, 6), st.integers(0, 4), st.integers(0, 99)
)
def test_every_image_is_the_crop_and_flip_that_its_draws_say(n, height, width, padding, seed):
    rng = np.random.default_rng(seed)
    images = rng.random((n, height, width, 3), dtype="float32")
    draws = rng.random((n, 3))
    found = with_draws(data.RandomCropFlip(padding, 0.4), draws).batch(images)
    assert (found.shape, found.dtype) == (images.shape, images.dtype)
    for image, result, (u, v, w) in zip(images, found, draws, strict=True):
        i, j = (int(np.floor(x * (2 * padding + 1))) - padding for x in (u, v))
        np.testing.assert_array_equal(result, reference(image, padding, i, j, w < 0.4))


def test_draws_are_spread_over_all_shifts_and_a_share_p_is_mirrored():
    image = np.zeros((9, 9, 1), dtype="float32")
    image[4, 3] = 1
    image[4, 4] = 2
    images = np.broadcast_to(image, (6000, 9, 9, 1))
    found = data.RandomCropFlip(1, 0.25, rng=np.random.default_rng(0)).batch(images)
    mirrored = 0
    counts = np.zeros((3, 3))
    for result in found[..., 0]:
        ((row, column),) = np.argwhere(result == 2)
        is_mirrored = result[row, column - 1] != 1
        mirrored += is_mirrored
        counts[row - 3, (8 - column if is_mirrored else column) - 3] += 1
    assert counts.sum() == 6000
    assert np.abs(counts / 6000 - 1 / 9).max() < 0.02
    assert abs(mirrored / 6000 - 0.25) < 0.02


def test_largest_draw_is_the_largest_shift():
    below_1 = np.nextafter(1, 0)
    images = np.ones((1, 6, 6, 1))
    for padding in (1, 2, 3, 4, 5):
        found = with_draws(data.RandomCropFlip(padding), [[below_1, 0, below_1]]).batch(images)
        np.testing.assert_array_equal(found[0], reference(images[0], padding, padding, -padding, 0))


def test_shift_by_the_whole_image_leaves_nothing():
    images = np.ones((2, 2, 2, 1))
    found = with_draws(data.RandomCropFlip(2), [[0, 0.5, 0], [0.5, 0.99, 0]]).batch(images)
    np.testing.assert_array_equal(found, np.zeros_like(images))


def test_images_are_left_as_they_are(rng):
    images = rng.random((5, 8, 8, 3))
    before = images.copy()
    data.RandomCropFlip(rng=rng).batch(images)
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("source", ["global", "own"])
def test_a_batch_draws_as_its_images_do_one_by_one(rng, global_generator, source):
    images = rng.random((6, 8, 8, 3))

    def make():
        if source == "own":
            return data.RandomCropFlip(2, rng=np.random.default_rng(5))
        global_generator.seed(5)
        return data.RandomCropFlip(2)

    together = make().batch(images)
    transform = make()
    np.testing.assert_array_equal(together, [transform(image) for image in images])
    assert len({image.tobytes() for image in together - images}) > 1


def test_loader_with_a_generator_gives_the_same_images_with_workers(cifar, global_generator):
    read = data.CIFAR10Dataset(cifar, True, transforms=[data.RandomCropFlip()])
    passes = []
    for workers in (0, 3):
        rng = np.random.default_rng(1)
        loader = data.DataLoader(read, 4, shuffle=True, rng=rng, num_workers=workers)
        global_generator.seed(workers)
        passes.append(np.concatenate([X.numpy() for X, _ in loader]))
    np.testing.assert_array_equal(*passes)


def test_several_batch_transforms_follow_each_other(cifar, expected):
    class Double(data.BatchTransform):
        def batch(self, images):
            return images * 2

    flip = data.RandomCropFlip(0, 1.0)
    read = data.CIFAR10Dataset(cifar, True, transforms=[Double(), flip])
    np.testing.assert_array_equal(read.batch([3, 1])[0], 2 * expected[[3, 1]][..., ::-1])
    mixed = data.CIFAR10Dataset(cifar, True, transforms=[lambda x: x * 2, flip])
    np.testing.assert_array_equal(mixed.batch([3, 1])[0], read.batch([3, 1])[0])


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_probability_outside_of_0_to_1_is_an_error(p):
    with pytest.raises(ValueError, match=r"p lies in \[0, 1\]"):
        data.RandomCropFlip(p=p)


def test_wrong_arguments_are_errors():
    with pytest.raises(ValueError, match="padding is at least 0, got -1"):
        data.RandomCropFlip(-1)
    with pytest.raises(TypeError, match=r"padding is a whole number, got 1\.5"):
        data.RandomCropFlip(1.5)
    with pytest.raises(TypeError, match="rng"):
        data.RandomCropFlip(rng=3)
    with pytest.raises(ValueError, match=r"\(H, W, C\), got \(4, 4\)"):
        data.RandomCropFlip()(np.zeros((4, 4)))
    with pytest.raises(NotImplementedError, match=r"BatchTransform\.batch"):
        data.BatchTransform()(np.zeros((4, 4, 3)))
