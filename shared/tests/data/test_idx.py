import gzip
import re

import numpy as np
import pytest

from needle_shared.data import write_idx

SHAPES = [(), (0,), (1,), (5,), (3, 0, 2), (1, 1), (4, 3, 2)]
DTYPES = ["uint8", "int8", "int16", "int32", "float32", "float64"]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["a.gz", "a"])
def test_an_independent_reader_gets_the_array_back(tmp_path, read_idx, shape, dtype, name):
    array = (np.random.default_rng(0).normal(size=shape) * 50).astype(dtype)
    write_idx(tmp_path / name, array)
    result = read_idx(tmp_path / name)
    assert result.dtype == np.dtype(dtype).newbyteorder(">")
    np.testing.assert_array_equal(result, array)


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[::2, ::-1],
        lambda a: a.T,
        np.asfortranarray,
        lambda a: a.astype(">i4"),
        lambda a: np.broadcast_to(a[0], (3, 4)),
    ],
    ids=["steps", "transpose", "fortran", "big-endian", "broadcast"],
)
def test_layout_in_memory_does_not_matter(tmp_path, read_idx, view):
    array = view(np.arange(20, dtype="int32").reshape(5, 4) * 1000)
    write_idx(str(tmp_path / "a.gz"), array)
    np.testing.assert_array_equal(read_idx(tmp_path / "a.gz"), array)


def test_the_header_is_that_of_mnist(tmp_path):
    write_idx(tmp_path / "images", np.zeros((2, 28, 28), np.uint8))
    expected = bytes.fromhex("00000803 00000002 0000001c 0000001c")
    assert (tmp_path / "images").read_bytes() == expected + bytes(2 * 28 * 28)


@pytest.mark.parametrize("dtype", ["uint16", "int64", "bool", "complex64", "float16", "S3"])
def test_a_type_without_code_is_refused_before_a_file_is_made(tmp_path, dtype):
    with pytest.raises(TypeError, match=re.escape(str(np.dtype(dtype)))):
        write_idx(tmp_path / "a.gz", np.zeros(3, dtype))
    assert list(tmp_path.iterdir()) == []


def test_the_compressed_file_carries_neither_time_nor_name(tmp_path, monkeypatch):
    array = np.arange(100, dtype=np.uint8)
    write_idx(tmp_path / "a.gz", array)
    monkeypatch.setattr(gzip.time, "time", lambda: 1e9)
    write_idx(tmp_path / "b.gz", array)
    first = (tmp_path / "a.gz").read_bytes()
    assert first == (tmp_path / "b.gz").read_bytes()
    assert first[3:8] == bytes(5), "no flags, modification time 0"
