"""Text in columns, and batches of its rows."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import needle_hw1 as ndl
import needle_hw3 as nd
from needle_hw4 import data

texts = st.lists(st.integers(0, 10_000), min_size=1, max_size=60)


@given(texts, st.integers(1, 12))
def test_columns_are_consecutive_parts_of_the_text(text, batch_size):
    n = len(text) // batch_size
    assume(n > 0)
    columns = data.batchify(text, batch_size)
    assert columns.shape == (n, batch_size)
    for b in range(batch_size):
        assert columns[:, b].tolist() == text[b * n : (b + 1) * n]
    course = np.array(text[: n * batch_size], dtype="float32").reshape(batch_size, n).T
    found = data.batchify(text, batch_size, ndl.cpu(), "float32")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, course)


@given(texts, st.integers(1, 4), st.integers(1, 12), st.data())
def test_every_word_is_paired_with_the_one_that_follows(text, batch_size, bptt, draw):
    assume(len(text) >= 2 * batch_size)
    columns = data.batchify(text, batch_size)
    i = draw.draw(st.integers(0, len(columns) - 2))
    words, following = data.get_batch(columns, i, bptt)
    count = min(bptt, len(columns) - 1 - i)
    assert words.shape == (count, batch_size)
    assert following.shape == (count * batch_size,)
    n = len(text) // batch_size
    for t in range(count):
        for b in range(batch_size):
            assert words.numpy()[t, b] == text[b * n + i + t]
            assert following.numpy()[t * batch_size + b] == text[b * n + i + t + 1]


@pytest.mark.parametrize("bptt", [1, 3, 4, 100])
def test_batches_cover_every_pair_once(bptt):
    columns = data.batchify(range(22), 2)
    pairs = []
    for i in range(0, len(columns) - 1, bptt):
        words, following = data.get_batch(columns, i, bptt)
        pairs += zip(words.numpy().ravel().tolist(), following.numpy().tolist(), strict=True)
    assert sorted(pairs) == [(n, n + 1) for n in range(21) if n != 10]


@pytest.mark.parametrize("make", [ndl.cpu, nd.cpu, nd.cpu_numpy], ids=["numpy", "cpu", "cpu_numpy"])
@pytest.mark.parametrize(
    ("stored", "wanted", "expected"),
    [
        (None, None, "int32"),
        (None, "float32", "float32"),
        ("float32", None, "float32"),
        ("int64", None, "int64"),
        ("float32", np.int64, "int64"),
        ("uint8", None, "uint8"),
    ],
)
def test_tensors_have_the_dtype_and_the_device_asked_for(make, stored, wanted, expected):
    columns = data.batchify(range(12), 3, make(), stored)
    assert isinstance(columns, np.ndarray)
    assert columns.dtype == (stored or "int32")
    for x in data.get_batch(columns, 1, 2, device=make(), dtype=wanted):
        assert isinstance(x, ndl.Tensor)
        assert x.dtype == expected
        assert x.device == make()
        assert not x.requires_grad
    words, following = data.get_batch(columns, 1, 2, make(), wanted)
    np.testing.assert_array_equal(words.numpy(), [[1, 5, 9], [2, 6, 10]])
    np.testing.assert_array_equal(following.numpy(), [2, 6, 10, 3, 7, 11])


def test_without_a_device_tensors_are_on_the_default_one():
    columns = data.batchify(range(4), 1)
    assert data.get_batch(columns, 0, 2)[0].device == ndl.default_device()
    with ndl.use_device(nd.cpu()):
        assert data.get_batch(columns, 0, 2)[0].device == nd.cpu()


@pytest.mark.parametrize("make", [ndl.cpu, nd.cpu], ids=["numpy", "cpu"])
def test_tensors_share_no_memory_with_the_columns(make):
    columns = data.batchify(range(8), 2)
    pair = data.get_batch(columns, 0, 2, make())
    before = [x.numpy() for x in pair]
    columns[...] = 99
    for x, values in zip(pair, before, strict=True):
        np.testing.assert_array_equal(x.numpy(), values)


@pytest.mark.parametrize("layout", ["C", "F", "reversed"])
def test_columns_may_be_laid_out_in_any_way(layout):
    columns = np.arange(12).reshape(4, 3)
    given = {"C": columns, "F": np.asfortranarray(columns), "reversed": columns[::-1, ::-1]}[layout]
    words, following = data.get_batch(given, 1, 2)
    np.testing.assert_array_equal(words.numpy(), given[1:3])
    np.testing.assert_array_equal(following.numpy(), given[2:4].ravel())


@pytest.mark.parametrize(
    ("text", "batch_size", "dtype", "message"),
    [
        ([1, 2, 3], 4, None, "3 words are not enough for batch_size 4"),
        ([], 1, None, "0 words are not enough"),
        ([[1, 2], [3, 4]], 1, None, r"array of shape \(2, 2\)"),
        ([1, 2], 0, None, "batch_size is at least 1, got 0"),
        ([0, -1], 1, None, "-1 is no number of a word that int32"),
        ([0, -1], 1, "int64", "-1 is no number of a word that int64"),
        ([0, 2**24 + 1], 1, "float32", "16777217 is no number of a word that float32"),
        ([0, 2**31], 1, None, "2147483648 is no number of a word that int32"),
        ([0, 300], 1, "uint8", "300 is no number of a word that uint8"),
    ],
)
def test_texts_that_cannot_be_columns_are_refused(text, batch_size, dtype, message):
    with pytest.raises(ValueError, match=message):
        data.batchify(text, batch_size, None, dtype)


def test_numbers_that_are_not_whole_are_refused():
    with pytest.raises(TypeError, match=r"whole numbers, got 0\.5"):
        data.batchify([1, 0.5], 1)
    with pytest.raises(TypeError, match=r"batch_size is a whole number, got 2\.0"):
        data.batchify([1, 2], 2.0)
    with pytest.raises(TypeError, match="bptt is a whole number"):
        data.get_batch(np.zeros((3, 2)), 0, 1.5)


@pytest.mark.parametrize("i", [-1, 2, 3])
def test_row_without_a_row_after_it_is_an_error(i):
    with pytest.raises(IndexError, match=f"row {i} .* of 3 rows have starts 0 to 1"):
        data.get_batch(np.zeros((3, 2)), i, 1)


def test_wrong_batches_are_refused():
    with pytest.raises(ValueError, match=r"got \(3,\)"):
        data.get_batch(np.zeros(3), 0, 1)
    with pytest.raises(ValueError, match="bptt is at least 1, got 0"):
        data.get_batch(np.zeros((3, 2)), 0, 0)
    with pytest.raises(ValueError, match="300 is no number of a word that uint8"):
        data.get_batch(np.full((3, 2), 300), 0, 1, dtype="uint8")
    for dtype in ("int32", "int64"):
        with pytest.raises(ValueError, match=f"-1 is no number of a word that {dtype}"):
            data.get_batch(np.full((3, 2), -1, dtype="int64"), 0, 1, dtype=dtype)
