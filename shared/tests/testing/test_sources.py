"""The rules of sources, on a package made for the purpose."""

import importlib

import pytest

from needle_shared.testing import (
    modules_loaded_with,
    package_modules,
    packages_brought_by_import,
    run_python,
    source_files,
    undocumented_names,
    untyped_functions,
)

GOOD = '''
"""A module."""
class Base:
    """A class."""
    def method(self) -> int:
        """Return 1."""
        return 1
'''
BAD = """
from needle_made import Base
class Silent(Base):
    def method(self): return 2
    def other(self) -> int: return 3
    @property
    def size(self) -> int: return 4
    def _private(self) -> int: return 5
def function() -> None: pass
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "needle_made"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text(GOOD)
    (folder / "inner" / "__init__.py").write_text('"""Inside."""')
    (folder / "inner" / "bad.py").write_text(BAD)
    (folder / "__main__.py").write_text("raise SystemExit('a command ran')")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("needle_made")
    for name in ("needle_made", "needle_made.inner", "needle_made.inner.bad"):
        monkeypatch.delitem(importlib.sys.modules, name, raising=False)


def test_modules_are_found_without_commands(package):
    names = [module.__name__ for module in package_modules(package)]
    assert names == ["needle_made", "needle_made.inner", "needle_made.inner.bad"]
    assert len(source_files(package)) == 4


def test_what_is_not_documented_is_named(package):
    bad = "needle_made.inner.bad"
    expected = [
        bad,
        f"{bad}.Silent",
        f"{bad}.Silent.other",
        f"{bad}.Silent.size",
        f"{bad}.function",
    ]
    assert undocumented_names(package) == expected


def test_functions_without_a_type_are_named(package):
    assert untyped_functions(source_files(package)[-1]) == ["bad.py:4: method"]


def test_what_an_import_brings_and_changes_is_seen():
    assert packages_brought_by_import("json") == set()
    assert "pytest" in packages_brought_by_import("pytest")


def test_modules_are_loaded_without_their_package(package, monkeypatch):
    inside = {"needle_made.inner", "needle_made.inner.part", "needle_made.other"}
    home = source_files(package)[0].parent
    (home / "__init__.py").write_text("raise SystemExit('the package was imported')")
    (home / "inner" / "__init__.py").write_text("from needle_made.inner import part")
    (home / "inner" / "part.py").write_text("from needle_made import other")
    (home / "other.py").write_text("import json")
    assert modules_loaded_with(package, "needle_made.inner") == inside
    assert modules_loaded_with(package, "needle_made.other") == {"needle_made.other"}


def test_import_that_changes_numpy_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for line in ("numpy.random.seed(1)", "numpy.seterr(all='ignore')"):
        (tmp_path / "meddles.py").write_text(f"import numpy\n{line}\n")
        with pytest.raises(AssertionError, match="the import changed NumPy's"):
            packages_brought_by_import("meddles")


def test_python_runs_with_options_and_reports_failure():
    code = "import sys; print(sys.argv[1], __debug__)"
    assert run_python(code, "x", options=("-O",)) == "x False"
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        run_python("1 / 0")
