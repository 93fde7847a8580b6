"""Zip archives that lie, and those that are broken."""

import stat
import struct
import time
import zipfile

import pytest

from needle_shared.grading.submission.limits import MIB, InvalidSubmission, Limits

LINALG = "src/needle_hw7/ops/linalg.py"
MINE = {LINALG: b"mine", "csrc/matmul.cpp": b"mine"}


def info(name, mode=0, **settings):
    result = zipfile.ZipInfo(name)
    result.external_attr = mode << 16
    for key, value in settings.items():
        setattr(result, key, value)
    return result


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "its name is absolute"),
        ("C:/Windows/x.py", "its name is absolute"),
        (f"../{LINALG}", "its name leads out of the submission"),
        ("src/../../x.py", "its name leads out of the submission"),
        ("..\\x.py", "its name leads out of the submission"),
        ("a\x1b[31m.py", "its name has characters that no source file has"),
        ("a\u202ecod.py", "its name has characters that no source file has"),
        ("n" * 300 + ".py", "its name is too long"),
        ("nn/" * 400 + "x.py", "its name is too long"),
        ("n/" * 65 + "x.py", "it lies too deep"),
    ],
)
def test_dangerous_names_are_ignored(make, read, name, reason):
    found = read(make.zip({**MINE, name: b"evil"}))
    assert found.files == MINE
    (line,) = found.ignored
    assert line.endswith(f": {reason}")
    assert line.isprintable()
    assert len(line) < 200


def test_a_name_with_nul_is_not_cut(make, read):
    path = make.zip({**MINE, "src/needle_hw7/tensor.py_.txt": b"evil"})
    path.write_bytes(path.read_bytes().replace(b"tensor.py_", b"tensor.py\0"))
    found = read(path)
    assert found.files == MINE
    assert found.ignored == (
        "src/needle_hw7/tensor.py\\x00.txt: its name has characters that no source file has",
    )


def test_backslashes_of_windows_are_slashes(make, read):
    found = read(make.zip({name.replace("/", "\\"): content for name, content in MINE.items()}))
    assert found.files == MINE


@pytest.mark.parametrize(
    ("mode", "what"),
    [(stat.S_IFLNK | 0o777, "a link"), (stat.S_IFIFO, "not a file"), (stat.S_IFCHR, "not a file")],
)
def test_links_and_devices(make, read, mode, what):
    odd = [(info("src/odd", mode), b"/etc/shadow"), *MINE.items()]
    assert read(make.zip(odd)).ignored == (f"src/odd: {what}",)
    taken = [(info(LINALG, mode), b"/etc/shadow")]
    with pytest.raises(InvalidSubmission, match=f"{LINALG} is {what}: hand in the file itself"):
        read(make.zip(taken))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_there_twice_is_refused(make, read):
    with pytest.raises(InvalidSubmission, match=f"{LINALG} is in it twice"):
        read(make.zip([*MINE.items(), (LINALG, b"other")]))
    with pytest.raises(InvalidSubmission, match=f"{LINALG} is in it twice"):
        read(make.zip([*MINE.items(), (f"./{LINALG}", b"other")]))


def test_a_password_is_named(make, read):
    path = make.zip(MINE)
    data = bytearray(path.read_bytes())
    for signature, offset in [(b"PK\3\4", 6), (b"PK\1\2", 8)]:
        place = data.find(signature) + offset
        data[place] |= 1
    path.write_bytes(data)
    with pytest.raises(InvalidSubmission, match=f"{LINALG} is encrypted"):
        read(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_are_refused(make, read, method):
    with pytest.raises(InvalidSubmission, match="method other than deflate"):
        read(make.zip(MINE, method=method))


def test_a_bomb_ends_at_the_ratio(make, read):
    path = make.zip({**MINE, LINALG: bytes(15 * MIB)})
    before = time.process_time()
    with pytest.raises(InvalidSubmission, match="more than 100 times its size"):
        read(path)
    assert time.process_time() - before < 5


def test_a_bomb_in_an_ignored_file_is_not_unpacked(make, read):
    assert read(make.zip({**MINE, "data.bin": bytes(30 * MIB)})).files == MINE


@pytest.mark.parametrize("claimed", [0, 10, 1 << 30])
def test_sizes_are_counted_and_not_believed(make, read, claimed):
    content = bytes(range(250)) * 12
    path = make.zip({**MINE, LINALG: content})
    true, false = struct.pack("<I", len(content)), struct.pack("<I", claimed)
    data = path.read_bytes()
    assert data.count(true) == 2
    path.write_bytes(data.replace(true, false))
    try:
        assert read(path).files[LINALG] == content[:claimed]
    except InvalidSubmission as error:
        assert "damaged" in str(error)  # noqa: PT017  # Pythons differ in what they notice


def test_a_list_of_entries_that_claims_to_be_long(make, read):
    path = make.zip(MINE)
    data = path.read_bytes()
    end = data.rindex(b"PK\5\6")
    padded = bytes(8 * MIB) + data[:end]
    # Where the list begins and how long it is: all of the eight mebibytes.
    lying = data[end : end + 12] + struct.pack("<II", 8 * MIB, len(padded) - 8 * MIB)
    path.write_bytes(b"PK" + padded[2:] + lying + data[end + 20 :])
    with pytest.raises(InvalidSubmission, match="too many entries"):
        read(path)


def test_many_entries_are_refused(make, read):
    path = make.zip({**MINE, **{f"{i}.pdf": b"" for i in range(30)}})
    with pytest.raises(InvalidSubmission, match="more than 20 entries"):
        read(path, limits=Limits(entries=20))


def test_folders_and_nested_archives_in_it_are_left(make, read):
    inner = make.zip(MINE, "inner.zip").read_bytes()
    found = read(make.zip({"src/": b"", "inner.zip": inner, **MINE, ".git/": b""}))
    assert found.files == MINE
    assert found.ignored == (".git/: version control", "inner.zip: an archive")
    with pytest.raises(InvalidSubmission, match=r"archives in it are not opened: inner.zip"):
        read(make.zip({"inner.zip": inner}))


def test_the_download_of_a_class_is_not_the_one_submission_that_is_unpacked_in_it(make, read):
    inner = make.zip(MINE, "inner.zip").read_bytes()
    unpacked = {f"gia/{name}": content for name, content in MINE.items()}
    with pytest.raises(InvalidSubmission, match=r"2 archives lie beside gia, such as (a|b)\.zip"):
        read(make.zip({**unpacked, "a.zip": inner, "b.zip": inner}))
    # One may be an older version, and some in the student's own folder may be anything.
    assert read(make.zip({**unpacked, "gia-old.zip": inner})).files == MINE
    assert read(make.zip({**unpacked, "gia/a.zip": inner, "gia/b.zip": inner})).files == MINE
    assert read(make.zip({**MINE, "a.zip": inner, "b.zip": inner})).files == MINE


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\3\4" + bytes(100), b"Rar!\x1a\x07", b"hello"])
def test_what_is_no_archive_is_said(make, read, content):
    with pytest.raises(InvalidSubmission, match=r"neither a folder nor|is damaged"):
        read(make.raw(content))


def test_the_size_of_the_archive_itself_counts(make, read):
    with pytest.raises(InvalidSubmission, match=r"alice.zip is too large: more than 0 MiB"):
        read(make.zip(MINE), limits=Limits(archive=100))


def test_a_broken_checksum_is_named(make, read):
    path = make.zip(MINE, method=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"mine", b"hers", 1))
    with pytest.raises(InvalidSubmission, match=r"damaged: Bad CRC-32"):
        read(path)
