"""Lines of code of functions, packages and C++ sources.

In Python a statement is one line, over however many lines it is wrapped. Docstrings do not count,
nor do checks of arguments, which a package owes its users and one's own script does without: an
`if` that only raises, and a bare call of a function named `check...`. In C++ every line counts
that has more than braces on it once comments are gone.
"""

import ast
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

Definition = Callable[..., Any]  # a function or a class

_NATIVE_SUFFIXES = {".cpp", ".cu", ".def", ".h", ".hpp", ".inl"}

# Strings and characters are matched so that a // inside of them is not taken for a comment.
_CPP_COMMENT = re.compile(
    r"""(?P<kept> "(?:\\.|[^"\\\n])*" | '(?:\\[^\n']+|\\'|[^'\\\n])' )
      | //[^\n]* | /\*.*?\*/""",
    re.DOTALL | re.VERBOSE,
)


class _CodeOnly(ast.NodeTransformer):
    """Takes docstrings and checks of arguments out of a syntax tree."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        value = node.value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return None
        is_check = isinstance(value, ast.Call) and ast.unparse(value.func).startswith("check")
        return None if is_check else node

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if not node.orelse and all(isinstance(inner, ast.Raise) for inner in node.body):
            return None
        return self.generic_visit(node)


def _code(source: str) -> Iterator[ast.AST]:
    return ast.walk(_CodeOnly().visit(ast.parse(source)))


def python_lines(source: str) -> int:
    """Return the number of lines of code of a Python source text."""
    return sum(isinstance(node, ast.stmt) for node in _code(source))


def cpp_lines(source: str) -> int:
    """Return the number of lines of code of a C++ source text."""
    code = _CPP_COMMENT.sub(lambda match: match["kept"] or "\n" * match[0].count("\n"), source)
    return sum(bool(line.strip("{}; \t\r")) for line in code.splitlines())


def function_lines(functions: Iterable[Definition], within: str) -> int:
    """Return the lines of code of `functions` and of the helpers that they call.

    Helpers are functions and classes that the code names, directly or through one another, and
    that are defined in the module or package `within`.
    """
    todo, seen = list(functions), []
    while todo:
        function = inspect.unwrap(todo.pop())
        if function not in seen:
            seen.append(function)
            todo.extend(_helpers(function, within))
    return sum(python_lines(_source(function)) for function in seen)


def _helpers(function: Definition, within: str) -> Iterator[Definition]:
    names = {node.id for node in _code(_source(function)) if isinstance(node, ast.Name)}
    module = vars(sys.modules[function.__module__])
    for value in (module[name] for name in names & module.keys()):
        is_definition = inspect.isfunction(value) or inspect.isclass(value)
        if is_definition and f"{value.__module__}.".startswith(f"{within}."):
            yield value


def _source(function: Definition) -> str:
    return textwrap.dedent(inspect.getsource(function))


def loaded_lines(*packages: str) -> int:
    """Return the lines of Python code of the modules of packages that this process has imported."""
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] in packages]
    files = {getattr(module, "__file__", None) or "" for module in modules}
    sources = [Path(file) for file in files if file.endswith(".py")]  # others are compiled
    return sum(python_lines(source.read_text("utf-8")) for source in sources)


def native_lines(package: str) -> int | None:
    """Return the lines of `csrc` beside the sources of a package; None where they are not.

    Folders of tests are left out.
    """
    folder = Path(inspect.getfile(importlib.import_module(package))).parents[2] / "csrc"
    files = [path for path in folder.rglob("*") if path.suffix in _NATIVE_SUFFIXES]
    code = [path for path in files if "tests" not in path.relative_to(folder).parts]
    return sum(cpp_lines(path.read_text("utf-8")) for path in code) or None
