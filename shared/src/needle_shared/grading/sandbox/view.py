"""What a sandbox sees of the machine: programs and libraries, one Python, and nothing of anyone.

All of it as arguments of bubblewrap.
"""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from needle_shared.grading.sandbox.interface import SCRATCH, Limits

# Not all of /usr: /usr/src/app is where images of Docker keep an application.
_USR = [
    *("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libexec", "include", "share"),
    *("local/bin", "local/lib", "local/lib64", "local/include"),
]
_ETC = [
    "alternatives",
    "ld.so.cache",
]  # Debian's /usr/bin/c++ and libblas.so.3 go through the first
_DEVICES = ["null", "urandom", "random"]  # /dev/zero can be mapped as memory that nobody counts


def interpreter() -> str:
    """Return the path of the interpreter that this process runs on, outside of any venv."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def system() -> list[str]:
    """Return arguments that show the programs and libraries of the machine and Python, no packages.

    Of an interpreter outside of /usr, its program, `lib` and `include` are shown.
    """
    words = parents(["/usr/local/lib"])
    for name in _USR:
        if (path := Path("/usr", name)).is_dir():
            words += ["--ro-bind", str(path), str(path)]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    words += parents(f"/etc/{name}" for name in _ETC)
    for name in _ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    words += _python()
    words += ["--perms", "0755", "--dir", "/dev"]
    for name in _DEVICES:
        words += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for name, number in {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}.items():
        words += ["--symlink", f"/proc/self/fd{number}", f"/dev/{name}"]
    return [*words, "--proc", "/proc"]


def _python() -> list[str]:
    words: list[str] = []
    for prefix in {Path(sys.base_prefix).resolve(), Path(sys.base_exec_prefix).resolve()}:
        if not prefix.is_relative_to("/usr"):
            for part in ("lib", "lib64", "include"):
                words += parents([f"{prefix}/{part}"])
                words += ["--ro-bind-try", f"{prefix}/{part}", f"{prefix}/{part}"]
    if not (program := interpreter()).startswith("/usr/"):
        words += [*parents([program]), "--ro-bind", program, program]
    for folder in sorted(_packages()):
        words += ["--perms", "0755", "--size", "4096", "--tmpfs", folder, "--remount-ro", folder]
    return words


def _packages() -> set[str]:
    """Return the folders of installed packages in what is shown: there may be anything in them."""
    found = set()
    for prefix in {Path(p).resolve() for p in (sys.base_prefix, sys.base_exec_prefix)}:
        found |= {*prefix.glob("lib*/python*/*-packages")}
    for prefix in (Path("/usr"), Path("/usr/local")):
        found |= {*prefix.glob("lib*/python*/*-packages")}
    found |= {Path(p) for p in site.getsitepackages([sys.base_prefix, sys.base_exec_prefix])}
    return {os.path.realpath(path) for path in found if path.is_dir()}


def parents(paths: Iterable[str]) -> list[str]:
    """Return arguments that make the folders above `paths` such that everyone may enter them."""
    words: list[str] = []
    for path in paths:
        for folder in reversed(PurePosixPath(path).parents):
            if folder != PurePosixPath("/"):
                words += ["--perms", "0755", "--dir", str(folder)]
    return words


def memory_folders(limits: Limits) -> list[str]:
    """Return arguments for the folders that can be written to."""
    words = []
    for size, target in ((limits.scratch, SCRATCH), (limits.scratch // 4, "/dev/shm")):  # noqa: S108
        words += ["--perms", "1777", "--size", str(max(size, 4096)), "--tmpfs", target]
    return [*words, "--symlink", SCRATCH[1:], "/tmp"]  # noqa: S108 -- where programs look for it
