"""Tar archives of all formats, and those that lie; Python's tarfile writes them."""

import gzip
import io
import tarfile
import time

import pytest

from needle_shared.grading.submission.limits import MIB, InvalidSubmission, Limits

LINALG = "src/needle_hw7/ops/linalg.py"
MATMUL = "csrc/matmul.cpp"
MINE = {LINALG: b"mine", MATMUL: b"x" * 1500}
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def header(name, size=0, kind=tarfile.REGTYPE, **settings):
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    for key, value in settings.items():
        setattr(info, key, value)
    return info


def with_size(field, name=LINALG):
    """Return a block whose size is given as bytes, with the right checksum."""
    return with_bytes(124, field, name)


def with_bytes(place, field, name, form=tarfile.USTAR_FORMAT):
    block = bytearray(header(name).tobuf(form)[:512])
    block[place : place + len(field)] = field
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize("name", ["alice.tar.gz", "alice.tgz", "alice.tar"])
@pytest.mark.parametrize("form", FORMATS)
def test_each_format_is_read(make, read, form, name):
    prefix = "a long name of a folder/" * 8  # 192 characters: more than a block has room for
    files = {prefix + path: content for path, content in MINE.items()}
    found = read(make.tar(files, name, format=form))
    assert (found.name, found.files) == ("alice", MINE)


@pytest.mark.parametrize("form", FORMATS[1:])
def test_very_long_names_and_letters_of_all_scripts(make, read, form):
    name = "Übung/" + "ordner/" * 40
    found = read(make.tar({name + LINALG: b"mine"}, format=form))
    assert found.files == {LINALG: b"mine"}


@pytest.mark.parametrize("form", FORMATS[1:])
def test_a_long_name_is_that_of_one_file(make, read, form):
    found = read(make.tar({"ordner/" * 40 + "x.py": b"", **MINE}, format=form))
    assert found.files == MINE


def test_what_gnu_has_behind_the_owner_is_no_part_of_the_name(make, read):
    block = with_bytes(345, b"..", LINALG, tarfile.GNU_FORMAT)
    assert read(make.gz(block + bytes(1024))).files == {LINALG: b""}


def test_a_global_header_is_passed_over(make, read):
    found = read(make.tar(MINE, format=tarfile.PAX_FORMAT, pax_headers={"comment": "a" * 900}))
    assert found.files == MINE


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.FIFOTYPE, "not a file"),
        (tarfile.CHRTYPE, "not a file"),
        (tarfile.BLKTYPE, "not a file"),
        (tarfile.GNUTYPE_SPARSE, "not a file"),
    ],
)
def test_links_and_devices(make, read, kind, what):
    odd = [(header("src/odd", kind=kind, linkname="/etc/shadow"), b""), *MINE.items()]
    found = read(make.tar(odd))
    assert found.files == MINE
    assert found.ignored == (f"src/odd: {what}",)
    taken = [(header(LINALG, kind=kind, linkname=f"../{MATMUL}"), b""), (MATMUL, b"")]
    with pytest.raises(InvalidSubmission, match=f"{LINALG} is {what}: hand in the file itself"):
        read(make.tar(taken))


def test_a_sparse_file_of_pax_is_none(make, read):
    sparse = header(LINALG, 4, pax_headers={"GNU.sparse.size": str(1 << 40)})
    with pytest.raises(InvalidSubmission, match=f"{LINALG} is not a file"):
        read(make.tar([(sparse, b"mine")], format=tarfile.PAX_FORMAT))


@pytest.mark.parametrize("name", ["/etc/x.py", "../x.py", "src/../../x.py", "a\nb.py"])
def test_dangerous_names_are_ignored(make, read, name):
    found = read(make.tar({**MINE, name: b"evil"}))
    assert found.files == MINE
    assert len(found.ignored) == 1


def test_a_file_that_is_there_twice_is_refused(make, read):
    with pytest.raises(InvalidSubmission, match=f"{LINALG} is in it twice"):
        read(make.tar([*MINE.items(), (LINALG, b"other")]))


