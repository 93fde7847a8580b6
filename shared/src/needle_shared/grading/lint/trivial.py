"""Trivial submissions: all symbols do one thing that takes no thought."""

from __future__ import annotations

import ast
import re

from needle_shared.grading.skeleton.cpp_stubs import functions_of
from needle_shared.grading.skeleton.cpp_tree import definitions, find

BODIES = {
    "None": "return None",
    "zeros": "return {first} * 0",
    "its first argument": "return {first}",
    "the constant 1.0": "return 1.0",
}


def with_bodies(source: str, names: list[str], body: str) -> str:
    """Return a source in which each function or method named has another body."""
    tree = ast.parse(source)
    for name in names:
        for function in _functions(tree, name.split(".")):
            arguments = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
            own = [a for a in arguments if a not in {"self", "cls"}]
            first = own[0] if own else "0.0"
            if function.name == "__init__":  # must return None
                function.body = ast.parse("super().__init__()").body
            else:
                function.body = ast.parse(body.format(first=first)).body
    return ast.unparse(ast.fix_missing_locations(tree))


def without_effect(source: str, names: list[str]) -> str:
    """Return a C++ source in which those of the functions named that return nothing do nothing."""
    data = source.encode()
    everything = definitions(data)
    named = {f.begin: f for n in names for i in find(data, n) for f in functions_of(i, everything)}
    for begin, function in sorted(named.items(), reverse=True):
        if function.body is None:
            continue  # no definition
        start, end = function.body
        if re.search(rb"\bvoid\s+[\w:]+\(", data[begin:start]):
            data = data[:start] + b"{}" + data[end:]
    return data.decode()


def _functions(tree: ast.AST, names: list[str]) -> list[ast.FunctionDef]:
    """Return the functions of a qualified name, or the methods if it is a class's."""
    found: list[ast.FunctionDef] = []
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef) and [child.name] == names:
            found.append(child)
        elif isinstance(child, ast.ClassDef) and child.name == names[0]:
            if len(names) > 1:
                found += _functions(child, names[1:])
            else:
                found += [item for item in child.body if isinstance(item, ast.FunctionDef)]
    return found
