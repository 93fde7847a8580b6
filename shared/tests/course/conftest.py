"""Runs of the command in a process of its own, and a stage made for the tests."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from needle_shared.course.modules import AutogradModule, SeedingModule
from needle_shared.course.mugrade import Mugrade
from needle_shared.course.table import STAGES, Stage, answered_by

HERE = Path(__file__).parent
collect_ignore_glob = ["checkout_*"]  # course code, which needs an alias: run by the command

FAKE = {
    "__init__.py": """
from needle_fake import autograd, ops
from needle_fake.autograd import Value

def double(x):
    return 2 * x
""",
    "autograd.py": """
import weakref
from contextlib import contextmanager

depth_of_lazy = 0

class Value:
    def __init__(self, owner=None):
        self._owner = None if owner is None else weakref.ref(owner)

@contextmanager
def lazy():
    global depth_of_lazy
    depth_of_lazy += 1
    yield
    depth_of_lazy -= 1
""",
    "ops.py": """
__all__ = ["exp", "max"]

def exp(x):
    return 2.71828 ** x

def max(x):
    return x

def unlisted():
    pass
""",
}


@pytest.fixture
def fake_stage(tmp_path, monkeypatch):
    """A stage "fake", whose package lies on `sys.path`; returns that directory."""
    package = tmp_path / "path" / "needle_fake"
    package.mkdir(parents=True)
    for name, source in FAKE.items():
        (package / name).write_text(source)
    monkeypatch.syspath_prepend(package.parent)
    modules = {
        "needle": answered_by("needle_fake", {"np": "numpy", "absent": "not_installed:thing"}),
        "needle.autograd": answered_by("needle_fake.autograd", kind=AutogradModule),
        "needle.ops": answered_by("needle_fake.ops", {"Value": "needle_fake:Value"}),
        "needle.backend_numpy": answered_by(None),
        "apps": answered_by(None),
        "apps.model": answered_by("needle_fake", kind=SeedingModule),
        "model": answered_by("needle_fake", kind=SeedingModule),
        "mugrade": Mugrade,
    }
    monkeypatch.setitem(STAGES, "fake", Stage("needle_fake", modules))
    yield package.parent
    for name in [
        name for name in sys.modules if name.partition(".")[0] in {"needle_fake", "needle"}
    ]:
        del sys.modules[name]


@pytest.fixture
def run(tmp_path):
    """Run Python with `arguments` in `tmp_path`; return what it printed, and its exit code."""

    def run_python(*arguments, plugins=False):
        less = {} if plugins else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # starts twice as fast
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, **less},
            capture_output=True,
            text=True,
            check=False,
        )

    return run_python


@pytest.fixture
def checkout_of(tmp_path):
    """Copy the course code that is kept here for a stage, and return the copy."""

    def copy(stage):
        package = STAGES[stage].package
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
        return shutil.copytree(HERE / f"checkout_{stage}", tmp_path / "checkout")

    return copy
