"""Reading pickles without calling anything that is in them."""

import gzip
import os
import pickle
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_hw4.data.pickled import read_fields

PIXELS = np.arange(2 * 12, dtype=np.uint8).reshape(2, 12)
FIELDS = {
    b"data": PIXELS,
    b"labels": [0, 9, 255, 256, 70000, -1],
    b"filenames": [b"", b"a.png", b"b" * 300],
    "text": ["", "\N{GREEK SMALL LETTER ALPHA}", "x" * 300],
    b"others": [None, True, False, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {}, {b"k": [1]}],
}


def text(key):
    return key.decode() if isinstance(key, bytes) else key


def assert_same(found, fields):
    assert list(found) == [text(key) for key in fields]
    for key, value in fields.items():
        if isinstance(value, np.ndarray):
            assert found[text(key)].dtype == value.dtype
            np.testing.assert_array_equal(found[text(key)], value)
        else:
            assert found[text(key)] == value
            assert list(map(type, found[text(key)])) == list(map(type, value))


def string(value):
    """Return the instruction by which Python 2 pushed a string."""
    if len(value) < 256:
        return b"U" + bytes([len(value)]) + value
    return b"T" + struct.pack("<i", len(value)) + value


def python2_batch(pixels, labels):
    """Return a batch as Python 2's pickle wrote it: protocol 2, 8-bit strings, NumPy 1's names."""
    shape = b"".join(b"M" + struct.pack("<H", size) for size in pixels.shape) + b"\x86"
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x05cnumpy\nndarray\nq\x06"
        b"K\x00\x85U\x01b\x87Rq\x07(K\x01" + shape
        + b"cnumpy\ndtype\nq\x08U\x02u1K\x00K\x01\x87Rq\x09(K\x03U\x01|NNN"
        + b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89" + string(pixels.tobytes()) + b"tb"
    )  # fmt: skip
    numbers = b"".join(b"K" + bytes([label]) for label in labels)
    return (
        b"\x80\x02}q\x01(" + string(b"batch_label") + b"q\x02" + string(b"training batch 1 of 5")
        + b"q\x03" + string(b"labels") + b"]q\x04(" + numbers + b"e"
        + string(b"data") + array
        + string(b"filenames") + b"]r\x00\x01\x00\x00" + string(b"one.png") + b"a"
        + string(b"again") + b"j\x00\x01\x00\x00" + string(b"twice") + b"h\x02u."
    )  # fmt: skip


@pytest.fixture
def read(tmp_path):
    """Return a function that reads `content` from a file."""

    def read_content(content):
        path = tmp_path / "some_batch"
        path.write_bytes(content)
        return read_fields(path)

    return read_content


@pytest.mark.parametrize("protocol", [3, 4])
def test_what_python_3_writes_is_read(read, protocol):
    assert_same(read(pickle.dumps(FIELDS, protocol)), FIELDS)


def test_what_python_2_wrote_is_read_as_python_reads_it(read):
    content = python2_batch(PIXELS.repeat(30, axis=0), list(range(60)))
    fields = read(content)
    assert_same(fields, pickle.loads(content, encoding="bytes"))
    assert fields["again"] is fields["filenames"]
    assert fields["twice"] == b"batch_label"


