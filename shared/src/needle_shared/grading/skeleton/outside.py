"""Compares two versions of a source outside of the symbols that students write.

What only differs in comments, docstrings and spaces is equal.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Literal

from needle_shared.grading.skeleton import cpp_tree, python_tree
from needle_shared.grading.skeleton.extract import Kind

Difference = Literal["equal", "additions", "changes"]


def compare_outside(
    old: str, new: str, names: Sequence[str], kind: Kind
) -> tuple[Difference, list[str]]:
    """Return how `new` differs from `old` outside of the symbols `names`, and where.

    "additions" are new functions, classes, imports and values, and nothing that was there is
    changed. Raises SourceError for what cannot be parsed.
    """
    if kind == "python":
        before, after = (dict(_python_items(s, set(names))) for s in (old, new))
    else:
        before, after = (dict(_cpp_items(s.encode(), names)) for s in (old, new))
    changed = [key for key, text in before.items() if after.get(key) != text]
    if changed:
        return "changes", changed
    added = [key for key in after if key not in before]
    if [key for key in after if key in before] != list(before):
        return "changes", ["the order of definitions"]
    return ("additions" if added else "equal"), added


def same_code(a: str, b: str, kind: Kind) -> bool:
    """Return whether two definitions are equal but for comments, docstrings and spaces."""
    if kind == "python":
        return _dump(python_tree.syntax_tree(a)) == _dump(python_tree.syntax_tree(b))
    return _squeeze(a.encode()) == _squeeze(b.encode())


def _python_items(source: str, names: set[str]) -> Iterator[tuple[str, str]]:
    """Yield each statement of a module and of its classes under a name that finds it again."""
    yield from _numbered(_statements(python_tree.syntax_tree(source).body, "", names))


def _statements(
    body: Sequence[ast.stmt], prefix: str, names: set[str]
) -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            name = prefix + node.name
            if name in names:
                continue
            head = ast.ClassDef(**{**dict(ast.iter_fields(node)), "body": []})
            yield f"class {name}", ast.dump(head)
            yield from _statements(node.body, f"{name}.", names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if prefix + node.name not in names:
                yield prefix + node.name, _dump(node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield prefix + ", ".join(ast.unparse(target) for target in targets), _dump(node)
        elif not _is_text(node):
            yield ast.unparse(node).splitlines()[0], _dump(node)


def _numbered(items: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield items whose keys differ: the second of two equal ones is called "x (2)"."""
    seen: dict[str, int] = {}
    for key, text in items:
        seen[key] = seen.get(key, 0) + 1
        yield (key if seen[key] == 1 else f"{key} ({seen[key]})"), text


def _dump(node: ast.AST) -> str:
    for inner in ast.walk(node):
        body = getattr(inner, "body", None)
        if isinstance(body, list):
            inner.body = [item for item in body if not _is_text(item)]  # type: ignore[attr-defined]
    return ast.dump(node)


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _cpp_items(data: bytes, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each function, and each line outside of functions, under a name that finds it again."""
    written = [(item.begin, item.end) for name in names for item in _defined(data, name)]
    functions = [item for item in cpp_tree.definitions(data) if not item.is_class]
    rest = bytearray(data)
    for begin, end in [*written, *((item.begin, item.end) for item in functions)]:
        rest[begin:end] = b" " * (end - begin)
    kept = [
        (item.signature, _squeeze(data[item.begin : item.end]))
        for item in functions
        if not any(begin <= item.begin < end for begin, end in written)
    ]
    lines = _without_comments(bytes(rest)).decode(errors="replace").splitlines()
    squeezed = (_squeeze(line.encode()) for line in lines)
    others = ((line, line) for line in squeezed if line and line != "#include<stdexcept>")
    yield from _numbered(iter([*others, *kept]))


def _defined(data: bytes, name: str) -> list[cpp_tree.Definition]:
    wanted = name.partition("(")[0] if not name.endswith("()") else name
    return [
        item
        for item in cpp_tree.definitions(data)
        if item.name in {name, wanted} or item.name.startswith(f"{name}::")
    ]


def _squeeze(data: bytes) -> str:
    text = _without_comments(data).decode(errors="replace")
    return re.sub(r"(?<=\W)\s+|\s+(?=\W)|^\s+|\s+$", "", re.sub(r"\s+", " ", text))


def _without_comments(data: bytes) -> bytes:
    return re.sub(rb"//[^\n]*|/\*.*?\*/", b" ", data, flags=re.DOTALL)
