"""Builds the extension of a stage out of the files of a submission.

Every student's build starts from a copy of the build folder of the skeleton, so that only changed
files are compiled. That folder has nothing of the reference: its objects could be included in a
student's.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from needle_shared.grading.assignment import Assignment
from needle_shared.grading.native.cache import Cache
from needle_shared.grading.native.compiling import BuildLimits, Outcome, run_build
from needle_shared.grading.native.messages import failed_files, first_errors
from needle_shared.grading.native.tools import Tools, find_tools
from needle_shared.grading.runtime import digest, extension_file, write_files
from needle_shared.grading.sandbox.interface import MIB, SCRATCH, Bind, Sandbox, SandboxError
from needle_shared.grading.temporary import TemporaryFolder

_LARGEST_FOLDER = 512 * MIB
_LONG_AGO = 946_684_800  # the time of files that are as in the skeleton
_LOG = 1 << 16
_MOST_JOBS = 4  # a compiler takes up to 700 MiB
_OF_THE_MACHINE = re.compile(
    "Resource temporarily unavailable|Cannot allocate memory|No space left on device"
)


@dataclass(frozen=True)
class Built:
    """An extension: `module` is its file, or None if `errors` says why there is none.

    `errors` are the first three, one line each, as the compiler printed them; `failed` are the
    sources that have errors, as far as that is known. `log` is what was printed. All of these may
    hold anything that the student wrote. `cached` tells that nothing was built, `late` that it took
    too long or found no room on the machine: it may go well alone.
    """

    module: Path | None
    errors: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    log: str = ""
    seconds: float = 0.0
    cached: bool = False
    late: bool = False


def build_extension(
    assignment: Assignment,
    files: Mapping[str, bytes],
    sandbox: Sandbox,
    cache: Path,
    *,
    skeleton: Mapping[str, bytes] | None = None,
    limits: BuildLimits | None = None,
    slot: int = 0,
) -> Built:
    """Return the extension built from `files`, the skeleton of a stage with a student's in it.

    Identical sources are built once with the same tools, also by several processes at once. A
    failure for time or memory is not kept. `skeleton` may be given if it is known already.

    Raises
    ------
    ValueError
        If the stage has no extension, or a file of CMake's is not the skeleton's.
    SandboxError
        If the machine is at fault: no compiler, no sandbox, or a skeleton that cannot be built.
    """
    if assignment.native is None:
        raise ValueError(f"{assignment.stage} has no extension to build")
    if skeleton is None:
        from needle_shared.grading.skeleton.files import skeleton_files  # noqa: PLC0415 - slow

        skeleton = skeleton_files(assignment)
    original = _sources(skeleton)
    return _Builder(
        assignment.stage,
        extension_file(assignment.native.module),
        sandbox,
        Cache(cache / "native"),
        original,
        limits or BuildLimits(),
        slot,
    ).build(_sources(files))


def _sources(files: Mapping[str, bytes]) -> dict[str, bytes]:
    found = {n: c for n, c in files.items() if n.startswith("csrc/") or n == "CMakeLists.txt"}
    for name in found:
        if not re.fullmatch(r"(?:\w[\w-]*/)*\w[\w.-]*", name, re.ASCII):
            raise ValueError(f"{name!r} is not the name of a source")
    return found


def _is_cmake(name: str) -> bool:
    return name.endswith((".cmake", "CMakeLists.txt"))


@dataclass(frozen=True)
class _Builder:
    """What is the same for all submissions of a stage, and the slot of one."""

    stage: str
    module: str
    sandbox: Sandbox
    cache: Cache
    skeleton: Mapping[str, bytes]
    limits: BuildLimits
    slot: int

    def build(self, files: Mapping[str, bytes]) -> Built:
        if {n: c for n, c in files.items() if _is_cmake(n)} != {
            n: c for n, c in self.skeleton.items() if _is_cmake(n)
        }:
            raise ValueError("the files of CMake are not the skeleton's")
        name = f"{self.stage}-{self._key(files)}"
        with self.cache.locked(name):
            known = self._known(name)
            if known is not None:
                return known
            return self._compile(name, files)

    def _known(self, name: str) -> Built | None:
        module = self.cache.path(f"{name}.so")
        if module.is_file():
            return Built(module, cached=True)
        failure = self.cache.read_json(f"{name}.json")
        if failure is None:
            return None
        return Built(
            None, tuple(failure["errors"]), tuple(failure["failed"]), failure["log"], cached=True
        )

    def _compile(self, name: str, files: Mapping[str, bytes]) -> Built:
        warm = self._warm_folder()
        lines = [
            f"tar --no-same-owner -xf {self._inside('/warm.tar')} -C {self._build_folder}",
            self._ninja(),
            f"nm -DC --undefined-only {self._build_folder}/{self.module}",
            f"cat {self._build_folder}/{self.module} >&3",
        ]
        outcome = self._run(
            lines,
            files,
            [Bind(warm, "/warm.tar")],
            seconds=self.limits.seconds,
            largest=self.limits.module,
        )
        log = outcome.log[:_LOG]
        if outcome.stopped:
            late = outcome.seconds >= self.limits.seconds
            return Built(None, (outcome.stopped,), log=log, seconds=outcome.seconds, late=late)
        sources = self._inside("/src")
        errors = () if outcome.code else _undefined(outcome.log)
        if outcome.code == 0 and outcome.made and not errors:
            module = self.cache.write(f"{name}.so", outcome.made)
            return Built(module, log=log, seconds=outcome.seconds)
        errors = errors or first_errors(outcome.log, sources) or ("the build failed",)
        failed = tuple(n for n in failed_files(outcome.log, sources) if n in files)
        if _OF_THE_MACHINE.search(outcome.log):  # it may have room the next time
            return Built(None, errors, failed, log, outcome.seconds, late=True)
        self.cache.write_json(f"{name}.json", {"errors": errors, "failed": failed, "log": log})
        return Built(None, errors, failed, log, outcome.seconds)

    def _warm_folder(self) -> Path:
        """Return the build folder of the skeleton, as a tar archive: it keeps times exactly."""
        name = f"{self.stage}-{self._key(self.skeleton)}"
        warm = self.cache.path(f"{name}.tar")
        with self.cache.locked(f"{name}.tar"):
            if warm.is_file():
                return warm
            lines = [
                self._cmake(),
                self._ninja(),
                f"tar --format=posix -C {self._build_folder} -cf - . >&3",
            ]
            outcome = self._run(
                lines, self.skeleton, [], seconds=self.limits.cold, largest=_LARGEST_FOLDER
            )
            if outcome.code or outcome.stopped or not outcome.made:
                why = outcome.stopped or outcome.log[-4000:]
                raise SandboxError(f"the skeleton of {self.stage} cannot be built: {why}")
            return self.cache.write(warm.name, outcome.made)

    def _run(
        self,
        lines: list[str],
        files: Mapping[str, bytes],
        binds: list[Bind],
        *,
        seconds: float,
        largest: int,
    ) -> Outcome:
        script = ["set -e", "exec >&4 2>&1", f"mkdir -p {self._build_folder}", *lines]
        with TemporaryFolder() as folder:
            # Nobody else may enter it; in the sandbox, which may run as another account, the
            # sources do not lie below it.
            sources = folder / "src"
            write_files(sources, dict(files))
            now = time.time()
            for name, content in files.items():
                when = _LONG_AGO if self.skeleton.get(name) == content else now
                os.utime(sources / name, (when, when))
            outcome = run_build(
                self.sandbox,
                "\n".join(script),
                binds=[Bind(sources, "/src"), *self._tools.binds, *binds],
                env=self._env(),
                limits=self.limits.sandbox,
                seconds=seconds,
                largest=largest,
                slot=self.slot,
            )
        if outcome.code < 0 and not outcome.stopped:
            raise SandboxError(f"the build of {self.stage} was ended by signal {-outcome.code}")
        return outcome

    def _cmake(self) -> str:
        tools = self._tools
        settings = {
            "CMAKE_BUILD_TYPE": "Release",
            "CMAKE_CXX_COMPILER": tools.compiler,
            "CMAKE_CXX_FLAGS": "-fdiagnostics-color=never -fmessage-length=0 " + tools.error_limit,
            "CMAKE_MAKE_PROGRAM": self._tool(tools.ninja),
            "NEEDLE_CUDA": "OFF",
            "Python_EXECUTABLE": self.sandbox.python(),
            "pybind11_DIR": self._tool(tools.pybind11),
        }
        defined = [f"-D{key}={value}" for key, value in settings.items()]
        words = ["-G", "Ninja", "-S", self._inside("/src"), "-B", self._build_folder, *defined]
        return shlex.join([self._tool(tools.cmake), *words]) + " 3>&-"

    def _ninja(self) -> str:
        # Without 3: a source could include the pipe, which would never end.
        jobs = min(os.cpu_count() or 1, _MOST_JOBS)
        ninja = self._tool(self._tools.ninja)
        return f"{ninja} -C {self._build_folder} -j {jobs} -k 3 {self.module} 3>&-"

    def _env(self) -> dict[str, str]:
        home = self._inside(SCRATCH)
        # In C's locale, quotes in messages are ASCII.
        return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "TMPDIR": home, "LC_ALL": "C"}

    def _key(self, files: Mapping[str, bytes]) -> str:
        """Return a hash of all that the extension depends on.

        Of the skeleton, too: a build depends on the folder that it begins with, if only by time.
        """
        parts = [digest(dict(files)), digest(dict(self.skeleton))]
        parts += [self._tools.versions, self._cmake(), self._ninja(), self.module]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    def _inside(self, target: str) -> str:
        return self.sandbox.inside(target, self.slot)

    def _tool(self, program: str) -> str:
        """Return the path of a program inside: of the machine's as it is, of packages' as bound."""
        return self._inside(program) if program.startswith("/opt/") else program

    @property
    def _build_folder(self) -> str:
        return self._inside(f"{SCRATCH}/build")

    @property
    def _tools(self) -> Tools:
        return find_tools()


def _undefined(log: str) -> tuple[str, ...]:
    """Return errors for functions that are called and nowhere defined, as `nm` lists them.

    A shared library may lack them until it is loaded. Those of the system's libraries have a
    version behind an @; those of Python have not, and come from the interpreter.
    """
    names = re.findall(r"^ +U (?!_?Py)([^@\n]+)$", log, re.MULTILINE)
    return tuple(f"undefined reference to `{name}'" for name in names[:3])
