"""Leaves the hidden checks out of a file of checks."""

from __future__ import annotations

import libcst as cst

from needle_shared.grading.skeleton.python_tree import parse_python


def visible_checks(source: str) -> str | None:
    """Return a file of checks without the hidden ones; None if no check remains.

    With a hidden check go the functions of the module that nothing else used.
    """
    module = parse_python(source)
    checks = [node for node in module.body if isinstance(node, cst.FunctionDef)]
    hidden = {node.name.value for node in checks if _is_hidden(node)}
    if _hides_all(module):
        return None
    if not hidden:
        return source
    gone, words = set(hidden), _words(module, set())
    while True:
        left = _words(module, gone)
        unused = {
            node.name.value
            for node in checks
            if node.name.value not in gone
            and node.name.value in words
            and node.name.value not in left
        }
        if not unused:
            break
        gone |= unused
    kept = [
        node
        for node in module.body
        if not (isinstance(node, cst.FunctionDef) and node.name.value in gone)
    ]
    tests = [node for node in checks if node.name.value.startswith("test")]
    if tests and all(node.name.value in gone for node in tests):
        return None
    return module.with_changes(body=kept).code


def _is_hidden(node: cst.FunctionDef) -> bool:
    return any(_marks_hidden(decorator.decorator) for decorator in node.decorators)


def _marks_hidden(mark: cst.BaseExpression) -> bool:
    """Return whether a mark is `points(..., hidden=True)`; what is no literal counts as True."""
    if not isinstance(mark, cst.Call) or not isinstance(mark.func, cst.Attribute):
        return False
    if mark.func.attr.value != "points":
        return False
    for argument in mark.args:
        if argument.keyword is not None and argument.keyword.value == "hidden":
            return not (isinstance(argument.value, cst.Name) and argument.value.value == "False")
    return False


def _hides_all(module: cst.Module) -> bool:
    """Return whether `pytestmark` of the module hides all of its checks."""
    for statement in module.body:
        if not isinstance(statement, cst.SimpleStatementLine):
            continue
        for small in statement.body:
            if isinstance(small, cst.Assign) and any(
                isinstance(target.target, cst.Name) and target.target.value == "pytestmark"
                for target in small.targets
            ):
                marks = small.value
                items = (
                    [element.value for element in marks.elements]
                    if isinstance(marks, (cst.List, cst.Tuple))
                    else [marks]
                )
                if any(map(_marks_hidden, items)):
                    return True
    return False


def _words(module: cst.Module, without: set[str]) -> set[str]:
    """Return the names that a module uses, beside those of the functions that it defines."""
    found: set[str] = set()

    def visit(node: cst.CSTNode) -> None:
        if isinstance(node, cst.Name):
            found.add(node.value)
        for child in node.children:
            if isinstance(node, cst.FunctionDef) and child is node.name:
                continue
            visit(child)

    for node in module.body:
        if isinstance(node, cst.FunctionDef) and node.name.value in without:
            continue
        visit(node)
    return found
