"""The cache: whole files, and locks that the dead do not hold."""

import fcntl
import signal
import stat
import subprocess
import sys
import threading

import pytest

from needle_shared.grading.native.cache import Cache


@pytest.fixture
def folder(tmp_path):
    return Cache(tmp_path / "a" / "native")


def test_nobody_else_may_enter(folder):
    assert stat.S_IMODE(folder.folder.stat().st_mode) == 0o700
    folder.folder.chmod(0o755)
    Cache(folder.folder)
    assert stat.S_IMODE(folder.folder.stat().st_mode) == 0o700


def test_a_file_is_written_whole_or_not(folder, monkeypatch):
    assert folder.write("x", b"old").read_bytes() == b"old"
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", _full)
        with pytest.raises(OSError, match="full"):
            folder.write("x", b"new")
    assert folder.path("x").read_bytes() == b"old"
    assert [path.name for path in folder.folder.iterdir()] == ["x"]


def _full(*_arguments):
    raise OSError("the disk is full")


def test_json_that_is_broken_counts_as_missing(folder):
    assert folder.read_json("x") is None
    folder.write_json("x", {"errors": ["ü"]})
    assert folder.read_json("x") == {"errors": ["ü"]}
    folder.write("x", b'{"err')
    assert folder.read_json("x") is None


def test_a_lock_is_held_by_one(folder):
    entered = threading.Event()

    def other():
        with folder.locked("x"):
            entered.set()

    thread = threading.Thread(target=other)
    with folder.locked("x"):
        thread.start()
        assert not entered.wait(0.05)
    assert entered.wait(30)
    thread.join()


def test_a_killed_process_holds_no_lock(folder):
    code = (
        "import fcntl, sys; f = open(sys.argv[1], 'wb'); fcntl.flock(f, fcntl.LOCK_EX);"
        "print('held', flush=True); sys.stdin.read()"
    )
    path = folder.path("x.lock")
    command = [sys.executable, "-I", "-S", "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with path.open("wb") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with folder.locked("x"):
            pass
