"""Folders: links lead nowhere, pipes do not block."""

import os
import socket
from pathlib import Path

import pytest

from needle_shared.grading.submission.limits import InvalidSubmission

LINALG = "src/needle_hw7/ops/linalg.py"
MINE = {LINALG: b"mine", "csrc/matmul.cpp": b"mine"}


def test_a_link_in_place_of_a_file_is_refused(make, read, tmp_path):
    folder = make.folder(MINE)
    (tmp_path / "secret").write_text("secret")
    (folder / LINALG).unlink()
    (folder / LINALG).symlink_to(tmp_path / "secret")
    with pytest.raises(InvalidSubmission, match=f"{LINALG} is a link: hand in the file itself"):
        read(folder)


def test_a_folder_that_is_a_link_is_not_entered(make, read, assignment):
    folder = make.folder({"csrc/matmul.cpp": b"mine"})
    (folder / "src").symlink_to(assignment.folder / "src")
    found = read(folder)
    assert found.missing == (LINALG,)
    assert found.ignored == ("src: a link",)


def test_only_links_are_named_in_the_message(make, read, assignment):
    folder = make.folder({})
    folder.mkdir()
    (folder / "hw7").symlink_to(assignment.folder)
    with pytest.raises(InvalidSubmission, match="links are not followed: hw7"):
        read(folder)


def test_a_folder_that_becomes_a_link_is_not_followed(make, read, tmp_path, monkeypatch):
    folder = make.folder(MINE)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "linalg.py").write_text("secret")
    opened = os.open

    def swapping(path, flags, *arguments, **settings):
        # Just before the file is opened, its folder is replaced.
        if path == "ops" and (folder / LINALG).exists() and swapping.ready:
            (folder / LINALG).parent.rename(folder / "gone")
            (folder / "src/needle_hw7/ops").symlink_to(tmp_path / "other")
        swapping.ready = swapping.ready or path == "ops"
        return opened(path, flags, *arguments, **settings)

    swapping.ready = False
    monkeypatch.setattr(os, "open", swapping)
    with pytest.raises(InvalidSubmission, match=f"{LINALG} cannot be read"):
        read(folder)


@pytest.mark.parametrize("kind", ["pipe", "socket"])
@pytest.mark.parametrize("taken", [True, False])
def test_pipes_and_sockets_do_not_block(make, read, kind, taken, monkeypatch):
    folder = make.folder(MINE)
    name = LINALG if taken else "src/odd"
    if taken:
        (folder / LINALG).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        monkeypatch.chdir((folder / name).parent)  # a socket's path must be short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind((folder / name).name)
    if taken:
        with pytest.raises(InvalidSubmission, match="is not a file: hand in the file itself"):
            read(folder)
    else:
        assert read(folder).ignored == ("src/odd: not a file",)


def test_a_file_that_becomes_a_pipe_does_not_block(make, read, monkeypatch):
    folder = make.folder(MINE)
    opened = os.open

    def swapping(path, flags, *arguments, **settings):
        if path == "linalg.py":
            (folder / LINALG).unlink()
            os.mkfifo(folder / LINALG)
        return opened(path, flags, *arguments, **settings)

    monkeypatch.setattr(os, "open", swapping)
    with pytest.raises(InvalidSubmission, match="no longer a file"):
        read(folder)


@pytest.mark.parametrize(
    ("refused", "name"), [("linalg.py", LINALG), ("ops", "the folder src/needle_hw7/ops")]
)
def test_what_cannot_be_read_is_named(make, read, monkeypatch, refused, name):
    folder = make.folder(MINE)
    opened = os.open

    def failing(path, flags, *arguments, **settings):
        if path == refused:
            raise PermissionError(13, "Permission denied", path)
        return opened(path, flags, *arguments, **settings)

    monkeypatch.setattr(os, "open", failing)
    with pytest.raises(InvalidSubmission, match=f"{name} cannot be read: Permission denied"):
        read(folder)


def test_names_that_no_archive_could_have(make, read):
    folder = make.folder(MINE)
    for name in [b"a\nb.py", b"\xff.py", b"back\\slash.py", b"\x1b[31mred.py"]:
        (folder / "src/needle_hw7" / os.fsdecode(name)).touch()
    found = read(folder)
    assert found.files == MINE
    reason = "its name has characters that no source file has"
    assert sorted(found.ignored) == sorted(
        f"src/needle_hw7/{name}: {reason}"
        for name in ["a\\nb.py", "\\udcff.py", "back\\slash.py", "\\x1b[31mred.py"]
    )


def test_very_deep_folders_end(make, read):
    folder = make.folder(MINE)
    deep = folder
    for _ in range(80):
        deep /= "d"
        deep.mkdir()
    (deep / "x.py").touch()
    assert any("lies too deep" in line for line in read(folder).ignored)


def test_nothing_there_is_said(tmp_path, read):
    with pytest.raises(InvalidSubmission, match="none cannot be read: No such file"):
        read(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidSubmission, match="pipe is neither a folder nor a file"):
        read(tmp_path / "pipe")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc on this system")
def test_no_file_descriptor_is_left_open(make, read):
    paths = [make.folder(MINE), make.zip(MINE), make.tar(MINE)]
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in paths:
        read(path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
