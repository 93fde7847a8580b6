"""Finds functions, methods and classes in the source of a Python module."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import libcst as cst

from needle_shared.grading.skeleton.errors import SourceError, SymbolError

_ACCESSORS = {"setter", "getter", "deleter"}


@dataclass(frozen=True)
class Definition:
    """A function or class that is not inside of a function; `name` is qualified by its classes."""

    name: str
    node: cst.FunctionDef | cst.ClassDef

    @property
    def is_class(self) -> bool:
        """Whether it is a class."""
        return isinstance(self.node, cst.ClassDef)

    @property
    def is_overload(self) -> bool:
        """Whether it is a signature for type checkers only."""
        return any(_last_name(d.decorator) == "overload" for d in self.node.decorators)

    @property
    def is_accessor(self) -> bool:
        """Whether it is the setter or deleter of a property, which stands under the same name."""
        return any(
            isinstance(d.decorator, cst.Attribute) and d.decorator.attr.value in _ACCESSORS
            for d in self.node.decorators
        )


def parse_python(source: str) -> cst.Module:
    """Return the tree of a module; raise SourceError for what is no Python."""
    syntax_tree(source)
    try:
        return cst.parse_module(source)
    except (cst.ParserSyntaxError, RecursionError) as error:
        raise SourceError(f"not valid Python: {_first_line(error)}") from None


def syntax_tree(source: str) -> ast.Module:
    """Return the tree of Python's own parser; raise SourceError for what is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in strings: it is not our code
            return ast.parse(source)
    except SyntaxError as error:
        raise SourceError(f"not valid Python: line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise SourceError(f"not valid Python: {_first_line(error)}") from None


def definitions(module: cst.Module) -> list[Definition]:
    """Return the functions, methods and classes of a module, in order."""
    return list(_definitions(module.body, ""))


def find(tree: cst.Module, name: str) -> list[Definition]:
    """Return what `name` means: one definition, with its overloads or accessors, in order.

    Raises SymbolError if there is none, or several.
    """
    found = [item for item in definitions(tree) if item.name == name]
    main = [item for item in found if not item.is_overload and not item.is_accessor]
    if not main:
        raise SymbolError(f"{name} is not defined")
    if len(main) > 1:
        raise SymbolError(f"{name} is defined {len(main)} times")
    return found


def is_docstring(statement: cst.CSTNode) -> bool:
    """Return whether a statement is a text and nothing else."""
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        statement = statement.body[0]
    return isinstance(statement, cst.Expr) and isinstance(
        statement.value, (cst.SimpleString, cst.ConcatenatedString)
    )


def is_trivial(node: cst.FunctionDef) -> bool:
    """Return whether a function only has a docstring, `pass`, `...` or a NotImplementedError."""
    return all(_says_nothing(statement) for statement in node.body.body)


def _definitions(
    body: Iterable[cst.BaseStatement | cst.BaseSmallStatement], prefix: str
) -> Iterator[Definition]:
    for statement in body:
        if isinstance(statement, cst.FunctionDef):
            yield Definition(prefix + statement.name.value, statement)
        elif isinstance(statement, cst.ClassDef):
            name = prefix + statement.name.value
            yield Definition(name, statement)
            yield from _definitions(statement.body.body, f"{name}.")
        elif isinstance(statement, cst.BaseCompoundStatement):
            for block in _blocks(statement):
                yield from _definitions(block.body, prefix)


def _blocks(statement: cst.BaseCompoundStatement) -> Iterator[cst.BaseSuite]:
    """Yield the blocks of an `if`, `try`, `with` or loop, those of its branches included."""
    yield statement.body
    for name in ("orelse", "finalbody"):
        branch = getattr(statement, name, None)
        if branch is not None:
            yield from _blocks(branch)
    for handler in getattr(statement, "handlers", ()):
        yield handler.body


def _says_nothing(statement: cst.CSTNode) -> bool:
    if isinstance(statement, cst.SimpleStatementLine):
        return all(_says_nothing(small) for small in statement.body)
    if isinstance(statement, cst.Raise):
        raised = statement.exc.func if isinstance(statement.exc, cst.Call) else statement.exc
        return isinstance(raised, cst.Name) and raised.value == "NotImplementedError"
    if isinstance(statement, cst.Expr):
        return isinstance(statement.value, (cst.SimpleString, cst.ConcatenatedString, cst.Ellipsis))
    return isinstance(statement, cst.Pass)


def _last_name(node: cst.BaseExpression) -> str:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
