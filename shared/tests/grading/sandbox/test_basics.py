"""What a command gets and what comes back of it, in every kind of sandbox."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

MOST = ["B", "plain: B", "C", "C without namespaces", "none"]
ALL = [*MOST, "B of PyPI", "B without seccomp", "plain: B without seccomp"]
every_host = pytest.mark.parametrize("host", MOST, indirect=True)


@every_host
def test_exit_codes(host: Any) -> None:
    assert host.run("raise SystemExit(3)").code == 3
    assert host.run("import os; os.kill(os.getpid(), 11)").code == -signal.SIGSEGV
    assert host.run("", command=["/no/such/program"]).code == 127
    outcome = host.run("import time; time.sleep(60)", seconds=0.05)
    assert (outcome.ended, outcome.code) == (False, -signal.SIGKILL)


@pytest.mark.parametrize("host", ALL, indirect=True)
def test_output_and_pipes(host: Any) -> None:
    code = """
import os, sys
print("out"); sys.stdout.flush()
print("err", file=sys.stderr)
os.write(5, b"five"); os.write(3, b"three")
print(sorted(int(fd) for fd in os.listdir("/proc/self/fd")), os.readlink("/proc/self/fd/0"))
print(sorted(os.environ), os.getcwd() == "{root}/w", os.umask(0) >= 0)
open("{root}/w/file", "w").write("x")
"""
    outcome = host.run(code, pipes=[5, 3])
    lines = outcome.log.splitlines()
    assert lines[:2] == ["out", "err"]
    assert lines[2] == "[0, 1, 2, 3, 4, 5] /dev/null"  # 4 is of the list itself
    mark = ["NEEDLE_SANDBOX"] if host.kind == "none" else []
    assert lines[3] == f"{['LC_CTYPE', *mark, 'TOKEN']} True True"
    assert outcome.pipes == {"5": "five", "3": "three"}
    assert outcome.code == 0
    assert outcome.dropped == 0


@every_host
def test_pipes_whose_numbers_cross(host: Any) -> None:
    code = "import os; os.write(3, b'3'); os.write(4, b'4'); os.write(70, b'70')"
    outcome = host.run(code, pipes=[4, 70, 3], limits={"open_files": 100})
    assert outcome.pipes == {"3": "3", "4": "4", "70": "70"}


@pytest.mark.parametrize("host", MOST[:-1], indirect=True)
def test_binds_can_be_read_and_not_written(host: Any, sources: Path) -> None:
    code = """
import os
def attempt(do):
    try: return do()
    except OSError as error: return type(error).__name__
for path in ("{root}/code/host.py", "{root}/code/needle_shared/__init__.py", "{root}/a/b/file"):
    print(open(path).readline().strip()[:9])
    print(attempt(lambda: open(path, "w")))
print(attempt(lambda: os.mkdir("{root}/code/new")))
print(attempt(lambda: os.mkdir("{root}/new")))
print(attempt(lambda: os.rename("{root}/a/b/file", "{root}/other")))
"""
    binds = [
        (str(sources), "/code"),
        (str(sources / "needle_shared/grading/__init__.py"), "/a/b/file"),
        (str(sources / "host.py"), "/code/needle_shared/__init__.py"),  # over the one that is there
    ]
    before = (sources / "needle_shared/__init__.py").read_text()
    outcome = host.run(code, binds=binds)
    assert not (sources / "needle_shared/__init__.py").is_symlink()
    assert (sources / "needle_shared/__init__.py").read_text() == before
    lines = outcome.log.splitlines()
    assert lines[:6:2] == ['"""A grad', '"""A grad', '"""Hands ']
    assert len(lines) == 9
    assert all(line.endswith("Error") for line in [*lines[1:6:2], *lines[6:]])


@pytest.mark.parametrize("host", ["B", "C", "C without namespaces"], indirect=True)
def test_a_bind_in_a_folder_that_others_must_not_enter(host: Any, tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "file").write_text("read")
    tmp_path.chmod(0o700)
    binds = [(str(folder), "/package")]
    assert host.run("print(open('{root}/package/file').read())", binds=binds).log == "read\n"


@pytest.mark.parametrize("host", ["B", "plain: B"], indirect=True)
def test_a_source_that_is_missing(host: Any) -> None:
    outcome = host.run("pass", binds=[("/no/such/folder", "/code")])
    assert "/no/such/folder" in outcome.error


@every_host
def test_limits_of_a_process(host: Any) -> None:
    code = """
import os, resource
try: bytearray(800 << 20)
except MemoryError: print("memory")
file = open("{root}/w/big", "wb")
try: file.write(bytes(20 << 20)); file.flush()
except OSError as error: print(error.errno)
opened = []
try:
    while True: opened.append(os.open("/dev/null", 0))
except OSError as error: print(error.errno, len(opened) < 40)
for name in ("CPU", "CORE", "MEMLOCK", "MSGQUEUE", "NPROC"):
    print(resource.getrlimit(getattr(resource, f"RLIMIT_{name}")))
"""
    outcome = host.run(code, limits={"open_files": 40, "cpu_seconds": 7})
    lines = outcome.log.splitlines()
    assert lines[:3] == ["memory", "27", "24 True"]
    assert lines[3:7] == ["(7, 7)", "(0, 0)", "(0, 0)", "(0, 0)"]
    # bwrap is one of the processes of a plain user
    assert lines[7] == ("(16, 16)" if host.root else "(17, 17)") or host.kind == "none"
