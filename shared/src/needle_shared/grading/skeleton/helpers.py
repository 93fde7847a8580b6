"""Private helpers of a source that only listed symbols use: they are a part of the solution."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import libcst as cst

from needle_shared.grading.skeleton import cpp_tree, python_tree
from needle_shared.grading.skeleton.cpp_stubs import functions_of
from needle_shared.grading.skeleton.extract import Kind


def private_helpers(source: str, names: Iterable[str], kind: Kind) -> list[str]:
    """Return the private functions and classes that nothing but the symbols `names` uses, in order.

    Private is what begins with one underscore in Python, and what stands in a namespace without a
    name in C++. Helpers of helpers count; what nothing uses does not. They remain in a skeleton:
    either they are listed, too, or they are meant to be handed out.
    """
    if kind == "python":
        users = _python_users(source, list(names))
    else:
        users = _cpp_users(source.encode(), list(names))
    found: list[str] = []
    solution = {name for name, (_, listed) in users.items() if listed}
    while True:
        new = [
            name
            for name, (used_by, listed) in users.items()
            if not listed and name not in found and used_by and used_by <= solution
        ]
        if not new:
            return [name for name in users if name in found]
        found += new
        solution |= set(new)


_Users = dict[str, tuple[set[str], bool]]  # of a definition: who uses it, and whether it is listed


def _python_users(source: str, names: list[str]) -> _Users:
    module = python_tree.parse_python(source)
    listed = {item.name for name in names for item in python_tree.find(module, name)}
    everything = python_tree.definitions(module)
    functions = [item for item in everything if not item.is_class]
    used: dict[str, set[str]] = {item.name: set() for item in functions}
    for item in functions:
        used[item.name] |= set(_identifiers(item.node))
    outside = set(_identifiers(module.visit(_WithoutFunctions())))
    users: _Users = {}
    for item in everything:
        last = item.name.rpartition(".")[2]
        is_listed = any(item.name == n or item.name.startswith(f"{n}.") for n in listed)
        by = {name for name, words in used.items() if last in words and name != item.name}
        by = {name for name in by if not name.startswith(f"{item.name}.")}
        private = last.startswith("_") and not last.startswith("__") and last not in outside
        if is_listed or private:
            users[item.name] = by, is_listed
    return users


class _WithoutFunctions(cst.CSTTransformer):
    def on_visit(self, node: cst.CSTNode) -> bool:
        return not isinstance(node, cst.FunctionDef)

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode | cst.RemovalSentinel:
        is_function = isinstance(original_node, cst.FunctionDef)
        return cst.Pass() if is_function else updated_node


def _identifiers(node: cst.CSTNode) -> Iterator[str]:
    if isinstance(node, cst.Name):
        yield node.value
    for child in node.children:
        yield from _identifiers(child)


def _cpp_users(data: bytes, names: list[str]) -> _Users:
    everything = cpp_tree.definitions(data)
    listed = {
        function.begin
        for name in names
        for item in cpp_tree.find(data, name)
        for function in functions_of(item, everything)
    }
    functions = [item for item in everything if item.body is not None]
    rest = bytearray(data)
    for item in functions:
        rest[item.begin : item.end] = b" " * (item.end - item.begin)
    outside = set(_words(bytes(rest)))
    users: _Users = {}
    for item in functions:
        last = item.name.rpartition("::")[2]
        is_listed = item.begin in listed
        by = {
            other.name
            for other in functions
            if other.body is not None
            and other.name != item.name
            and last in set(_words(data[other.begin : other.end]))
        }
        if is_listed or (item.internal and last not in outside):
            old = users.get(item.name, (set(), True))
            users[item.name] = old[0] | by, is_listed and old[1]
    return users


def _words(data: bytes) -> list[str]:
    without_comments = re.sub(rb"//[^\n]*|/\*.*?\*/", b"", data, flags=re.DOTALL)
    return [word.decode() for word in re.findall(rb"[A-Za-z_]\w*", without_comments)]
