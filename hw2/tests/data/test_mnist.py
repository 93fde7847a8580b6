"""MNIST's files as a data set."""

import gzip

import numpy as np
import pytest

from needle_hw2 import data

SLICES = [
    slice(None),
    slice(3, 8),
    slice(-4, None),
    slice(None, None, -3),
    slice(10, 99),
    slice(2, 3),
    slice(5, 5),
]


def test_items_are_flat_images_in_0_to_1_and_labels(mnist, pixels):
    dataset = mnist()
    assert len(dataset) == 12
    for i in (0, 5, 11, -1, np.int64(3)):
        image, label = dataset[i]
        np.testing.assert_array_equal(image, (pixels[i] / np.float32(255)).reshape(36))
        assert image.dtype == np.float32
        assert label == i % 12 % 10
        assert label.dtype == np.uint8


@pytest.mark.parametrize("index", SLICES)
def test_slice_gives_the_stack_of_its_items(mnist, index):
    dataset = mnist()
    images, labels = dataset[index]
    chosen = range(12)[index]
    assert images.shape == (len(chosen), 36)
    assert (images.dtype, labels.dtype) == (np.float32, np.uint8)
    for row, label, i in zip(images, labels, chosen, strict=True):
        np.testing.assert_array_equal(row, dataset[i][0])
        assert label == dataset[i][1]


@pytest.mark.parametrize("index", SLICES)
def test_slice_with_transforms_draws_as_its_items_do(mnist, global_generator, index):
    dataset = mnist([data.RandomFlipHorizontal(), data.RandomCrop(2)])
    global_generator.seed(3)
    images, labels = dataset[index]
    global_generator.seed(3)
    items = [dataset[i] for i in range(12)[index]]
    assert images.shape == (len(items), 36)
    for row, label, item in zip(images, labels, items, strict=True):
        np.testing.assert_array_equal(row, item[0])
        assert label == item[1]


def test_transforms_get_height_width_and_one_channel(mnist, pixels):
    seen = []

    def turn(image):
        seen.append((image.shape, image.dtype))
        return image.transpose(1, 0, 2)

    image, _ = mnist([turn])[4]
    assert seen == [((6, 6, 1), np.float32)]
    np.testing.assert_array_equal(image, (pixels[4].T / np.float32(255)).reshape(36))


def test_transform_may_change_the_size(mnist):
    dataset = mnist([lambda image: image[1:-1, 1:-1]])
    assert dataset[0][0].shape == (16,)
    assert dataset.batch([0, 1, 2])[0].shape == (3, 16)


def test_transform_in_place_does_not_change_the_data_set(mnist, pixels):
    def spoil(image):
        image += 1
        return image

    dataset = mnist([spoil])
    for _ in range(2):
        np.testing.assert_allclose(dataset[0][0], 1 + pixels[0].reshape(36) / 255, rtol=1e-6)
    np.testing.assert_allclose(dataset[0:1][0], dataset[0][0][None])


def test_items_and_slices_are_copies(mnist):
    dataset = mnist()
    before = dataset.images.copy()
    for image in (dataset[0][0], dataset[0:3][0], dataset.batch([0])[0]):
        image[...] = 2
    np.testing.assert_array_equal(dataset.images, before)


def test_batch_without_transforms_reads_no_single_items(mnist, monkeypatch):
    dataset = mnist()
    monkeypatch.setattr(data.MNISTDataset, "__getitem__", None)
    images, labels = dataset.batch(np.array([11, 2]))
    np.testing.assert_array_equal(images, dataset.images[[11, 2]])
    np.testing.assert_array_equal(labels, [1, 2])


@pytest.mark.parametrize("side", [0, 1, 28])
def test_square_images_of_any_size_are_read(write_mnist, side):
    files = write_mnist(np.full((2, side, side), 51, dtype="uint8"), np.zeros(2, dtype="uint8"))
    dataset = data.MNISTDataset(*files, [lambda image: image * 2])
    assert dataset.image_shape == (side, side, 1)
    np.testing.assert_allclose(dataset[1][0], np.full(side * side, 0.4), rtol=1e-6)


def test_images_that_are_not_square_are_refused(write_mnist):
    files = write_mnist(np.zeros((2, 3, 5), dtype="uint8"), np.zeros(2, dtype="uint8"))
    with pytest.raises(ValueError, match=r"images\.gz: images are square, these have 15 pixels"):
        data.MNISTDataset(*files)


def test_truncated_file_gives_the_error_of_the_reader(write_mnist, pixels):
    files = write_mnist(pixels, np.zeros(12, dtype="uint8"))
    files[0].write_bytes(files[0].read_bytes()[:-30])
    with pytest.raises(ValueError, match=r"images\.gz: the gzip stream is cut off"):
        data.MNISTDataset(*files)
    with gzip.open(files[0], "wb") as file:
        file.write(b"\0\0\x08\x03\0\0\0\x0c\0\0\0\x06\0\0\0\x06" + pixels.tobytes()[:-1])
    with pytest.raises(ValueError, match=r"= 432 bytes, the file holds only 431"):
        data.MNISTDataset(*files)


def test_different_counts_and_a_missing_file_give_the_errors_of_the_reader(write_mnist, pixels):
    files = write_mnist(pixels, np.zeros(11, dtype="uint8"))
    with pytest.raises(ValueError, match=r"12 images and .* 11 labels"):
        data.MNISTDataset(*files)
    files[1].unlink()
    with pytest.raises(FileNotFoundError):
        data.MNISTDataset(*files)


@pytest.mark.parametrize("index", [12, -13])
def test_index_outside_of_the_images_is_an_error(mnist, index):
    with pytest.raises(IndexError, match=f"{index} is out of bounds"):
        mnist()[index]


@pytest.mark.parametrize("index", [1.0, "1", None, [0, 1], np.array([0, 1])])
def test_index_that_is_no_whole_number_is_an_error(mnist, index):
    with pytest.raises(TypeError):
        mnist()[index]
