import ast
import inspect

import pytest

from needle_shared.grading.skeleton.errors import SourceError, SymbolError
from needle_shared.grading.skeleton.python_stubs import stub

SOURCE = '''\
"""A module."""

import math
from typing import overload

SCALE = 3  # stays


# Above the function.
@decorated(by=1)
def area(r: float, *, exact: bool = True, **more: int) -> float:  # noqa: C901
    """Return the area.

    More of it.
    """

    def nested(x):
        return secret_nested(x)

    # a secret comment
    return secret(r)  # secret, too

    # a secret comment after the body


def one_line(x): "Its docstring."; return secret(x)


async def later():
    return await secret()


class Op:
    factor: int = 2

    @overload
    def shape(self, x: int) -> int: ...
    @overload
    def shape(self, x: str) -> str: ...
    def shape(self, x):
        return secret(x)

    @property
    def size(self) -> int:
        """Return the size."""
        return self._secret

    @size.setter
    def size(self, value: int) -> None:
        self._secret = value

    def abstract(self) -> None:
        """Return nothing."""
        raise NotImplementedError

    def other(self):
        return "kept"

    class Inner:
        def deep(self):
            return secret(1)


if SCALE > 2:
    def chosen():
        return 1
else:
    def chosen():
        return 2


try:
    def tried():
        return secret(1)
finally:
    pass

def last():
    return secret(2)
    # the end
'''


def body(source, name):
    """Return the statements of a function without its docstring, as texts."""
    nodes = ast.parse(source).body
    *outer, last = name.split(".")
    for part in outer:
        (cls,) = [n for n in nodes if isinstance(n, ast.ClassDef) and n.name == part]
        nodes = cls.body
    nodes = [inner for n in nodes for inner in (n.body if isinstance(n, ast.Try) else [n])]
    found = [n for n in nodes if getattr(n, "name", None) == last]
    first = found[-1].body
    return [ast.unparse(n) for n in first[ast.get_docstring(found[-1]) is not None :]]


def test_names_stubbed_keep_signature_docstring_and_what_is_above():
    out = stub(SOURCE, ["area"], "hw1")
    assert body(out, "area") == ["raise NotImplementedError('hw1: area')"]
    assert (
        "# Above the function.\n@decorated(by=1)\ndef area(r: float, *, exact: bool = True" in out
    )
    assert "    More of it.\n" in out
    assert "noqa" not in out
    assert "a secret comment" not in out
    assert "secret_nested" not in out
    assert "SCALE = 3  # stays\n\n\n#" in out


@pytest.mark.parametrize(
    "name", ["one_line", "later", "tried", "last", "Op.other", "Op.Inner.deep"]
)
def test_only_the_body_of_the_function_changes(name):
    out = stub(SOURCE, [name], "hw9")
    assert body(out, name) == [f"raise NotImplementedError('hw9: {name}')"]
    (new,) = [n for n in ast.walk(ast.parse(out)) if is_stub_of(n, name)]
    (old,) = [n for n in ast.walk(ast.parse(SOURCE)) if getattr(n, "name", "") == new.name]
    assert type(new) is type(old)
    assert ast.dump(new.args) == ast.dump(old.args)
    assert ast.get_docstring(new) == ast.get_docstring(old)
    new.body, old.body = [], []
    rest = [name for name in ("def area", "secret_nested", "# a secret comment\n") if name in out]
    assert len(rest) == 3


def is_stub_of(node, name):
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(
        ast.unparse(n) == f"raise NotImplementedError('hw9: {name}')" for n in node.body
    )


def test_comments_after_the_body_are_gone():
    assert "the end" not in stub(SOURCE, ["last"], "hw1")


def test_overloads_stay_and_the_function_is_stubbed():
    out = stub(SOURCE, ["Op.shape"], "hw1")
    assert out.count("@overload") == 2
    assert body(out, "Op.shape") == ["raise NotImplementedError('hw1: Op.shape')"]
    assert out.count("NotImplementedError(") == 1


def test_a_property_is_stubbed_with_its_setter():
    out = stub(SOURCE, ["Op.size"], "hw1")
    assert out.count('raise NotImplementedError("hw1: Op.size")') == 2
    assert "@size.setter" in out
    assert "_secret" not in out


def test_of_a_class_all_methods_are_stubbed_that_do_something():
    out = stub(SOURCE, ["Op"], "hw1")
    for name in ("Op.shape", "Op.size", "Op.other", "Op.Inner.deep"):
        assert f'raise NotImplementedError("hw1: {name}")' in out
    assert "hw1: Op.abstract" not in out
    assert "factor: int = 2" in out
    assert "secret_nested" in out  # of another function


@pytest.mark.parametrize(
    ("source", "name", "message"),
    [
        (SOURCE, "missing", "missing is not defined"),
        (SOURCE, "area.nested", "area.nested is not defined"),
        (SOURCE, "shape", "shape is not defined"),
        (SOURCE, "chosen", "chosen is defined 2 times"),
        ("f = lambda x: x\n", "f", "f is not defined"),
        ("class A:\n    f = lambda self: 1\n", "A", "class A has a lambda"),
    ],
)
def test_unknown_and_ambiguous_names_are_refused(source, name, message):
    with pytest.raises(SymbolError, match=message):
        stub(source, [name], "hw1")


@pytest.mark.parametrize("source", ["def f(:\n", "x = (", "\0", "(" * 5000, "-" * 200_000 + "1"])
def test_what_is_no_python_is_refused(source):
    with pytest.raises(SourceError, match="not valid Python"):
        stub(source, ["f"], "hw1")


def test_stubs_raise_when_they_are_called_with_their_signature():
    space = {}
    exec(stub("def f(a, *b, c=1, **d):\n    return a\n", ["f"], "hw1"), space)
    assert str(inspect.signature(space["f"])) == "(a, *b, c=1, **d)"
    with pytest.raises(NotImplementedError, match=r"^hw1: f$"):
        space["f"](1)


def test_tabs_and_windows_lines_survive():
    out = stub("class A:\r\n\tdef f(self):\r\n\t\treturn 1\r\n\r\nx = 1\r\n", ["A.f"], "hw1")
    assert out == (
        'class A:\r\n\tdef f(self):\r\n\t\traise NotImplementedError("hw1: A.f")\r\n\r\nx = 1\r\n'
    )