@pytest.mark.parametrize("shape", [(), (0,), (5,), (3, 0), (2, 3), (2, 3, 4)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_any_shape_and_order_are_read(read, rng, shape, order):
    array = np.asarray(rng.integers(256, size=shape), dtype=np.uint8, order=order)
    assert_same(read(pickle.dumps({"a": array, "b": array}, 4)), {"a": array, "b": array})


def test_arrays_are_read_only(read):
    with pytest.raises(ValueError, match="read-only"):
        read(pickle.dumps(FIELDS, 4))["data"][...] = 0


class Call:
    """An object whose pickle says: call `function` with `arguments`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("function", [os.system, eval], ids=["os.system", "eval"])
def test_no_function_is_called(read, tmp_path, protocol, function):
    made = tmp_path / "made"
    command = f"touch {made}" if function is os.system else f"open({str(made)!r}, 'w').close()"
    for fields in ({b"data": Call(function, command)}, Call(function, command)):
        with pytest.raises(ValueError, match="some_batch: "):
            read(pickle.dumps(fields, protocol))
    assert not made.exists()
    pickle.loads(pickle.dumps(Call(function, command), protocol))
    assert made.exists(), "with Python's own machine it is called"


NUMPY = b"cnumpy._core.multiarray\n_reconstruct\n"
ARRAY = NUMPY + b"cnumpy\nndarray\nK\x00\x85C\x01b\x87R"
BYTE = b"cnumpy\ndtype\nC\x02u1\x89\x88\x87R"
SIZE = b"J\xff\xff\xff\x7f"
REFUSED = {
    "name of a function": (b"cos\nsystem\n", r"'os system'; what is neither data nor NumPy's"),
    "name on the stack": (b"\x8c\x02os\x8c\x06system\x93", "'os system'"),
    "name that is no text": (b"K\x01K\x02\x93", "'no text'"),
    "name without end": (b"cnumpy", "a name has no end"),
    "other function of NumPy": (b"cnumpy\nload\n", "'numpy load'"),
    "instance": (b"(ios\nsystem\n", "has b'i'"),
    "object": (b"(cos\nsystem\no", "'os system'"),
    "new object": (b"cnumpy\nndarray\nK\x01\x85\x81", r"has b'\\x81'"),
    "array type called": (b"cnumpy\nndarray\n" + 3 * SIZE + b"\x87R", "something else"),
    "array of another type": (NUMPY + b"cnumpy\ndtype\nK\x00\x85C\x01b\x87R", "something else"),
    "array of floats": (b"cnumpy\ndtype\nC\x02f8\x89\x88\x87R", "something else than an array of"),
    "array of objects": (b"cnumpy\ndtype\nC\x02O8\x89\x88\x87R", "something else"),
    "number called": (b"K\x01K\x00\x85R", "something else"),
    "huge array": (ARRAY + b"(K\x01" + 3 * SIZE + b"\x87" + BYTE + b"\x89C\x01atb", r"has 1 bytes"),
    "array without values": (ARRAY + b"(K\x01K\x05\x85" + BYTE + b"\x89]tb", "one of bytes"),
    "array of other size": (
        ARRAY + b"(K\x01K\x05\x85" + BYTE + b"\x89C\x04aaaatb",
        r"shape \(5,\) has 4 bytes",
    ),
    "negative shape": (
        ARRAY + b"(K\x01J\xff\xff\xff\xff\x85" + BYTE + b"\x89C\x01atb",
        "the shape",
    ),
    "shape of text": (ARRAY + b"(K\x01C\x01a\x85" + BYTE + b"\x89C\x01atb", "the shape"),
    "many axes": (ARRAY + b"(K\x01(" + 50 * SIZE + b"t" + BYTE + b"\x89C\x00tb", "at most 4"),
    "state of another length": (ARRAY + b"K\x01\x85b", "five parts"),
    "state of a list": (b"]}b", "a list has no state"),
    "protocol 5": (b"\x80\x05", "not 5"),
    "big number": (b"\x8b" + struct.pack("<i", 2**30), r"has b'\\x8b'"),
    "long bytes": (b"\x8e" + struct.pack("<Q", 2**60), r"has b'\\x8e'"),
    "bytes that are not there": (b"B\xff\xff\xff\xff", "asks for 4294967295 bytes more"),
    "text that is not there": (b"X\xff\xff\xff\x7f", "asks for 2147483647 bytes more"),
    "string that is not there": (b"T\xff\xff\xff\xff", "asks for 4294967295 bytes more"),
    "text that is not UTF-8": (b"\x8c\x01\xff", "utf-8"),
    "persistent name": (b"Pname\n", "has b'P'"),
    "extension": (b"\x82\x01", r"has b'\\x82'"),
    "doubling": (b"(2222", "has b'2'"),
    "empty memo": (b"h\x07", "reads memo 7, which is empty"),
    "empty stack": (b"a", "takes what is not there"),
    "no mark": (b"]e", "takes what is not there"),
    "appended to a dict": (b"}K\x01a", "a dict is no list"),
    "items of a list": (b"]K\x01K\x02s", "2 keys and values for a list"),
    "key without value": (b"}(K\x01u", "1 keys and values"),
    "number as a key": (b"}K\x01K\x02s", "a key is text or bytes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_data_files_do_not_hold_is_refused(read, case):
    program, message = REFUSED[case]
    with pytest.raises(ValueError, match=rf"some_batch: byte \d+: .*{message}"):
        read(b"\x80\x04" + program + b".")


def test_memory_does_not_follow_the_numbers_in_the_file(read):
    deep = b"K\x01" + b"q\x00h\x00\x86" * 2000  # (((1, 1), (1, 1)), ...): 2^2000 leaves
    programs = [program for program, _ in REFUSED.values()]
    programs += [
        b"K\x01r\xff\xff\xff\xff0",  # Python's machine makes 64 GiB of memo
        b"}" + deep + b"K\x01s",  # and would ask each leaf for its hash
        b"}C\x01a" + deep + b"s",
    ]
    for program in programs:
        tracemalloc.start()
        try:
            read(b"\x80\x04" + program + b".")
        except ValueError:
            pass
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 2_000_000, program[:80]


def test_far_memo_is_read_as_any_other(read):
    assert read(b"\x80\x02}(C\x01aC\x01br\xff\xff\xff\xffC\x01cj\xff\xff\xff\xffu.") == {
        "a": b"b",
        "c": b"b",
    }


@pytest.mark.parametrize("value", [[1], 5, None, b"x", PIXELS], ids=repr)
def test_what_is_no_dict_is_refused(read, value):
    with pytest.raises(ValueError, match=r"some_batch: it holds a \w+, not a dict"):
        read(pickle.dumps(value, 4))


def test_file_that_goes_on_is_refused(read):
    content = pickle.dumps(FIELDS, 4)
    with pytest.raises(ValueError, match=f"byte {len(content)}: the file goes on"):
        read(content + b"x")
    with pytest.raises(ValueError, match="no single value"):
        read(b"\x80\x02}}.")
    with pytest.raises(ValueError, match="no single value"):
        read(b"\x80\x02(}.")


@pytest.mark.parametrize("content", [b"", b"text\n", pickle.dumps({}, 0), b"\0" * 100])
def test_what_is_no_pickle_is_refused(read, content):
    with pytest.raises(ValueError, match="so it is no pickle of protocol 2 on"):
        read(content)


def test_compressed_file_is_refused_and_not_expanded(read):
    bomb = gzip.compress(bytes(50_000_000), compresslevel=1)
    tracemalloc.start()
    with pytest.raises(ValueError, match="no pickle"):
        read(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(bomb) + 1_000_000


def test_file_cut_off_anywhere_is_refused(read):
    fields = {b"data": PIXELS, b"labels": [1, 300, 70000], "text": ("", None)}
    for content in (pickle.dumps(fields, 4), python2_batch(PIXELS, [1, 2])):
        for size in range(len(content)):
            with pytest.raises(ValueError, match="some_batch"):
                read(content[:size])


def test_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        read_fields(tmp_path / "nothing")


CODES = b"\x80\x95N\x88\x89KMJUTCB\x8cX}])(t\x85\x86\x87aesuqr\x94hjc\x93Rb."


def read_or_refused(path):
    """Return what is read, or the message of the one error that may come instead."""
    try:
        return read_fields(path)
    except ValueError as error:
        return str(error)


@given(st.lists(st.sampled_from([bytes([code]) for code in CODES]) | st.binary(max_size=3)))
def test_any_program_gives_a_dict_or_a_value_error(tmp_path_factory, pieces):
    path = tmp_path_factory.getbasetemp() / "any_program"
    path.write_bytes(b"\x80\x02" + b"".join(pieces) + b".")
    result = read_or_refused(path)
    assert isinstance(result, dict) or "any_program: " in result


@given(st.integers(0, 10**6), st.integers(1, 255), st.booleans())
def test_any_damaged_file_gives_a_dict_or_a_value_error(tmp_path_factory, where, change, old):
    content = bytearray(python2_batch(PIXELS, [1, 2]) if old else pickle.dumps(FIELDS, 4))
    content[where % len(content)] ^= change
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content)
    result = read_or_refused(path)
    assert isinstance(result, dict) or "damaged: " in result
