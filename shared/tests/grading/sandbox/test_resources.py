"""A command that takes more than it may have: processes, memory, disk, the attention of others."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

HOSTS = ["B", "plain: B", "C", "C without namespaces"]
isolated = pytest.mark.parametrize("host", HOSTS, indirect=True)
own_root = pytest.mark.parametrize("host", HOSTS[:3], indirect=True)
MIB = 1 << 20


@isolated
def test_fork_bomb(host: Any) -> None:
    code = """
import os, time
while True:
    try: os.fork()
    except OSError: print("full", flush=True); time.sleep(60)
"""
    outcome = host.run(code, until="full\nfull\nfull\nfull\nfull\nfull\n", limits={"processes": 12})
    assert not outcome.ended
    assert outcome.code == -signal.SIGKILL
    assert 6 <= outcome.log.count("full") <= 13


@isolated
def test_children_that_nothing_ends(host: Any) -> None:
    code = """
import os, signal, time
for _ in range(3):
    if not os.fork():
        os.setsid()
        if os.fork(): os._exit(0)
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        os.environ.clear()
        while True: time.sleep(1)
time.sleep(0.1)
print("over", flush=True)
"""
    outcome = host.run(code)
    assert outcome.ended  # although the children hold stdout
    assert (outcome.code, outcome.log) == (0, "over\n")


@isolated
def test_a_command_that_stops_itself(host: Any) -> None:
    outcome = host.run(
        "import os; print('stop', flush=True); os.kill(os.getpid(), 19)", until="stop"
    )
    assert not outcome.ended
    assert outcome.code == -signal.SIGKILL


@isolated
def test_memory_of_many_processes(host: Any) -> None:
    code = """
import os, time
for _ in range(7):
    if not os.fork(): break
block = bytearray(60 << 20)
time.sleep(60)
"""
    outcome = host.run(code, limits={"memory": 200 * MIB, "address_space": 120 * MIB})
    assert outcome.killed_for == "memory"
    assert outcome.code == -signal.SIGKILL


@isolated
def test_shared_pages_count_once(host: Any) -> None:
    code = """
import os, time
block = bytearray(60 << 20)
children = [pid for pid in (os.fork() for _ in range(3)) if pid]
time.sleep(0.3)
if len(children) == 3: print("well", flush=True)
"""
    outcome = host.run(code, limits={"memory": 150 * MIB})
    assert (outcome.killed_for, outcome.log) == (None, "well\n")


@own_root
def test_folders_are_full_in_time(host: Any) -> None:
    code = """
def fill(folder):
    written = 0
    try:
        for number in range(100):
            with open(f"{folder}/{number}", "wb", buffering=0) as file:
                for _ in range(8): written += file.write(bytes(1 << 20))
    except OSError as error:
        print(error.errno, written >> 20)
fill("{root}/w")
fill("/dev/shm")
"""
    outcome = host.run(code)
    assert outcome.log == "28 16\n28 4\n"


@own_root
def test_files_in_memory_are_memory(host: Any) -> None:
    code = """
import time
for number in range(16):
    with open(f"{root}/w/{number}", "wb") as file: file.write(bytes(8 << 20))
time.sleep(60)
"""
    outcome = host.run(code, limits={"memory": 100 * MIB, "scratch": 200 * MIB})
    assert outcome.killed_for == "memory"


@own_root
def test_empty_files_are_memory(host: Any) -> None:
    code = """
import os, time
for number in range(25_000): os.close(os.open(f"{root}/w/{number}", os.O_CREAT))
time.sleep(60)
"""
    outcome = host.run(code, limits={"memory": 24 * MIB, "scratch": 200 * MIB})
    assert outcome.killed_for == "memory"


@pytest.mark.parametrize("host", HOSTS, indirect=True)
def test_memory_that_no_limit_counts(host: Any) -> None:
    code = """
import mmap, os, socket
def attempt(name, do):
    try: do()
    except OSError as error: print(name, error.errno)
    else: print(name, "possible")
attempt("memfd", lambda: os.memfd_create("x"))
attempt("shared", lambda: mmap.mmap(-1, 1 << 20))
private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
attempt("huge", lambda: mmap.mmap(-1, 2 << 20, flags=private | 0x40000))
attempt("sockets", socket.socketpair)
mmap.mmap(-1, 1 << 20, flags=private)
"""
    if not host.seccomp:
        pytest.skip("libseccomp is missing")
    assert host.run(code).log == "memfd 1\nshared 1\nhuge 1\nsockets 1\n"


@pytest.mark.parametrize("host", ["B without seccomp", "plain: B without seccomp"], indirect=True)
def test_memory_without_a_name_is_found_without_a_filter(host: Any) -> None:
    code = """
import os, time
files = [os.memfd_create("x") for _ in range(20)]
for file in files: os.write(file, bytes(8 << 20))
time.sleep(60)
"""
    outcome = host.run(code, limits={"memory": 100 * MIB})
    assert outcome.killed_for == "memory"


@isolated
def test_endless_output(host: Any) -> None:
    code = """
import os
block = bytes(range(256)) * 256
while True: os.write(1, block)
"""
    outcome = host.run(code, seconds=0.4, limits={"log": 10_000})
    assert not outcome.ended
    assert 0 < outcome.dropped < (outcome.seconds / 0.002 + 100) * 65536  # 64 KiB every 2 ms
    # bytes that are no text are replaced, one character each
    assert len(outcome.log) == 10_000


@isolated
def test_the_last_words_are_kept(host: Any) -> None:
    code = "print('x' * 300_000, end='last words', flush=True)"
    outcome = host.run(code, limits={"log": 100})
    assert outcome.log == "x" * 90 + "last words"
    assert outcome.dropped == 300_010 - 100


@pytest.mark.parametrize("host", ["C", "C without namespaces"], indirect=True)
def test_files_of_tier_c_where_everyone_may_write(host: Any) -> None:
    code = """
import os
for folder in ("/tmp", "/var/tmp", "/dev/shm"):
    os.makedirs(f"{folder}/of-a-student/deep")
    open(f"{folder}/of-a-student/deep/file", "w").close()
    os.symlink("/etc", f"{folder}/of-a-student/link")
print("done")
""".replace('"/var/tmp", ', "" if host.kind == "C" else '"/var/tmp", ')
    assert host.run(code).log == "done\n"  # and nothing is left
    assert Path("/etc").is_dir()
