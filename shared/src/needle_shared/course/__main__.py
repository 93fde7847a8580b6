"""Run the tests of a checkout of the course against a stage."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from needle_shared.course import plugin
from needle_shared.course.table import STAGES

CONFIGURATIONS = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


def main(arguments: Sequence[str] | None = None) -> int:
    """Return pytest's exit code for the `tests` of a checkout; 2 for a usage error."""
    parser = argparse.ArgumentParser("python -m needle_shared.course", description=__doc__)
    parser.add_argument("stage", choices=STAGES, help="what answers `import needle`")
    parser.add_argument("checkout", type=Path, help="a directory with tests/, python/ or src/")
    parser.add_argument("options", nargs=argparse.REMAINDER, help="options of pytest")
    chosen = parser.parse_args(arguments)
    if not chosen.checkout.is_dir():
        parser.error(f"there is no directory {chosen.checkout}")
    if not (chosen.checkout / "tests").is_dir():
        parser.error(f"{chosen.checkout} is no checkout of the course: it has no directory tests")
    os.chdir(chosen.checkout)  # course code says `sys.path.append("./python")` and "./data"
    sys.path.insert(0, str(Path.cwd()))
    # pytest notes that this package, which also registers fixtures, is imported already.
    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    options = ["--stage", chosen.stage, *quiet, *_isolation(), "tests", *chosen.options]
    return int(pytest.main(options, plugins=[plugin]))


def _isolation() -> list[str]:
    """Return options that keep the settings of a directory above the checkout out of it."""
    if any(Path(folder, name).exists() for name in CONFIGURATIONS for folder in (".", "tests")):
        return []
    return ["-c", os.devnull, "--rootdir", ".", "--confcutdir", "."]


if __name__ == "__main__":
    sys.exit(main())
