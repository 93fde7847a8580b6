"""What counts as a line of code."""

import importlib
import sys
import textwrap

import pytest

from needle_shared.evolution.lines import (
    cpp_lines,
    function_lines,
    loaded_lines,
    native_lines,
    python_lines,
)

PYTHON = [
    ("", 0),
    ("# comment\n\n", 0),
    ('"""Module."""\n', 0),
    ("x = 1  # comment\n", 1),
    ("x = (\n    1,\n    2,\n)\n", 1),
    ("x = 1; y = 2\n", 2),
    ('x = """a\nb\n"""\n', 1),
    ('def f(\n    a,\n    b,\n):\n    """Doc.\n\n    More.\n    """\n    return a\n', 2),
    ('class C:\n    """Doc."""\n\n    x = 1\n    """Doc of x."""\n', 2),
    ("if a:\n    b = 1\nelse:\n    b = 2\n", 3),
    ("if a:\n    raise ValueError(a)\n", 0),
    ("if a:\n    raise ValueError(a)\nelse:\n    b = 1\n", 3),
    ("if a:\n    if b:\n        raise ValueError(a)\n    c = 1\n", 2),
    ("check_shapes(X, y)\nchecks.check(X)\n", 0),
    ("ok = check_shapes(X, y)\n", 1),
    ("raise ValueError\n", 1),
]

CPP = [
    ("", 0),
    ("// comment\n\n  // more\n", 0),
    ("/* one\n two\n*/\nint x;  // three\n", 1),
    ("int /* inside */ y;\n/* before */ int z;\n", 2),
    ('const char *url = "http://x";\n', 1),
    ('auto s = "/*";\nint a;\nauto e = "*/";\n', 3),
    ("char c = '\"'; // '\nchar d = '\\'';\nint e = 1'000'000;\n", 3),
    ("void f()\n{\n    g();\n}\n};\n", 2),
    ("int a;\r\n\r\n// c\r\n", 1),
]


@pytest.mark.parametrize(("source", "lines"), PYTHON)
def test_python_lines_are_statements_without_docstrings_and_checks(source, lines):
    assert python_lines(source) == lines


@pytest.mark.parametrize(("source", "lines"), CPP)
def test_cpp_lines_hold_more_than_comments_and_braces(source, lines):
    assert cpp_lines(source) == lines


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package `counted`, with C++ beside its sources."""
    sources = {
        "__init__.py": "from counted.net import train\n",
        "net.py": '''
            """Doc."""
            import functools
            from counted.checks import check
            from counted.helpers import shift, Unused
            from math import floor

            def train(x):
                """Doc."""
                check(x)
                y = [shift(v) for v in x]
                return floor(sum(y))

            @functools.wraps(train)
            def wrapped(x):
                return train(x)
        ''',
        "helpers.py": """
            def shift(x):
                if x < 0:
                    raise ValueError(message(x))
                return (lambda v: scale(v) - 1)(x)

            def scale(x):
                return x if x < 1 else shift(x / 2)

            def message(x):
                return str(x)

            class Unused:
                pass
        """,
        "checks.py": "def check(x):\n    return x\n",
    }
    folder = tmp_path / "src" / "counted"
    folder.mkdir(parents=True)
    for name, source in sources.items():
        (folder / name).write_text(textwrap.dedent(source), "utf-8")
    monkeypatch.syspath_prepend(tmp_path / "src")
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "counted"]:
        del sys.modules[name]


def test_function_lines_follow_the_helpers_that_are_used_each_once(package):
    train = importlib.import_module("counted.net").train
    own, shift, scale = 3, 2, 2
    assert function_lines([train], within="counted") == own + shift + scale
    assert function_lines([train, train], within="counted.helpers") == own + shift + scale
    assert function_lines([train], within="counted.net") == own
    assert function_lines([train], within="count") == own


def test_a_decorated_function_is_counted_as_what_it_decorates(package):
    net = importlib.import_module("counted.net")
    plain = function_lines([net.train], "counted")
    assert function_lines([net.wrapped], "counted") == plain
    assert function_lines([net.wrapped, net.train], "counted") == plain


def test_loaded_lines_are_those_of_every_file_that_was_imported(package):
    (package / "src" / "counted" / "unused.py").write_text("x = 1\n")
    assert loaded_lines("counted") == 0
    importlib.import_module("counted")
    lines = 1 + (4 + 3 + 2) + (2 + 2 + 2 + 2) + 2
    assert loaded_lines("counted") == loaded_lines("counted", "not_there") == lines
    assert loaded_lines("count", "math") == 0
    importlib.import_module("counted.unused")
    assert loaded_lines("counted") == lines + 1


def test_native_lines_are_those_beside_the_sources_if_they_are_there(package):
    assert native_lines("counted") is None
    (package / "csrc" / "deep").mkdir(parents=True)
    (package / "csrc" / "a.cpp").write_text("int a;\n// no\n")
    (package / "csrc" / "deep" / "b.h").write_text("int b;\nint c;\n")
    (package / "csrc" / "notes.txt").write_text("not code\n")
    (package / "csrc" / "tests").mkdir()
    (package / "csrc" / "tests" / "test_a.cpp").write_text("int d;\n")
    assert native_lines("counted") == 3
