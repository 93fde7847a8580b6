"""What a hostile command can see and reach: nothing that is not its own."""

from __future__ import annotations

import os
import platform
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BUBBLEWRAPS = ["B", "plain: B", "B of PyPI", "B without seccomp", "plain: B without seccomp"]
bubblewrap = pytest.mark.parametrize("host", BUBBLEWRAPS[:2], indirect=True)
all_bubblewraps = pytest.mark.parametrize("host", BUBBLEWRAPS, indirect=True)
isolated = pytest.mark.parametrize(
    "host", [*BUBBLEWRAPS[:2], "C", "C without namespaces"], indirect=True
)
ATTEMPT = """
import os
def attempt(name, do):
    try: result = do()
    except OSError as error: print(name, type(error).__name__)
    else: print(name, "possible", result)
"""


@all_bubblewraps
def test_files(host: Any) -> None:
    outcome = host.run("import os; print(sorted(os.listdir('/')), sorted(os.listdir('/etc')))")
    root, etc = outcome.log.strip().removesuffix("]").split("] [")
    shown = set(eval(f"{root}]"))
    usual = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}
    usual |= {"usr", "etc", "proc", "dev", "tmp", "w"}
    assert shown - usual <= {Path(host.facts["python"]).parts[1]}
    assert set(eval(f"[{etc}]")) <= {"alternatives", "ld.so.cache"}


@bubblewrap
def test_nothing_of_the_teacher(host: Any, sources: Path) -> None:
    paths = [
        str(Path.home()),
        str(Path(__file__).parent),
        str(sources),
        "/etc/shadow",
        "/etc/passwd",
    ]
    paths += ["/usr/src", "/sys", "/run", "/var", "/proc/1/root/etc/passwd"]
    code = f"""
import os, sys
for path in {paths}:
    try: found = os.listdir(path) if os.path.isdir(path) else os.path.exists(path)
    except OSError: found = False
    if found: print(path, found)
import glob
for folder in [path for prefix in ("/usr", "/usr/local", sys.prefix)
               for path in glob.glob(prefix + "/lib*/python*/*-packages")]:
    if os.path.isdir(folder) and os.listdir(folder): print(folder)
"""
    lines = host.run(code).log.splitlines()
    # the folder of Python may be below the teacher's home: nothing else in it may be seen
    home, python = str(Path.home()), host.facts["python"]
    if python.startswith(home + "/"):
        first = Path(python).relative_to(home).parts[0]
        assert lines == [f"{home} [{first!r}]"]
    else:
        assert lines == []


@bubblewrap
def test_environments_and_commands_of_others(host: Any) -> None:
    code = """
import os
pids = [pid for pid in os.listdir("/proc") if pid.isdigit()]
print(len(pids))
for pid in pids:
    for name in ("environ", "cmdline", "maps"):
        try: print(open(f"/proc/{pid}/{name}", errors="replace").read().replace("\\0", " "))
        except OSError: pass
"""
    outcome = host.run(code)
    assert outcome.log.split("\n")[0] == "2"  # bwrap and the command
    for secret in ("of the teacher", "host.py", "--ro-bind", str(host.process.pid)):
        assert secret not in outcome.log


@isolated
def test_processes_of_others(host: Any, hosts: Any) -> None:
    targets = [host.process.pid, os.getpid(), 1]
    code = f"""
import os
for pid in {targets}:
    for number in (0, 9, 19):
        try: os.kill(pid, number); print("reached", pid) if number == 0 and pid > 1 else None
        except OSError: pass
print("still here")
"""
    outcome = host.run(code)
    assert outcome.log == "still here\n"
    assert outcome.code == 0
    assert host.process.poll() is None