def test_zeros_bomb(make, read):
    before = time.process_time()
    with pytest.raises(InvalidSubmission, match="more than 100 times its size"):
        read(make.tar({**MINE, "data.bin": bytes(20 * MIB)}))
    assert time.process_time() - before < 5


def test_what_is_passed_over_counts(make, read):
    path = make.tar({"data.bin": bytes(200_000), **MINE}, "alice.tar")
    assert read(path).files == MINE
    with pytest.raises(InvalidSubmission, match="more than 0 MiB unpacked"):
        read(path, limits=Limits(stream=100_000))


@pytest.mark.parametrize(
    ("field", "why"),
    [
        (b"\xff" * 12, "a size is negative"),  # binary, below zero
        (b"\xc0" + bytes(11), "a size is negative"),
        (b"7" * 11 + b"\0", "ends too early"),
        (b"\x80" + b"\xff" * 11, "ends too early"),
        (b"-1         \0", "a number is not one"),
        (b"0x10       \0", "a number is not one"),
    ],
)
def test_sizes_that_lie(make, read, field, why):
    with pytest.raises(InvalidSubmission, match=why):
        read(make.gz(with_size(field, "x.bin") + bytes(512)))
    with pytest.raises(InvalidSubmission, match=f"{why}|nothing of|too large"):
        read(make.gz(with_size(field) + bytes(512)))


def test_headers_of_any_length_are_refused(make, read):
    for kind in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
        block = header("x", 1 << 17, kind).tobuf(tarfile.USTAR_FORMAT)
        with pytest.raises(InvalidSubmission, match="a name is too long"):
            read(make.gz(block + b"1" * (1 << 17)))


@pytest.mark.parametrize(
    "records",
    [
        b"0 path=x\n",
        b"999 path=x\n",
        b"-5 path=x\n",
        b"path=x\n",
        b"\xff",
        b"1" * 600,
        b"3 x",
        b"9 path=xy",
    ],
)
def test_pax_records_that_are_none(make, read, records):
    block = header("x", len(records), tarfile.XHDTYPE).tobuf(tarfile.USTAR_FORMAT)
    with pytest.raises(InvalidSubmission, match="damaged"):
        read(make.gz(block + records.ljust(1024, b"\0") + bytes(1024)))


def test_pax_may_not_change_a_size(make, read):
    info = header(LINALG, 4, pax_headers={"size": "2000"})
    plain = header(LINALG, 4).tobuf(tarfile.USTAR_FORMAT)
    block = info.tobuf(tarfile.PAX_FORMAT)[:1024] + plain
    with pytest.raises(InvalidSubmission, match="two sizes"):
        read(make.gz(block + b"mine".ljust(512, b"\0") + bytes(1024)))


def test_a_wrong_checksum_is_named(make, read):
    block = bytearray(header(LINALG).tobuf(tarfile.USTAR_FORMAT))
    block[0] ^= 1
    with pytest.raises(InvalidSubmission, match="a checksum is wrong"):
        read(make.gz(bytes(block)))


def test_gzip_files_may_follow_each_other(make, read):
    data = gzip.decompress(make.tar(MINE).read_bytes())
    parts = [data[i : i + 700] for i in range(0, len(data), 700)]
    assert read(make.raw(b"".join(map(gzip.compress, parts)), "a.tgz")).files == MINE


@pytest.mark.parametrize("cut", [3, 15, 60, 120])
def test_an_archive_that_ends_early_is_damaged(make, read, cut):
    data = make.tar(MINE).read_bytes()
    with pytest.raises(InvalidSubmission, match=r"damaged|neither"):
        read(make.raw(data[:cut], "a.tgz"))


def test_other_content_under_gzip_is_damaged(make, read):
    with pytest.raises(InvalidSubmission, match="tar archive cannot be read"):
        read(make.gz(b"hello" * 500))


def test_the_content_decides_and_not_the_name(make, read):
    assert read(make.tar(MINE, "alice.zip")).files == MINE


def test_files_come_in_any_order(make, read):
    data = io.BytesIO(make.tar({"a.pdf": b"a" * 700, **MINE, "z.pdf": b"z"}).read_bytes())
    assert read(make.raw(data.getvalue(), "a.tgz")).files == MINE
