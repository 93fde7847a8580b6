"""CIFAR-10's files as a data set."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

import needle_hw3 as nd
from needle_hw1 import Tensor
from needle_hw4 import data

PIXELS = np.zeros((2, 3072), dtype="uint8")
SLICES = [slice(None), slice(3, 8), slice(-4, None), slice(None, None, -3), slice(5, 5)]


def dataset(folder, transforms=None, train=True):
    return data.CIFAR10Dataset(folder, train, transforms=transforms)


@pytest.mark.parametrize("train", [True, False])
def test_items_are_images_in_0_to_1_and_labels(cifar, images, expected, train):
    part = slice(0, 15) if train else slice(15, 16)
    read = data.CIFAR10Dataset(str(cifar), train, 0.5, None)
    assert len(read) == len(expected[part])
    for i in range(len(read)):
        image, label = read[i]
        np.testing.assert_array_equal(image, expected[part][i])
        assert (image.shape, image.dtype) == ((3, 32, 32), np.float32)
        assert (label, label.dtype) == (images[1][part][i], np.uint8)
    np.testing.assert_array_equal(read[-1][0], read[len(read) - 1][0])


def test_pixels_are_planes_of_colours_with_rows_from_above(tmp_path, write_batch):
    row = np.zeros(3072, dtype="uint8")
    row[1 * 1024 + 2 * 32 + 3] = 255
    write_batch({b"data": row[np.newaxis], b"labels": [7]})
    (image, label) = dataset(tmp_path, train=False)[0]
    assert np.argwhere(image).tolist() == [[1, 2, 3]]
    assert image[1, 2, 3] == 1
    assert label == 7


def test_attributes_hold_all_images_and_labels(cifar, images, expected):
    read = dataset(cifar)
    np.testing.assert_array_equal(read.X, expected[:15])
    np.testing.assert_array_equal(read.y, images[1][:15])
    np.testing.assert_array_equal(read.pixels.reshape(15, 3072), images[0][:15])
    assert (read.X.dtype, read.y.dtype, read.pixels.dtype) == (np.float32, np.uint8, np.uint8)
    assert read.X is read.X
    with pytest.raises(ValueError, match="read-only"):
        read.X[0] = 0
    with pytest.raises(AttributeError):
        read.X = expected


@pytest.mark.parametrize("index", SLICES)
@pytest.mark.parametrize("one_by_one", [False, True])
def test_slice_gives_the_stack_of_its_items(cifar, global_generator, index, one_by_one):
    crop = [data.RandomFlipHorizontal(), data.RandomCrop(2)] if one_by_one else None
    read = dataset(cifar, crop)
    global_generator.seed(3)
    found, labels = read[index]
    global_generator.seed(3)
    items = [read[i] for i in range(15)[index]]
    assert found.shape == (len(items), 3, 32, 32)
    assert (found.dtype, labels.dtype) == (np.float32, np.uint8)
    for row, label, item in zip(found, labels, items, strict=True):
        np.testing.assert_array_equal(row, item[0])
        assert label == item[1]


def test_transforms_get_channels_last_and_items_have_them_first(cifar, expected):
    seen = []

    def mirror(image):
        seen.append((image.shape, image.dtype))
        return image[:, ::-1]

    read = dataset(cifar, [mirror])
    image, _ = read[4]
    assert seen == [((32, 32, 3), np.float32)]
    np.testing.assert_array_equal(image, expected[4][:, :, ::-1])
    assert image.flags.c_contiguous
    np.testing.assert_array_equal(read.batch([4, 2])[0], expected[[4, 2]][:, :, :, ::-1])
    flipped = dataset(cifar, [data.RandomFlipHorizontal(p=1)])
    np.testing.assert_array_equal(flipped[4][0], image)


def test_transform_may_change_the_size(cifar, expected):
    read = dataset(cifar, [lambda image: image[1:-1, :, :1]])
    np.testing.assert_array_equal(read[0][0], expected[0][:1, 1:-1])
    assert read.batch([0, 1])[0].shape == (2, 1, 30, 32)


def test_transform_that_returns_no_image_is_an_error(cifar):
    class Half(data.BatchTransform):
        def batch(self, images):
            return images[:, :, :, 0]

    for transform in (lambda image: image[:, :, 0], Half()):
        with pytest.raises(ValueError, match=r"\(H, W, C\), got \(32, 32\)"):
            dataset(cifar, [transform]).batch([0, 1])


def test_transform_in_place_does_not_change_the_data_set(cifar, expected):
    def spoil(image):
        image += 1
        return image

    read = dataset(cifar, [spoil])
    for _ in range(2):
        np.testing.assert_array_equal(read[0][0], 1 + expected[0])
        np.testing.assert_array_equal(read[0:1][0], 1 + expected[:1])


def test_items_and_batches_are_copies(cifar, expected):
    read = dataset(cifar)
    for image in (read[0][0], read[0:3][0], read.batch([0])[0]):
        image[...] = 2
    read.batch(np.array([0]))[1][...] = 9
    np.testing.assert_array_equal(read.X, expected[:15])
    assert read.y[0] == 0


@pytest.mark.parametrize("transforms", [None, [], [data.RandomCropFlip()]], ids=str)
def test_batch_reads_no_single_items(cifar, monkeypatch, transforms):
    read = dataset(cifar, transforms)
    monkeypatch.setattr(data.CIFAR10Dataset, "__getitem__", None)
    found, labels = read.batch(np.array([11, 2]))
    assert found.shape == (2, 3, 32, 32)
    np.testing.assert_array_equal(labels, [1, 2])
    assert read.batch([])[0].shape == (0, 3, 32, 32)


def test_loader_gives_tensors_on_a_device_of_hw3(cifar, expected):
    loader = data.DataLoader(dataset(cifar), batch_size=4, device=nd.cpu())
    batches = list(loader)
    assert [len(y) for _, y in batches] == [4, 4, 4, 3]
    for X, y in batches:
        assert isinstance(X, Tensor)
        assert isinstance(X.cached_data, nd.NDArray)
        assert isinstance(y.cached_data, nd.NDArray)
        assert (X.dtype, y.dtype) == ("float32", "uint8")
    np.testing.assert_array_equal(np.concatenate([X.numpy() for X, _ in batches]), expected[:15])


@pytest.mark.parametrize("index", [15, -16])
def test_index_outside_of_the_images_is_an_error(cifar, index):
    with pytest.raises(IndexError, match=f"{index} is out of bounds"):
        dataset(cifar)[index]


@pytest.mark.parametrize("index", [1.0, "1", None, [0, 1]])
def test_index_that_is_no_whole_number_is_an_error(cifar, index):
    with pytest.raises(TypeError):
        dataset(cifar)[index]


def test_missing_file_is_an_error_that_names_it(cifar):
    (cifar / "data_batch_3").unlink()
    with pytest.raises(FileNotFoundError, match="data_batch_3"):
        dataset(cifar)


BAD_FIELDS = {
    "no data": ({b"labels": [1, 2]}, "the field 'data' is missing; there are 'labels'"),
    "no labels": (
        {b"data": PIXELS, b"x": 1},
        "'labels' is missing; there are 'data', 'x'",
    ),
    "nothing": ({}, "'data' is missing; there are none"),
    "other size": ({b"data": PIXELS[:, 1:], b"labels": [1, 2]}, r"'data' .* this is \(2, 3071\)"),
    "one image": ({b"data": PIXELS[0], b"labels": [1]}, r"'data' .* this is \(3072,\)"),
    "data of text": ({b"data": b"\0" * 6144, b"labels": [1, 2]}, "'data' .* this is bytes"),
    "fewer labels": ({b"data": PIXELS, b"labels": [1]}, "'labels' .* 2 images, 1"),
    "no list": ({b"data": PIXELS, b"labels": b"12"}, "'labels' .* a bytes"),
    "label 10": ({b"data": PIXELS, b"labels": [9, 10]}, "'labels' .* 0 to 9, label 1 is 10"),
    "label -1": ({b"data": PIXELS, b"labels": [-1, 0]}, "'labels' .* label 0 is -1"),
    "text as label": ({b"data": PIXELS, b"labels": [b"1", 0]}, "'labels' .* label 0 is a bytes"),
    "true as label": ({b"data": PIXELS, b"labels": [0, True]}, "'labels' .* label 1 is a bool"),
}


@pytest.mark.parametrize("case", BAD_FIELDS)
def test_file_with_wrong_fields_is_an_error_that_names_file_and_field(write_batch, tmp_path, case):
    fields, message = BAD_FIELDS[case]
    write_batch(fields)
    with pytest.raises(ValueError, match=rf"test_batch: .*{message}"):
        dataset(tmp_path, train=False)


def test_file_without_images_is_an_empty_data_set(write_batch, tmp_path):
    write_batch({b"data": PIXELS[:0], b"labels": []})
    assert len(dataset(tmp_path, train=False)) == 0


def test_floating_point_pixels_are_refused(write_batch, tmp_path):
    write_batch({b"data": PIXELS.astype("float32"), b"labels": [1, 2]})
    with pytest.raises(ValueError, match=r"test_batch: .* array of bytes"):
        dataset(tmp_path, train=False)


def test_real_files_are_read_as_python_reads_them():
    folder = Path(os.environ.get("NEEDLE_DATA", ""), "cifar-10-batches-py")
    if not (folder / "test_batch").is_file():
        pytest.skip("there is no cifar-10-batches-py in NEEDLE_DATA")
    with (folder / "test_batch").open("rb") as file:
        fields = pickle.load(file, encoding="bytes")
    read = dataset(folder, train=False)
    np.testing.assert_array_equal(read.pixels.reshape(len(read), -1), fields[b"data"])
    np.testing.assert_array_equal(read.y, fields[b"labels"])