@isolated
def test_jobs_do_not_reach_each_other(host: Any, new_host: Any) -> None:
    other = new_host(host.name)
    other.send(
        "import time; print('begun', flush=True); time.sleep(60)", until="never", seconds=0.6
    )
    while len(other.processes()) < 2:
        time.sleep(0.01)
    code = """
import os
for pid in [-1, *range(2, 5000)]:
    if pid != os.getpid():
        try: os.kill(pid, 9)
        except OSError: pass
print("done")
"""
    assert host.run(code).log == "done\n"
    facts = other.answer()
    assert (facts["ended"], facts["code"]) == (False, -9)
    assert facts["log"].startswith("begun\n")  # unshare may add that it could not end by a signal


@all_bubblewraps
def test_other_users(host: Any) -> None:
    code = (
        ATTEMPT
        + """
import ctypes
print(os.getuid() == os.geteuid() != 0, os.getgroups() in ([], [os.getgid()]))
attempt("setuid", lambda: os.setuid(0))
attempt("setresuid", lambda: os.setresuid(0, 0, 0))
attempt("setgroups", lambda: os.setgroups([0]))
attempt("chroot", lambda: os.chroot("/w"))
attempt("mknod", lambda: os.mknod("/w/disk", 0o60666, os.makedev(254, 0)))
status = open("/proc/self/status").read()
print({line.split()[1] for line in status.splitlines() if line.startswith("Cap")})
print([line for line in status.splitlines() if line.startswith("NoNewPrivs")])
os.close(os.open("/w/program", os.O_CREAT, 0o4755))
os.chmod("/w/program", 0o6755)
for line in open("/proc/self/mountinfo"):
    options = line.split()[5].split(",")
    if "nosuid" not in options: print(line)
    if "nodev" not in options and "/dev/" not in line: print(line)
    if "ro" not in options and line.split()[4] not in ("/w", "/dev/shm", "/proc", "/dev/null",
        "/dev/random", "/dev/urandom"): print(line)
"""
    )
    lines = host.run(code).log.splitlines()
    assert lines[0] == "True True"
    assert [line.split()[1] for line in lines[1:6]] == [
        *(["PermissionError"] * 2 if host.root else [lines[1].split()[1], lines[2].split()[1]]),
        "PermissionError",
        "PermissionError",
        "PermissionError",
    ]
    assert "possible" not in "".join(lines)
    assert lines[6:] == ["{'0000000000000000'}", "['NoNewPrivs:\\t1']"]


@bubblewrap
def test_settings_of_the_kernel(host: Any) -> None:
    code = (
        ATTEMPT
        + """
for name in ("sys/kernel/core_pattern", "sys/kernel/hostname", "sys/vm/drop_caches",
             "sysrq-trigger", "1/oom_score_adj", "1/mem"):
    attempt(name, lambda: open(f"/proc/{name}", "r+b").close())
attempt("oom", lambda: os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-1000"))
attempt("kcore", lambda: open("/proc/kcore", "rb").read(10))
attempt("console", lambda: open("/dev/console"))
attempt("tty", lambda: open("/dev/tty"))
attempt("disk", lambda: open("/dev/vda", "rb"))
print(os.uname().nodename)
"""
    )
    lines = host.run(code).log.splitlines()
    assert lines[-1] == "sandbox"
    # its own first process is behind the same walls: a plain user may write to its settings
    possible = [line for line in lines if "possible" in line]
    assert {line.split()[0] for line in possible} <= (
        set() if host.root else {"1/oom_score_adj", "1/mem"}
    )


@pytest.fixture
def listeners() -> Iterator[tuple[int, str]]:
    """A TCP port and an abstract Unix socket that somebody listens on outside."""
    name = f"needle-test-{os.getpid()}"
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as unix:
        tcp.bind(("127.0.0.1", 0))
        unix.bind(f"\0{name}")
        for listener in (tcp, unix):
            listener.listen()
        yield tcp.getsockname()[1], name


