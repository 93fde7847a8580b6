"""What of a definition its callers see."""

from __future__ import annotations

import ast

from needle_shared.grading.skeleton import cpp_tree, python_tree
from needle_shared.grading.skeleton.extract import Kind, definition


def signature(source: str, name: str, kind: Kind) -> list[str]:
    """Return the parameters of a function and its decorators, or a class's bases, as texts.

    Annotations do not count in Python, the names of parameters not in C++.
    """
    if kind == "cpp":
        return sorted(item.signature for item in cpp_tree.find(source.encode(), name))
    tree = python_tree.syntax_tree(definition(source, name, kind))
    return [_of(node) for node in tree.body]


def _of(node: ast.stmt) -> str:
    if isinstance(node, ast.ClassDef):
        return ", ".join(map(ast.unparse, [*node.bases, *node.decorator_list]))
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return ast.unparse(node)
    for argument in ast.walk(node.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    kind = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    decorators = " ".join(f"@{ast.unparse(item)}" for item in node.decorator_list)
    return f"{decorators}{kind}({ast.unparse(node.args)})"
