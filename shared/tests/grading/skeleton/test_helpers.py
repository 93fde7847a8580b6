import pytest

from needle_shared.grading.skeleton.errors import SymbolError
from needle_shared.grading.skeleton.helpers import private_helpers

PYTHON = """\
def _deep(x): return x
def _helper(x): return _deep(x)
def _shared(x): return x
def _unused(x): return x
def _at_import(x): return x
def public(x): return x
TABLE = _at_import(1)
class Op:
    def _own(self): return _helper(1)
    def compute(self): return self._own() + _shared(1) + public(1) + _at_import(2)
    def other(self): return _shared(1)
    def __repr__(self): return ""
"""

CPP = """\
namespace n {
namespace {
int deep(int x) { return x; }
int helper(int x) { return deep(x); }
int shared(int x) { return x; }
int unused(int x) { return x; }  // helper
int at_start(int x) { return x; }
const int table = at_start(1);
struct Walk {
  int next() { return 1; }
};
}
int visible(int x) { return x; }
int compute(int x) { return helper(x) + shared(x) + visible(x) + at_start(x) + Walk().next(); }
int other(int x) { return shared(x); }
}
"""


def test_helpers_of_listed_python_symbols():
    assert private_helpers(PYTHON, ["Op.compute"], "python") == ["_deep", "_helper", "Op._own"]
    assert private_helpers(PYTHON, ["Op.compute", "Op.other"], "python") == [
        "_deep", "_helper", "_shared", "Op._own",
    ]  # fmt: skip
    assert private_helpers(PYTHON, ["Op"], "python") == ["_deep", "_helper", "_shared"]
    assert private_helpers(PYTHON, ["Op.other"], "python") == []


def test_helpers_of_listed_cpp_symbols():
    assert private_helpers(CPP, ["n::compute"], "cpp") == ["n::deep", "n::helper", "n::Walk::next"]
    assert private_helpers(CPP, ["n::helper"], "cpp") == ["n::deep"]
    assert private_helpers(CPP, ["n::other"], "cpp") == []


def test_unknown_symbols_are_refused():
    with pytest.raises(SymbolError):
        private_helpers(PYTHON, ["missing"], "python")
