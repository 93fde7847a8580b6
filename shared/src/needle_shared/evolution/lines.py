"""Lines of code of functions, packages and C++ sources.

A line of code is one that is not blank, not a comment and not part of a docstring.
"""

import ast
import importlib
import inspect
import io
import re
import textwrap
import tokenize
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

Function = Callable[..., Any]

_LAYOUT = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_NATIVE_SUFFIXES = {".cpp", ".cu", ".def", ".h", ".hpp", ".inl"}

# Strings and characters are matched so that a // inside of them is not taken for a comment.
_CPP_COMMENT = re.compile(
    r"""(?P<kept> "(?:\\.|[^"\\\n])*" | '(?:\\[^\n']+|\\'|[^'\\\n])' )
      | //[^\n]* | /\*.*?\*/""",
    re.DOTALL | re.VERBOSE,
)


def python_lines(source: str) -> int:
    """Return the number of lines of code of a Python source text."""
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _LAYOUT:
            code.update(range(token.start[0], token.end[0] + 1))
    return len(code.difference(_docstring_lines(ast.parse(source))))


def _docstring_lines(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            yield from range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)


def cpp_lines(source: str) -> int:
    """Return the number of lines of code of a C++ source text."""
    code = _CPP_COMMENT.sub(lambda match: match["kept"] or "\n" * match[0].count("\n"), source)
    return sum(bool(line.strip()) for line in code.splitlines())


def function_lines(functions: Iterable[Function], within: str, without: str = "") -> int:
    """Return the lines of code of `functions` and of the helpers that they call.

    Helpers are functions and classes that the code names, directly or through one another, and
    that are defined in the module or package `within`, but not in `without`.
    """
    todo, seen = list(functions), []
    while todo:
        function = inspect.unwrap(todo.pop())
        if function not in seen:
            seen.append(function)
            helpers = _named_by(function)
            todo.extend(h for h in helpers if _is_in(h, within) and not _is_in(h, without))
    return sum(python_lines(textwrap.dedent(inspect.getsource(function))) for function in seen)


def _is_in(function: Function, module: str) -> bool:
    return bool(module) and f"{function.__module__}.".startswith(f"{module}.")


def _named_by(function: Function) -> Iterator[Function]:
    for name in _names(getattr(function, "__code__", None)):
        value = function.__globals__.get(name)
        if inspect.isfunction(value) or inspect.isclass(value):
            yield value


def _names(code: CodeType | None) -> set[str]:
    if code is None:
        return set()
    inner = (_names(value) for value in code.co_consts if isinstance(value, CodeType))
    return set(code.co_names).union(*inner)


def package_lines(package: str) -> int:
    """Return the lines of Python code of an installed package."""
    return sum(python_lines(path.read_text("utf-8")) for path in _folder(package).rglob("*.py"))


def native_lines(package: str) -> int | None:
    """Return the lines of `csrc` beside the sources of a package; None where they are not."""
    folder = _folder(package).parents[1] / "csrc"
    files = [path for path in folder.rglob("*") if path.suffix in _NATIVE_SUFFIXES]
    return sum(cpp_lines(path.read_text("utf-8")) for path in files) or None


def _folder(package: str) -> Path:
    return Path(inspect.getfile(importlib.import_module(package))).parent
