"""Question `parse`, hidden: unusual sizes, and files that are not what they should be."""

import gzip
import struct

import numpy as np
import pytest


def write(path, magic, shape, body):
    """Write a compressed IDX file; return its path."""
    header = struct.pack(f">{1 + len(shape)}I", magic, *shape)
    path.write_bytes(gzip.compress(header + body))
    return path


def files(folder, pixels, labels):
    """Write a file of images, of shape (count, rows, columns), and one of labels."""
    return (
        write(folder / "images.gz", 0x803, pixels.shape, pixels.tobytes()),
        write(folder / "labels.gz", 0x801, labels.shape, labels.tobytes()),
    )


def scaled(pixels):
    return (pixels.reshape(len(pixels), -1) / 255.0).astype(np.float32)


@pytest.mark.points(2, part="parse", hidden=True)
@pytest.mark.parametrize("shape", [(1, 5, 7), (9, 1, 1)], ids=["one image", "one pixel"])
def test_unusual_sizes(stage, judge, rng, tmp_path, shape):
    pixels = rng.integers(1, 255, size=shape, dtype=np.uint8)
    labels = rng.integers(1, 10, size=shape[0], dtype=np.uint8)
    images, numbers = files(tmp_path, pixels, labels)
    X, y = stage.parse_mnist(str(images), str(numbers))
    judge.close("images", X, want=lambda: scaled(pixels))
    judge.close("labels", y, want=lambda: labels)


@pytest.mark.points(2, part="parse", hidden=True)
@pytest.mark.parametrize("fault", ["other format", "cut off", "too long"])
def test_wrong_file(stage, judge, rng, tmp_path, fault):
    pixels = rng.integers(256, size=(5, 4, 3), dtype=np.uint8)
    labels = rng.integers(10, size=5, dtype=np.uint8)
    images, numbers = files(tmp_path, pixels, labels)
    X, _ = stage.parse_mnist(images, numbers)
    judge.close("images", X, want=lambda: scaled(pixels))
    magic = 0x801 if fault == "other format" else 0x803
    body = {"cut off": pixels.tobytes()[:-1], "too long": pixels.tobytes() + b"7"}
    path = write(tmp_path / "bad.gz", magic, pixels.shape, body.get(fault, pixels.tobytes()))
    judge.raises("images", ValueError, lambda: stage.parse_mnist(path, numbers))
    path = write(tmp_path / "bad.gz", magic ^ 2, (6 if fault == "cut off" else 4,), b"12345")
    judge.raises("labels", ValueError, lambda: stage.parse_mnist(images, path))


@pytest.mark.points(2, part="parse", hidden=True)
def test_files_that_do_not_belong_together(stage, judge, rng, tmp_path):
    pixels = rng.integers(256, size=(4, 3, 2), dtype=np.uint8)
    labels = rng.integers(10, size=4, dtype=np.uint8)
    images, numbers = files(tmp_path, pixels, labels)
    X, _ = stage.parse_mnist(images, numbers)
    judge.close("images", X, want=lambda: scaled(pixels))
    more = write(tmp_path / "more.gz", 0x801, (5,), labels.tobytes() + b"1")
    judge.raises("counts differ", ValueError, lambda: stage.parse_mnist(images, more))
    judge.raises("exchanged", ValueError, lambda: stage.parse_mnist(numbers, images))
    missing = tmp_path / "missing.gz"
    judge.raises("missing", FileNotFoundError, lambda: stage.parse_mnist(missing, numbers))


@pytest.mark.points(1, part="parse", hidden=True)
def test_damaged_gzip(stage, judge, rng, tmp_path):
    pixels = rng.integers(256, size=(40, 7, 5), dtype=np.uint8)
    labels = rng.integers(10, size=40, dtype=np.uint8)
    images, numbers = files(tmp_path, pixels, labels)
    X, _ = stage.parse_mnist(images, numbers)
    judge.close("images", X, want=lambda: scaled(pixels))
    whole = images.read_bytes()
    images.write_bytes(whole[:-200])
    judge.raises("cut off", ValueError, lambda: stage.parse_mnist(images, numbers))
    images.write_bytes(pixels.tobytes())
    judge.raises("not compressed", ValueError, lambda: stage.parse_mnist(images, numbers))
