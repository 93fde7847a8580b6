"""Takes the bodies of functions out of a Python module."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from needle_shared.grading.skeleton.errors import SymbolError
from needle_shared.grading.skeleton.python_tree import (
    definitions,
    find,
    is_trivial,
    parse_python,
)


def stub(source: str, names: Iterable[str], stage: str) -> str:
    """Return `source` where each named function raises NotImplementedError("hw1: MatMul.compute").

    Decorators, signature and docstring remain; everything else of the body goes, comments, too.
    Of a property, the setter is stubbed as well; overloads remain. Of a class, all methods are
    stubbed, those of nested classes, too, but not those without a body to speak of (abstract ones);
    its attributes remain. Raises SymbolError for a name that is not there, is there twice, or is a
    class with a lambda among its attributes, and SourceError if `source` is no Python.
    """
    module = parse_python(source)
    everything = definitions(module)
    bodies: dict[cst.CSTNode, str] = {}
    for name in names:
        for item in find(module, name):
            if isinstance(item.node, cst.FunctionDef):
                if not item.is_overload:
                    bodies[item.node] = name
                continue
            _check_attributes(name, item.node)
            for inner in everything:
                node = inner.node
                if not inner.name.startswith(f"{name}.") or not isinstance(node, cst.FunctionDef):
                    continue
                if not inner.is_overload and not is_trivial(node):
                    bodies[node] = inner.name
    stubbed = module.visit(_Stubs(bodies, stage))
    return stubbed.code


class _Stubs(cst.CSTTransformer):
    """Replaces the bodies of functions."""

    def __init__(self, bodies: dict[cst.CSTNode, str], stage: str) -> None:
        super().__init__()
        self._bodies = bodies
        self._stage = stage

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: N802 - libcst's name
        del node
        return False  # symbols are never inside of functions

    def leave_FunctionDef(  # noqa: N802
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        name = self._bodies.get(original_node)
        if name is None:
            return updated_node
        return updated_node.with_changes(body=_stub_body(original_node, f"{self._stage}: {name}"))


def _stub_body(node: cst.FunctionDef, message: str) -> cst.IndentedBlock:
    statements = [cst.parse_statement(f'raise NotImplementedError("{message}")')]
    docstring = _docstring(node.body)
    if docstring is not None:
        statements.insert(0, cst.SimpleStatementLine([docstring]))
    if not isinstance(node.body, cst.IndentedBlock):
        return cst.IndentedBlock(statements)
    blank = [line for line in node.body.footer if line.comment is None]
    return cst.IndentedBlock(
        statements, header=_without_noqa(node.body.header), indent=node.body.indent, footer=blank
    )


def _docstring(body: cst.BaseSuite) -> cst.Expr | None:
    first: cst.CSTNode | None = body.body[0] if body.body else None
    if isinstance(first, cst.SimpleStatementLine):
        first = first.body[0]
    if isinstance(first, cst.Expr) and isinstance(
        first.value, (cst.SimpleString, cst.ConcatenatedString)
    ):
        return cst.Expr(first.value)
    return None


def _without_noqa(header: cst.TrailingWhitespace) -> cst.TrailingWhitespace:
    """Return the end of a signature's line without a note to a linter about the body."""
    if header.comment is not None and "noqa" in header.comment.value:
        return cst.TrailingWhitespace()
    return header


def _check_attributes(name: str, node: cst.ClassDef) -> None:
    for statement in node.body.body:
        if not isinstance(statement, cst.SimpleStatementLine):
            continue
        for small in statement.body:
            value = getattr(small, "value", None)
            if isinstance(value, cst.Lambda):
                raise SymbolError(
                    f"class {name} has a lambda as an attribute: it cannot be stubbed"
                )
