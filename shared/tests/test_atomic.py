import os

import pytest

from needle_shared.atomic import write_atomically


def test_text_and_bytes_are_written(tmp_path):
    write_atomically(tmp_path / "deep" / "text", "naïve\n")
    write_atomically(tmp_path / "bytes", b"\x00\r\n")
    assert (tmp_path / "deep" / "text").read_bytes() == "naïve\n".encode()
    assert (tmp_path / "bytes").read_bytes() == b"\x00\r\n"


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_after_an_error_the_old_file_is_there_and_no_other(tmp_path, monkeypatch, function):
    path = tmp_path / "file"
    write_atomically(path, "old")

    def fail(*arguments, **keywords):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, function, fail)
    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_text_that_is_no_unicode_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_a_link_is_replaced_and_its_target_stays(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("target")
    link.symlink_to(target)
    write_atomically(link, "new")
    assert target.read_text() == "target"
    assert not link.is_symlink()
    assert link.read_text() == "new"


@pytest.mark.skipif(os.name != "posix", reason="others have no rights elsewhere")
def test_others_may_read_the_file_as_far_as_the_umask_says(tmp_path):
    write_atomically(tmp_path / "file", "x")
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o666 & ~mask
