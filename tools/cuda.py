"""Build and test the CUDA device on a machine with a GPU, and measure it: `nox -s cuda`.

`python3 tools/cuda.py` does the same where nox cannot be installed: nothing is downloaded. It uses
the Python that runs it, which needs numpy, pytest, hypothesis, pybind11, scikit-build-core, cmake
and ninja. What is compiled is installed into `build/cuda`; the other packages are used where they
are.

    python3 tools/cuda.py                all of it
    python3 tools/cuda.py test bench     some of: build, test, sanitize, bench
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "build" / "cuda"
SITE = HOME / "site"
COMPILED = ["hw0", "hw3"]
SOURCES = [ROOT / name / "src" for name in ("shared", "hw1", "hw2", "hw4")]
PYTEST = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "needle_shared.pytest_plugin"]
DEVICE = "--device=needle_hw3:cuda"

# The array contract, and the tests of operators, modules, optimisers and training of each stage.
TESTS = {
    "hw3": ["hw3/tests", "--ignore=hw3/tests/cpu"],
    "hw1": ["hw1/tests"],
    "hw2": [f"hw2/tests/{part}" for part in ("nn", "ops", "optim", "test_kernels.py")],
    "hw4": ["hw4/tests"],
}
# Few tests, each of them many kernels: the sanitizers are a hundred times slower.
CHECKED = [
    *(f"hw3/tests/neural/test_{name}.py" for name in ("pooling", "recurrent")),
    *(f"hw3/tests/test_{name}.py" for name in ("indexing_kernels", "matmul", "reduction_sizes")),
]


def environment() -> dict[str, str]:
    """Return the environment in which the installed packages are found."""
    folders = [*map(str, (SITE, *SOURCES)), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(filter(None, folders))
    return {**os.environ, "PYTHONPATH": path, "CUDAARCHS": os.environ.get("CUDAARCHS", "native")}


def run(*command: str) -> bool:
    """Run a command in the root of the repository; return whether it succeeded."""
    print("+", " ".join(command), flush=True)
    return subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode == 0


def build() -> bool:
    """Compile what is compiled into `build/cuda/site`, the kernels for the GPU that is here."""
    shutil.rmtree(SITE, ignore_errors=True)
    os.environ.update(NEEDLE_CUDA="ON", NEEDLE_WERROR="ON")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps"]
    results = [
        run(*pip, "--target", str(SITE), f"-Cbuild-dir={HOME}/{name}", f"./{name}")
        for name in COMPILED
    ]
    return all(results)


def test() -> bool:
    """Run the tests on the GPU; say first what is missing, if it is."""
    code = "import needle_hw3 as nd; d = nd.cuda(); print(d, d.why_disabled or d.isa())"
    if not run(sys.executable, "-c", f"{code}; raise SystemExit(not d.enabled())"):
        return False
    results = [run(sys.executable, *PYTEST, *paths, DEVICE) for paths in TESTS.values()]
    return all(results)


def sanitize() -> bool:
    """Run some tests under compute-sanitizer: memcheck and racecheck."""
    tool = shutil.which("compute-sanitizer")
    if tool is None:
        print("compute-sanitizer is not here: nothing was checked with it")
        return True
    pytest = [sys.executable, *PYTEST, *CHECKED, DEVICE]
    results = [
        run(tool, f"--tool={name}", "--error-exitcode=9", *pytest)
        for name in ("memcheck", "racecheck")
    ]
    return all(results)


def bench() -> bool:
    """Measure, and save the table."""
    table = str(HOME / "bench_cuda.md")
    return run(sys.executable, "benchmarks/bench_cuda.py", "--save", table)


STEPS = {"build": build, "test": test, "sanitize": sanitize, "bench": bench}


def main() -> int:
    """Take the steps that are named, by default all; return 1 if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"of {', '.join(STEPS)}")
    steps = parser.parse_args().steps or list(STEPS)
    if unknown := set(steps) - set(STEPS):
        parser.error(f"no step {', '.join(sorted(unknown))}: there are {', '.join(STEPS)}")
    missing = [
        name
        for name in ("numpy", "pytest", "hypothesis", "pybind11", "scikit_build_core")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        parser.error(f"this Python lacks {', '.join(missing)}")
    results = {name: STEPS[name]() for name in steps}
    print(", ".join(f"{name}: {'passed' if good else 'FAILED'}" for name, good in results.items()))
    return int(not all(results.values()))


if __name__ == "__main__":
    sys.exit(main())
