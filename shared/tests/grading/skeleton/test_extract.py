import pytest

from needle_shared.grading.skeleton import cpp_stubs, python_stubs
from needle_shared.grading.skeleton.errors import SymbolError
from needle_shared.grading.skeleton.extract import definition, with_definition

PYTHON = '''\
import math


# A comment above.
@wrap
def f(x: int) -> int:
    """Return it."""
    # why
    return x + 1  # so


class A:
    rate = 1

    def f(self):
        text = """
two
lines"""
        return text

    @property
    def size(self):
        return 1

    @size.setter
    def size(self, value):
        self.value = value


x = f(1)
'''

CPP = """\
namespace a {
struct P {
  /// Above.
  int get() const { return 1; }
  int& get() { return x; }
  int x = 0;
  int far();
};

template <class T>
T twice(T x) {
  return x + x;  // so
}
int P::far() {
  return 3;
}
namespace b {
int over(int);
}
int b::over(int x) { return x; }
}  // namespace a
"""


@pytest.mark.parametrize("name", ["f", "A", "A.f", "A.size"])
def test_a_python_definition_replaces_a_stub(name):
    stubbed = python_stubs.stub(PYTHON, [name], "hw1")
    assert stubbed != PYTHON
    assert with_definition(stubbed, name, definition(PYTHON, name, "python"), "python") == PYTHON


@pytest.mark.parametrize("name", ["a::P", "a::P::get", "a::P::far", "a::twice", "a::b::over"])
def test_a_cpp_definition_replaces_a_stub(name):
    stubbed = cpp_stubs.stub(CPP, [name], "hw3")
    assert stubbed != CPP
    done = with_definition(stubbed, name, definition(CPP, name, "cpp"), "cpp")
    assert done.replace("#include <stdexcept>\n\n", "") == CPP


def test_a_definition_has_no_more_than_its_symbol():
    assert definition(PYTHON, "f", "python").startswith("@wrap\ndef f(x: int) -> int:\n")
    assert definition(PYTHON, "A.f", "python").startswith("def f(self):\n    text")
    assert definition(PYTHON, "A.size", "python").count("def size") == 2
    assert definition(CPP, "a::twice", "cpp").startswith("template <class T>\nT twice")
    assert "int P::far() {" in definition(CPP, "a::P", "cpp")


def test_a_definition_takes_the_place_and_the_indentation_of_the_other():
    text = "def f(self):\n  if self:\n    return 2\n"
    lines = with_definition(PYTHON, "A.f", text, "python").splitlines()
    at = lines.index("    def f(self):")
    assert [line.strip() for line in lines[at + 1 : at + 3]] == ["if self:", "return 2"]
    assert lines[at - 2 : at] == ["    rate = 1", ""]
    assert lines[at + 4] == "    @property"


def test_overloads_are_matched_by_their_types():
    old = "int f(int a) { return 1; }\nint f(double a) { return 2; }\n"
    char = "int f(char c) { return 30; }"
    text = f"int f(double b) {{ return 20; }}\n\n{char}\n\nint f(int b) {{ return 10; }}"
    done = with_definition(old, "f", text, "cpp")
    assert done == f"int f(int b) {{ return 10; }}\nint f(double b) {{ return 20; }}\n\n{char}\n"


def test_a_setter_more_or_less_is_no_problem():
    text = "@property\ndef size(self):\n    return 2\n"
    done = with_definition(PYTHON, "A.size", text, "python")
    assert "setter" not in done
    both = definition(PYTHON, "A.size", "python")
    assert with_definition(done, "A.size", both, "python").count("def size") == 2


@pytest.mark.parametrize(
    ("kind", "source", "name", "text"),
    [
        ("python", PYTHON, "g", "def g(): pass"),
        ("python", PYTHON, "f", "def g(): pass"),
        ("python", PYTHON, "f", "import os\ndef f(): pass"),
        ("python", PYTHON, "f", ""),
        ("cpp", CPP, "a::nothing", "int nothing() { return 1; }"),
        ("cpp", CPP, "a::twice", "int thrice() { return 1; }"),
        ("cpp", CPP, "a::twice", "int x;"),
    ],
)
def test_what_does_not_fit_is_refused(kind, source, name, text):
    with pytest.raises(SymbolError):
        with_definition(source, name, text, kind)
