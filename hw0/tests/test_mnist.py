import gzip
import struct
import tracemalloc

import numpy as np
import pytest

from needle_hw0 import parse_mnist


@pytest.fixture
def labels(write_idx):
    return write_idx("labels.gz", [7, 0], 2)


@pytest.mark.parametrize("shape", [(5, 3, 4), (1, 1, 1), (2, 28, 28), (3, 1, 7)])
def test_pixels_are_bytes_over_255_in_row_major_order(write_idx, rng, shape):
    pixels = rng.integers(256, size=shape).astype(np.uint8)
    numbers = rng.integers(256, size=shape[0]).astype(np.uint8)
    X, y = parse_mnist(
        write_idx("images.gz", pixels.tobytes(), *shape),
        write_idx("labels.gz", numbers.tobytes(), shape[0]),
    )
    assert X.dtype == np.float32
    assert y.dtype == np.uint8
    np.testing.assert_array_equal(X, (pixels.reshape(shape[0], -1) / 255.0).astype(np.float32))
    np.testing.assert_array_equal(y, numbers)


def test_scale_is_the_same_for_every_image(write_idx, labels):
    X, _ = parse_mnist(write_idx("images.gz", [0, 51, 0, 255], 2, 1, 2), labels)
    np.testing.assert_array_equal(X, np.float32([[0, 0.2], [0, 1]]))


def test_names_may_be_strings(write_idx, labels):
    X, y = parse_mnist(str(write_idx("images.gz", [1, 2], 2, 1, 1)), str(labels))
    assert (len(X), len(y)) == (2, 2)


def test_file_of_no_images_is_read(write_idx):
    X, y = parse_mnist(write_idx("images.gz", [], 0, 28, 28), write_idx("labels.gz", [], 0))
    assert (X.shape, y.shape) == ((0, 784), (0,))


def test_result_can_be_written_to(write_idx, labels):
    X, y = parse_mnist(write_idx("images.gz", [1, 2], 2, 1, 1), labels)
    X[0] = y[0] = 1
    assert X[0] == y[0] == 1


def test_more_than_one_piece_is_read(write_idx, rng):
    pixels = rng.integers(256, size=(3, 1024, 1024)).astype(np.uint8)
    X, _ = parse_mnist(
        write_idx("images.gz", pixels.tobytes(), *pixels.shape), write_idx("labels.gz", [1] * 3, 3)
    )
    np.testing.assert_array_equal(np.rint(X * 255), pixels.reshape(3, -1))


@pytest.mark.parametrize("part", ["images", "labels"])
def test_missing_file_is_reported_with_its_name(write_idx, labels, tmp_path, part):
    files = {"images": write_idx("images.gz", [1, 2], 2, 1, 1), "labels": labels}
    files[part] = tmp_path / "nowhere.gz"
    with pytest.raises(FileNotFoundError, match=r"nowhere\.gz"):
        parse_mnist(files["images"], files["labels"])


def test_file_that_is_not_gzip_is_reported_with_its_name(tmp_path, labels):
    plain = tmp_path / "plain.gz"
    plain.write_bytes(struct.pack(">4I", 0x803, 2, 1, 1) + bytes(2))
    with pytest.raises(ValueError, match=r"plain\.gz: not a whole gzip file"):
        parse_mnist(plain, labels)


@pytest.mark.parametrize("kept", [5, 12, 20, -1, -8, -9])
def test_truncated_gzip_is_reported_with_its_name(write_idx, labels, rng, kept):
    path = write_idx("images.gz", rng.integers(256, size=200).astype(np.uint8), 2, 10, 10)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"images\.gz: the gzip stream is cut off"):
        parse_mnist(path, labels)


def test_empty_file_is_reported_with_its_name(tmp_path, labels):
    path = tmp_path / "empty.gz"
    path.touch()
    with pytest.raises(ValueError, match=r"empty\.gz: the header has 16 bytes, the file 0"):
        parse_mnist(path, labels)


@pytest.mark.parametrize("at", [-8, 40])
def test_damaged_gzip_is_reported_with_its_name(write_idx, labels, rng, at):
    path = write_idx("images.gz", rng.integers(256, size=200).astype(np.uint8), 2, 10, 10)
    damaged = bytearray(path.read_bytes())
    damaged[at] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"images\.gz"):
        parse_mnist(path, labels)


def test_broken_deflate_data_is_reported_with_its_name(tmp_path, labels):
    path = tmp_path / "broken.gz"
    path.write_bytes(gzip.compress(b"")[:10] + b"\xff" * 20)
    with pytest.raises(ValueError, match=r"broken\.gz: the gzip stream is damaged"):
        parse_mnist(path, labels)


def test_wrong_magic_number_is_reported(write_idx, labels):
    with pytest.raises(ValueError, match="0x00000d03, for images it is 0x00000803"):
        parse_mnist(write_idx("images.gz", [1, 2], 2, 1, 1, magic=0xD03), labels)


def test_swapped_files_are_reported(write_idx, labels):
    with pytest.raises(ValueError, match="0x00000801, for images it is 0x00000803"):
        parse_mnist(write_idx("other.gz", range(20), 20), labels)


def test_header_that_is_too_short_is_reported(tmp_path, labels):
    path = tmp_path / "short.gz"
    path.write_bytes(gzip.compress(struct.pack(">2I", 0x803, 2)))
    with pytest.raises(ValueError, match=r"short\.gz: the header has 16 bytes, the file 8"):
        parse_mnist(path, labels)


@pytest.mark.parametrize(("body", "held"), [(3, "only 3"), (5, "more"), (9, "more"), (0, "only 0")])
def test_header_that_disagrees_with_the_data_is_reported(write_idx, labels, body, held):
    path = write_idx("images.gz", bytes(body), 2, 1, 2)
    rule = rf"images\.gz: the header says 2 images x 1 rows x 2 columns = 4 bytes.*{held}$"
    with pytest.raises(ValueError, match=rule):
        parse_mnist(path, labels)


def test_counts_that_disagree_are_reported_with_both_names(write_idx, labels):
    with pytest.raises(ValueError, match=r"images\.gz has 3 images and .*labels\.gz 2 labels"):
        parse_mnist(write_idx("images.gz", [1, 2, 3], 3, 1, 1), labels)


@pytest.mark.parametrize("shape", [(0, 2**32 - 1, 2**32 - 1), (0, 2**31, 2**30)])
def test_sizes_that_no_array_has_are_reported(write_idx, labels, shape):
    with pytest.raises(ValueError, match=r"images\.gz: the header says 0 images x .*: too large"):
        parse_mnist(write_idx("images.gz", [], *shape), labels)


@pytest.mark.parametrize("shape", [(2**32 - 1,) * 3, (2, 2**20, 2**20), (1, 1, 10)])
def test_memory_follows_the_data_and_not_the_header(write_idx, labels, shape):
    """A header that promises too much, and a file of few bytes that expands to 64 MiB."""
    body = bytes(64 << 20) if shape == (1, 1, 10) else bytes(10)
    path = write_idx("images.gz", body, *shape)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"images\.gz: the header says"):
            parse_mnist(path, labels)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_real_mnist_has_its_known_counts(mnist):
    (X, y), (X_test, y_test) = mnist
    assert (X.shape, X_test.shape) == ((60000, 784), (10000, 784))
    assert (X.min(), X.max(), y_test.max()) == (0, 1, 9)
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    np.testing.assert_array_equal(np.bincount(y), counts)
