"""Run the benchmarks: `python benchmarks/run.py [NAME ...]`, by default all.

Each `bench_NAME.py` runs in a process of its own and compares its stage with NumPy and, where it
is installed, with PyTorch, in one run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(argv: list[str] | None = None) -> int:
    """Run the benchmarks that are named; return 1 if one of them fails."""
    known = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    names = parser.parse_args(argv).names or known
    for name in names:
        if name not in known:
            parser.error(f"no benchmark {name}: there are {', '.join(known)}")
    codes = [subprocess.call([sys.executable, str(HERE / f"bench_{name}.py")]) for name in names]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
