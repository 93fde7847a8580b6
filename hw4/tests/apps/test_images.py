"""Images from files, and what a network says of them."""

import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

import needle_hw4 as ndl
from needle_hw4 import data, nn
from needle_hw4.apps import images


def saved(path, pixels, **options):
    """Write bytes (H, W, 3) or (H, W) as an image; return the path."""
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path, **options)
    return path


def random_pixels(*shape):
    return np.random.default_rng(0).integers(256, size=shape).astype(np.uint8)


# Files


def test_image_of_the_right_size_is_taken_as_it_is(tmp_path):
    pixels = random_pixels(32, 32, 3)
    image = images.read_image(saved(tmp_path / "a.png", pixels))
    assert (image.shape, image.dtype) == ((3, 32, 32), np.float32)
    assert image.flags.c_contiguous
    np.testing.assert_array_equal(image, pixels.transpose(2, 0, 1) / np.float32(255))


@pytest.mark.parametrize("factor", [1, 2, 5])
@pytest.mark.parametrize("wide", [True, False])
def test_middle_of_the_image_is_cut_out_and_scaled(tmp_path, factor, wide):
    colours = np.zeros((32, 64, 3))
    colours[:, :16], colours[:, 16:48], colours[:, 48:] = (255, 0, 0), (0, 102, 0), (0, 0, 255)
    pixels = np.kron(colours, np.ones((factor, factor, 1)))
    path = saved(tmp_path / "a.png", pixels if wide else pixels.transpose(1, 0, 2))
    image = images.read_image(path)
    middle = image[:, 8:24, 8:24]  # where scaling mixes in no border
    np.testing.assert_allclose(middle[1], 0.4, atol=1e-6)
    assert not middle[[0, 2]].any()


@pytest.mark.parametrize("kind", ["L", "P", "RGBA", "CMYK", "1"])
def test_every_kind_of_image_becomes_three_colours(tmp_path, kind):
    grey = np.full((32, 32, 3), 255, np.uint8)
    Image.fromarray(grey).convert(kind).save(tmp_path / "a.tiff")
    np.testing.assert_allclose(images.read_image(tmp_path / "a.tiff"), 1, atol=0.01)


def test_image_is_turned_as_the_camera_was(tmp_path):
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:16] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    image = images.read_image(saved(tmp_path / "a.png", pixels, exif=exif))
    assert image[:, 16:].all()
    assert not image[:, :16].any()


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        images.read_image(tmp_path / "none.png")


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_named(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises((OSError, ValueError), match=r"a\.png"):
        images.read_image(tmp_path / "a.png")


@pytest.mark.parametrize("cut", [20, 30, 60, 200, 1000])
def test_truncated_image_is_an_error(tmp_path, cut):
    content = saved(tmp_path / "a.png", random_pixels(40, 40, 3)).read_bytes()
    (tmp_path / "b.png").write_bytes(content[:cut])
    with pytest.raises((OSError, ValueError)):
        images.read_image(tmp_path / "b.png")


def test_image_that_says_it_is_huge_is_refused(tmp_path):
    def chunk(name, content):
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    for side in (12_000, 60_000):  # Pillow warns of the first, and refuses the second
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b""))
        with pytest.raises(ValueError, match=r"a\.png: .*exceeds limit"):
            images.read_image(tmp_path / "a.png")


def test_missing_pillow_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(ImportError, match=r"pip install needle-hw4\[images\]"):
        images.read_image("a.png")


# Networks


class Brightness(nn.Module):
    """Says that the class of an image is its brightness in tenths."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(np.float32(100.0))

    def forward(self, X):
        mean = ndl.ops.mean(X.reshape((len(X), -1)), axes=1).reshape((-1, 1))
        classes = ndl.Tensor((np.arange(10, dtype=np.float32) + 0.5) / 10, requires_grad=False)
        return -((mean - classes) ** 2) * self.scale


def test_probabilities_are_the_softmax_of_the_logits(here):
    model, shades = Brightness(), [0.05, 0.42, 0.9]
    found = images.probabilities(model, [np.full((3, 32, 32), s, np.float32) for s in shades])
    logits = -100 * (np.array(shades)[:, None] - (np.arange(10) + 0.5) / 10) ** 2
    weights = np.exp(logits)
    wanted = weights / weights.sum(1, keepdims=True)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    assert not model.training


def test_outcome_is_the_mean_cross_entropy_and_the_number_of_wrong_answers(here):
    X = np.stack([np.full((3, 32, 32), shade, np.float32) for shade in (0.05, 0.42, 0.9)])
    y = np.array([0, 4, 2], np.uint8)
    probs = images.probabilities(Brightness(), list(X)).astype(np.float64)
    outcome = images.classify(Brightness(), (ndl.Tensor(X), ndl.Tensor(y)))
    assert outcome.loss.item() == pytest.approx(-np.log(probs[range(3), y]).mean(), rel=1e-4)
    assert (outcome.examples, outcome.sums) == (3, {"error": 1})


@pytest.mark.parametrize("name", ["digits-on-photo", "cifar10"])
def test_only_images_for_training_are_changed(small_images, name):
    plain = data.CIFAR10Dataset(small_images, train=True)
    for augment in (True, False):
        training, test = images.load(name, small_images, augment=augment)
        assert (len(training), len(test)) == (40, 12)
        np.testing.assert_array_equal(
            test[:][0], data.CIFAR10Dataset(small_images, train=False)[:][0]
        )
        assert np.array_equal(training[:][0], plain[:][0]) is not augment


def test_digits_are_never_mirrored(small_images):
    training, _ = images.load("digits-on-photo", small_images, augment=True)
    (transform,) = training.transforms
    assert transform.p == 0
    training, _ = images.load("cifar10", small_images, augment=True)
    (transform,) = training.transforms
    assert (transform.padding, transform.p) == (4, 0.5)
