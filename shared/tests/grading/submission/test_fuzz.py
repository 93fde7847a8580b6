"""Any archive is read or refused: nothing else happens, and nothing is believed."""

import io
import tarfile
import zipfile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from needle_shared.grading.submission.limits import InvalidSubmission

LINALG = "src/needle_hw7/ops/linalg.py"
FILES = {LINALG: b"def matmul(): pass\n" * 9, "csrc/matmul.cpp": b"", "src/needle_hw7/n.py": b"1"}
ROUGH = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def packed(kind):
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in FILES.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(fileobj=out, mode="w:gz" if kind == "gz" else "w") as archive:
            for name, content in FILES.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def check(read, path, content):
    path.write_bytes(content)
    try:
        found = read(path)
    except InvalidSubmission as error:
        assert str(error).isprintable()  # noqa: PT017
    else:
        assert all(name.startswith(("src/needle_hw7/", "csrc/")) for name in found.files)
        assert all(line.isprintable() for line in found.ignored)


@pytest.mark.parametrize("kind", ["zip", "gz", "tar"])
def test_changed_bytes(read, tmp_path, kind):
    whole = packed(kind)

    @ROUGH
    @given(
        st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=6),
        st.integers(0, len(whole)),
    )
    def change(changes, cut):
        data = bytearray(whole)
        for place, byte in changes:
            data[place] = byte
        check(read, tmp_path / "x", bytes(data))
        check(read, tmp_path / "x", bytes(data[:cut]))

    change()


@ROUGH
@given(st.binary(max_size=600), st.sampled_from([b"", b"PK\3\4", b"PK\5\6", b"\x1f\x8b\x08"]))
@example(b"", b"")
def test_any_bytes(read, tmp_path, content, start):
    check(read, tmp_path / "x", start + content)


NAMES = st.lists(
    st.sampled_from(["..", ".", "", "src", "needle_hw7", "ops", "linalg.py", "a.py", "\x1b", "ü"]),
    min_size=1,
    max_size=7,
).map("/".join)


@ROUGH
@given(st.lists(NAMES, max_size=8), st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
def test_any_names(read, tmp_path, names, form):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
    check(read, tmp_path / "x", out.getvalue())
