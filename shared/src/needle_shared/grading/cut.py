"""Cuts the oracles out of checks, before the checks go into the sandbox.

A submission runs in one process with the checks and can read all that they hold. So it must not
find there how the expected values are computed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from needle_shared.grading.catalogue import CatalogueError

_JUDGE = "judge"
_OWN = "needle_shared"
_INSIDE = f"{_OWN}.grading.inside"  # the only part of it that a sandbox has


def without_oracles(source: str, name: str = "checks") -> str:
    """Return the source of checks without each `want=` and all that only these used.

    Of the definitions, imports and assignments of the module those are kept that the checks, the
    fixtures and what they use need by name. Raises CatalogueError, with the `name` of the file,
    where that is something of `needle_shared` that no sandbox has: an oracle outside of `want=`.
    """
    tree = _Cut().visit(ast.parse(source))
    needed: set[str] = set()
    kept: list[ast.stmt] = []
    rest = []
    for statement in tree.body:
        names = _defined(statement)
        if names is None or any(name.startswith("test_") for name in names) or _marked(statement):
            kept.append(statement)
            needed |= _used(statement)
        else:
            rest.append((names, statement))
    while found := [item for item in rest if item[0] & needed]:
        for item in found:
            rest.remove(item)
            kept.append(item[1])
            needed |= _used(item[1])
    tree.body = sorted(kept, key=lambda statement: statement.lineno)
    _refuse_oracles(tree, name)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _refuse_oracles(tree: ast.Module, name: str) -> None:
    """Raise CatalogueError if checks still need what is not in the sandbox, such as oracles."""
    for absent in filter(_is_absent, tree.body):
        names = set(_defined(absent) or ())
        where = (absent.lineno, ast.unparse(absent))
        for statement in tree.body:
            used = [node for node in _loads(statement) if node.id in names]
            if used and isinstance(statement, ast.Assign):
                names |= _defined(statement) or set()
            elif used:
                where = min((node.lineno, node.id) for node in used)
                break
        raise CatalogueError(
            f"{name}, line {where[0]}: {where[1]!r} is used outside of want=, "
            "and the sandbox has no oracles"
        )


def _is_absent(statement: ast.stmt) -> bool:
    """Return whether a statement imports a part of needle_shared that no sandbox has."""
    if isinstance(statement, ast.ImportFrom):
        modules = [statement.module or ""]
    elif isinstance(statement, ast.Import):
        modules = [alias.name for alias in statement.names]
    else:
        return False
    return any(
        m.partition(".")[0] == _OWN and not f"{m}.".startswith(f"{_INSIDE}.") for m in modules
    )


class _Cut(ast.NodeTransformer):
    """Drops `want=` from calls of the judge's methods, docstrings and local oracles."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        function = node.func
        if (
            isinstance(function, ast.Attribute)
            and isinstance(function.value, ast.Name)
            and function.value.id == _JUDGE
        ):
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "want"]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        # Functions and values of the check's body that only an oracle used.
        while unused := [
            statement
            for statement in node.body
            if _is_pure(statement) and not (_defined(statement) or set()) & _used_in(node)
        ]:
            node.body = [statement for statement in node.body if statement not in unused]
        node.body = node.body or [ast.Pass()]
        return node


def _is_pure(statement: ast.stmt) -> bool:
    """Return whether leaving a statement out changes nothing but its names."""
    if isinstance(statement, ast.FunctionDef):
        return not statement.decorator_list
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Lambda):
        return True
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _defined(statement: ast.stmt) -> set[str] | None:
    """Return the names that a statement gives a value, or None if it is not of that kind."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            return None
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return {node.id for t in targets for node in ast.walk(t) if isinstance(node, ast.Name)}
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return set()  # a docstring
    return None


def _marked(statement: ast.stmt) -> bool:
    """Return whether a statement is a function with a decorator, such as a fixture."""
    return isinstance(statement, ast.FunctionDef) and bool(statement.decorator_list)


def _used(statement: ast.stmt) -> set[str]:
    return {node.id for node in _loads(statement)}


def _loads(statement: ast.stmt) -> Iterator[ast.Name]:
    """Yield the names that a statement reads, where it does."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node


def _used_in(function: ast.FunctionDef) -> set[str]:
    """Return the names that the body of a function reads."""
    return set().union(*map(_used, function.body)) if function.body else set()
