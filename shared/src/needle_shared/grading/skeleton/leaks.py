"""Looks for lines of the solution in what is handed out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from needle_shared.grading.assignment import Assignment, Symbol
from needle_shared.grading.skeleton import cpp_tree, python_tree
from needle_shared.grading.skeleton.cpp_stubs import functions_of
from needle_shared.grading.skeleton.files import reference_files, with_stubs

_LONG = 20  # characters: shorter lines are the same everywhere
_OPENS = (":", "(", "[")
_PACKAGE = re.compile(r"(hw\d+)/c?src/")


@dataclass(frozen=True)
class Leak:
    """A line of the reference's body of `symbol` that stands in a file that is handed out."""

    symbol: Symbol
    line: str
    file: str

    def __str__(self) -> str:
        return f"{self.file} has a line of {self.symbol}: {self.line}"


def leaks(assignment: Assignment, files: Mapping[str, bytes]) -> list[Leak]:
    """Return the lines of solutions in `files`, a workspace by its paths.

    A line counts if it is longer than 20 characters, does not only open a block or a list, and is
    in no source of a package beside the bodies of listed symbols, in this stage or an earlier one:
    what stands there, too, gives nothing away.
    """
    reference = reference_files(assignment)
    skeleton = with_stubs(assignment, reference)
    packages = [
        data
        for name, data in files.items()
        if (match := _PACKAGE.match(name)) and match[1] <= assignment.stage
    ]
    common = {line for data in [*skeleton.values(), *packages] for line in _lines(data)}
    where: dict[str, str] = {}
    for name, data in files.items():
        for line in _lines(data):
            where.setdefault(line, name)
    return [
        Leak(symbol, line, where[line])
        for symbol in assignment.symbols
        for line in dict.fromkeys(_solution(reference[symbol.file].decode(), symbol))
        if line in where and line not in common
    ]


def _solution(source: str, symbol: Symbol) -> Iterator[str]:
    """Yield the lines of a symbol's bodies that are distinctive."""
    bodies = _python_bodies if symbol.is_python else _cpp_bodies
    for body in bodies(source, symbol.name):
        for line in _lines(body.encode()):
            if len(line) > _LONG and not line.endswith(_OPENS):
                yield line


def _lines(data: bytes) -> Iterator[str]:
    for line in data.decode(errors="replace").splitlines():
        yield " ".join(line.split())


def _python_bodies(source: str, name: str) -> Iterator[str]:
    module = python_tree.parse_python(source)
    found = python_tree.find(module, name)
    prefixes = tuple(f"{item.name}." for item in found if item.is_class)
    inner = [i for i in python_tree.definitions(module) if prefixes and i.name.startswith(prefixes)]
    for item in [*found, *inner]:
        if item.is_class or item.is_overload:
            continue
        statements = list(item.node.body.body)
        if python_tree.is_docstring(statements[0]):
            del statements[0]
        yield "".join(module.code_for_node(statement) for statement in statements)


def _cpp_bodies(source: str, name: str) -> Iterator[str]:
    data = source.encode()
    everything = cpp_tree.definitions(data)
    for item in cpp_tree.find(data, name):
        for function in functions_of(item, everything):
            if function.body is not None:
                yield data[slice(*function.body)].decode()[1:-1]
