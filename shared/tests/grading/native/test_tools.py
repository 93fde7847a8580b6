"""The tools that build extensions, and what is said if one is missing."""

import pytest

from needle_shared.grading.native import tools


@pytest.fixture(autouse=True)
def _anew():
    tools.find_tools.cache_clear()
    yield
    tools.find_tools.cache_clear()


def test_versions_are_known():
    found = tools.find_tools()
    assert "pybind11" in found.versions
    assert "Python 3." in found.versions
    assert found.error_limit in {"-ferror-limit=3", "-fmax-errors=3"}


def test_a_missing_compiler_is_said(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(tools.MissingToolError, match="no C\\+\\+ compiler 'no-such-compiler' in"):
        tools.find_tools()


def test_tools_of_packages_are_shown_where_the_machine_has_none(monkeypatch):
    pytest.importorskip("cmake")
    pytest.importorskip("ninja")
    which = tools.shutil.which

    def without(name, path=None):
        return None if name in {"cmake", "ninja"} else which(name, path=path)

    monkeypatch.setattr(tools.shutil, "which", without)
    found = tools.find_tools()
    assert (found.cmake, found.ninja) == ("/opt/cmake/bin/cmake", "/opt/ninja/ninja")
    shown = {bind.target: bind.source for bind in found.binds}
    assert (shown["/opt/cmake"] / "bin" / "cmake").is_file()
    assert shown["/opt/ninja/ninja"].is_file()
    assert "cmake version" in found.versions


def test_a_missing_package_is_said(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(tools, "import_module", missing)
    with pytest.raises(tools.MissingToolError, match="pybind11 is needed to build extensions"):
        tools.find_tools()