@pytest.mark.parametrize("host", [*BUBBLEWRAPS, "C", "C without namespaces"], indirect=True)
def test_network(host: Any, listeners: tuple[int, str]) -> None:
    port, name = listeners
    code = f"""
import os, socket
def attempt(family, address, kind=socket.SOCK_STREAM):
    try:
        with socket.socket(family, kind) as s: s.settimeout(1); s.connect(address)
    except OSError as error: print(type(error).__name__)
    else: print("possible", address)
attempt(socket.AF_INET, ("127.0.0.1", {port}))
attempt(socket.AF_INET, ("192.0.2.1", 53), socket.SOCK_DGRAM)
attempt(socket.AF_UNIX, "\\0{name}")
names = "/proc/net/dev_snmp6"
print(os.listdir(names) if os.path.isdir(names) else [])
"""
    if host.kind == "C without namespaces" and not host.seccomp:
        pytest.skip("libseccomp is missing: the network is open, and describe() says so")
    lines = host.run(code).log.splitlines()
    assert len(lines) == 4
    assert "possible" not in "".join(lines)
    if host.kind != "C without namespaces":
        assert lines[3] in {"['lo']", "[]"}


CALLS = {  # on x86-64, from asm/unistd_64.h, with arguments that would work or fail with EFAULT
    "unshare(CLONE_NEWUSER)": (272, 0x10000000),
    "clone(CLONE_NEWUSER)": (56, 0x10000011),
    "clone3": (435, 0, 0),
    "setns": (308, 0, 0),
    "mount": (165, 0, 0, 0, 0, 0),
    "umount2": (166, 0, 0),
    "pivot_root": (155, 0, 0),
    "ptrace(PTRACE_TRACEME)": (101, 0, 0, 0, 0),
    "process_vm_readv": (310, 1, 0, 0, 0, 0, 0),
    "keyctl": (250, 0, -3, 0),
    "add_key": (248, 0, 0, 0, 0, -3),
    "bpf": (321, 0, 0, 0),
    "perf_event_open": (298, 0, 0, 0, 0, 0),
    "userfaultfd": (323, 1),
    "io_uring_setup": (425, 1, 0),
    "memfd_secret": (447, 0),
    "vmsplice": (278, 0, 0, 0, 0),
    "open_by_handle_at": (304, 0, 0, 0),
    "kexec_load": (246, 0, 0, 0, 0),
    "init_module": (175, 0, 0, 0),
    "personality": (135, 0x0040000),
    "shmget": (29, 0, 4096, 0o1600),
    "msgget": (68, 0, 0o1600),
    "ioctl(TIOCSTI)": (16, 0, 0x5412, 0),
    "ioctl(TIOCSTI), upper bits": (16, 0, 0x100005412, 0),
}


@isolated
@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of calls are for x86-64")
def test_forbidden_calls(host: Any) -> None:
    if not host.seccomp:
        pytest.skip("libseccomp is missing")
    code = f"""
import ctypes, errno, os
call = ctypes.CDLL(None, use_errno=True).syscall
me = os.getpid()
for name, numbers in {CALLS!r}.items():
    result = call(*[ctypes.c_long(number) for number in numbers])
    if os.getpid() != me: os._exit(0)
    if result != -1 or ctypes.get_errno() != (38 if name == "clone3" else 1):
        print(name, result, errno.errorcode[ctypes.get_errno()])
print(call(135, 0), open("/proc/self/status").read().count("Seccomp:\\t2"))
"""
    assert host.run(code).log == "0 1\n"


@pytest.mark.parametrize("host", BUBBLEWRAPS, indirect=True)
def test_nested_user_namespaces(host: Any) -> None:
    code = """
import subprocess
command = ["/usr/bin/unshare", "--user", "--map-root-user", "true"]
print(subprocess.run(command, stderr=subprocess.DEVNULL).returncode)
"""
    if host.facts["ready"]["nested user namespaces"] != "denied":
        pytest.skip("as root without libseccomp they are possible, and describe() says so")
    assert host.run(code).log == "1\n"


@isolated
def test_pipes_of_the_grader(host: Any) -> None:
    code = """
import os
os.write(4, b"mine")
for number in range(3, 256):
    if number != 4:
        try: os.write(number, b"forged"); print("wrote to", number)
        except OSError: pass
"""
    outcome = host.run(code, pipes=[4])
    assert (outcome.log, outcome.pipes) == ("", {"4": "mine"})
