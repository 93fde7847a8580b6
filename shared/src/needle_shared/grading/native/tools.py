"""The compiler and the tools of a build, and what shows them to a sandbox."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from needle_shared.grading.sandbox.interface import Bind, SandboxError

# What every sandbox shows of the machine.
_PATH = "/usr/local/bin:/usr/bin:/bin"


class MissingToolError(SandboxError):
    """A tool that builds extensions is not there; the message says which and what to do."""


@dataclass(frozen=True)
class Tools:
    """Programs by their path inside: `binds` shows those that are not the machine's.

    `versions` says all of them in one text: the same sources and versions give the same extension.
    """

    compiler: str
    cmake: str
    ninja: str
    pybind11: str
    binds: tuple[Bind, ...]
    versions: str

    @property
    def error_limit(self) -> str:
        """The flag that ends a compilation after some errors."""
        return "-ferror-limit=3" if "clang" in self.versions else "-fmax-errors=3"


@functools.cache
def find_tools() -> Tools:
    """Return the tools of this machine, and those of Python packages where it has none.

    The compiler is `$CXX`, or `c++`. It must be one of the machine's: a sandbox sees nothing else.
    """
    compiler = shutil.which(os.environ.get("CXX", "c++"), path=_PATH)
    if compiler is None:
        raise MissingToolError(
            f"no C++ compiler {os.environ.get('CXX', 'c++')!r} in {_PATH}: install g++, or set CXX"
        )
    binds: list[Bind] = []
    cmake = shutil.which("cmake", path=_PATH) or _packaged_cmake(binds)
    ninja = shutil.which("ninja", path=_PATH) or _packaged_ninja(binds)
    binds.append(Bind(_package("pybind11"), "/opt/pybind11"))
    versions = [
        *(_output(program, "--version") for program in (compiler, _outside(cmake, binds))),
        f"pybind11 {_version('pybind11')}",
        f"Python {sys.version}",
        str(sysconfig.get_config_var("EXT_SUFFIX")),
    ]
    return Tools(
        compiler, cmake, ninja, "/opt/pybind11/share/cmake/pybind11", tuple(binds),
        "\n".join(versions),
    )  # fmt: skip


def _packaged_cmake(binds: list[Bind]) -> str:
    binds.append(Bind(_package("cmake") / "data", "/opt/cmake"))
    return "/opt/cmake/bin/cmake"


def _packaged_ninja(binds: list[Bind]) -> str:
    binds.append(Bind(Path(str(import_module("ninja").BIN_DIR)) / "ninja", "/opt/ninja/ninja"))
    return "/opt/ninja/ninja"


def _package(name: str) -> Path:
    try:
        return Path(str(import_module(name).__file__)).parent
    except ImportError:
        raise MissingToolError(
            f"{name} is needed to build extensions: install needle-shared[grading]"
        ) from None


def _outside(program: str, binds: list[Bind]) -> str:
    for bind in binds:
        if program.startswith(f"{bind.target}/"):
            return str(bind.source) + program.removeprefix(bind.target)
    return program


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return str(import_module(name).__version__)


def _output(*command: str) -> str:
    try:
        result = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingToolError(f"{command[0]} does not run: {error}") from None
    return result.stdout.strip()
