"""Takes the definition of a symbol from one source and puts it into another."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Literal

import libcst as cst

from needle_shared.grading.skeleton import cpp_tree, python_tree
from needle_shared.grading.skeleton.errors import SymbolError

Kind = Literal["python", "cpp"]


def kind_of(file: str) -> Kind:
    """Return the language of a file that may have symbols."""
    return "python" if file.endswith(".py") else "cpp"


def definition(source: str, name: str, kind: Kind) -> str:
    """Return the text of a definition: of a function with its decorators, of a class with all.

    With several parts (overloads, a property's setter, methods of a C++ class that stand outside of
    it) these follow each other. Raises SymbolError if `name` is not there, or is ambiguous.
    """
    if kind == "python":
        module = python_tree.parse_python(source)
        found = python_tree.find(module, name)
        return "".join(module.code_for_node(_bare(item.node)) for item in found)
    data = source.encode()
    parts = [_text(data, item) + ";" * item.is_class for item in _parts(data, name)]
    return "\n\n".join(parts) + "\n"


def with_definition(source: str, name: str, text: str, kind: Kind) -> str:
    """Return `source` with another definition of a symbol that it has; comments above it stay.

    Raises SymbolError if `source` has no such symbol, or `text` defines something else.
    """
    if kind == "python":
        return _with_python(source, name, text)
    return _with_cpp(source.encode(), name, text.encode()).decode()


def _bare(node: cst.FunctionDef | cst.ClassDef) -> cst.FunctionDef | cst.ClassDef:
    return node.with_changes(leading_lines=())


# ---- Python


def _with_python(source: str, name: str, text: str) -> str:
    module = python_tree.parse_python(source)
    old = [item.node for item in python_tree.find(module, name)]
    new: list[cst.FunctionDef | cst.ClassDef] = []
    for statement in python_tree.parse_python(textwrap.dedent(text)).body:
        if not isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
            raise SymbolError(f"the definition of {name} has something beside it")
        if statement.name.value != name.rpartition(".")[2]:
            raise SymbolError(f"the definition of {name} is one of {statement.name.value}")
        new.append(statement)
    if not new:
        raise SymbolError(f"the definition of {name} is empty")
    return module.visit(_Exchange(old, new)).code


class _Exchange(cst.CSTTransformer):
    """Replaces definitions by others, one by one; what is left over comes after the last one."""

    def __init__(
        self,
        old: Sequence[cst.FunctionDef | cst.ClassDef],
        new: Sequence[cst.FunctionDef | cst.ClassDef],
    ) -> None:
        super().__init__()
        self._new: dict[cst.CSTNode, list[cst.FunctionDef | cst.ClassDef]] = {}
        for i, node in enumerate(old):
            last = i == len(old) - 1
            chosen = list(new[i:] if last else new[i : i + 1])
            if chosen:
                chosen[0] = chosen[0].with_changes(leading_lines=node.leading_lines)
            self._new[node] = chosen

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node not in self._new

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode | cst.FlattenSentinel[cst.CSTNode] | cst.RemovalSentinel:
        chosen = self._new.get(original_node)
        if chosen is None:
            return updated_node
        return cst.FlattenSentinel(chosen) if chosen else cst.RemoveFromParent()


# ---- C++


def _parts(data: bytes, name: str) -> list[cpp_tree.Definition]:
    """Return what a name means, and of a class also the methods that stand outside of it."""
    found = cpp_tree.find(data, name)
    classes = [item for item in found if item.is_class]
    for item in cpp_tree.definitions(data):
        if any(
            item.name.startswith(f"{c.name}::") and not c.begin <= item.begin < c.end
            for c in classes
        ):
            found.append(item)
    return found


def _outermost(data: bytes) -> list[cpp_tree.Definition]:
    """Return the definitions of a text that are not inside of another one."""
    result: list[cpp_tree.Definition] = []
    for item in sorted(cpp_tree.definitions(data), key=lambda item: item.begin):
        if not result or item.begin >= result[-1].end:
            result.append(item)
    return result


def _with_cpp(data: bytes, name: str, text: bytes) -> bytes:
    old, new = _parts(data, name), _outermost(text)
    names = {_key(item)[0] for item in old}
    if not new or any(_key(item)[0] not in names for item in new):
        raise SymbolError(f"the definition of {name} defines something else")
    at: dict[int, tuple[int, bytes]] = {}
    if len(old) == len(new):  # specialisations of a template have equal keys, but an order
        at = {o.begin: (o.end, _text(text, n).encode()) for o, n in zip(old, new, strict=True)}
    else:
        texts = {_key(item): _text(text, item).encode() for item in new}
        at = {item.begin: (item.end, texts.pop(_key(item), b"")) for item in old}
        begin = max(at)
        end, last = at[begin]
        at[begin] = end, b"\n\n".join(filter(None, [last, *texts.values()]))
    for begin in sorted(at, reverse=True):
        end, replacement = at[begin]
        data = data[:begin] + replacement + data[end:]
    return data


def _key(item: cpp_tree.Definition) -> tuple[str, bool, tuple[str, ...]]:
    return item.name.rpartition("::")[2], item.is_class, item.parameter_types


def _text(data: bytes, item: cpp_tree.Definition) -> str:
    return data[item.begin : item.end].decode()
