"""The public names of a package, and which of them are new beside those of other packages.

What is public is read from the package, by the rule for typed libraries (Python typing
specification, "Distributing type information"): the names in a module's `__all__`, or else those
without a leading underscore that the module defines, or imports in the form `X as X`. A module
that a public module of the same package exposes so is public itself. Modules are where names
are; neither they nor type variables are counted.
"""

import ast
import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

Identity = tuple[str, int]  # a name, and the id of the object that it stands for


def new_names(package: str, earlier: Iterable[str] = ()) -> dict[str, list[str]]:
    """Return the names that `package` adds to those of the packages `earlier`, by module.

    A name that stands for the same object in an earlier package is not new, wherever it is
    there. One that the package has in several modules is listed once, in an inner module rather
    than in the one around it. Modules without new names are left out.
    """
    known = {_identity(name, value) for other in earlier for _, name, value in _public(other)}
    found: dict[str, list[str]] = {}
    for module, name, value in _public(package):
        if _identity(name, value) not in known:
            known.add(_identity(name, value))
            found.setdefault(module, []).append(name)
    return {module: sorted(found[module]) for module in sorted(found)}


def _identity(name: str, value: object) -> Identity:
    return name, id(value)


def _public(package: str) -> Iterator[tuple[str, str, object]]:
    """Yield module, name and object of every public name, those of inner modules first."""
    yield from _names_of(importlib.import_module(package), set())


def _names_of(module: ModuleType, seen: set[str]) -> Iterator[tuple[str, str, object]]:
    seen.add(module.__name__)
    package = module.__name__.partition(".")[0]
    members = {name: getattr(module, name) for name in _exposed(module) if hasattr(module, name)}
    modules = [value for value in members.values() if isinstance(value, ModuleType)]
    for inner in modules:
        if inner.__name__.startswith(f"{package}.") and inner.__name__ not in seen:
            yield from _names_of(inner, seen)
    for name, value in members.items():
        if not isinstance(value, ModuleType | TypeVar):
            yield module.__name__, name, value


def _exposed(module: ModuleType) -> Iterable[str]:
    """Return the names that a module says are public; of a compiled one, all it has."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    file = getattr(module, "__file__", None) or ""
    has_source = file.endswith(".py")
    names = _bound(ast.parse(Path(file).read_bytes()).body) if has_source else vars(module)
    return [name for name in names if not name.startswith("_")]


def _bound(statements: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the names that statements define, or import in the form that exposes them."""
    for node in statements:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Import() | ast.ImportFrom():
                yield from (alias.name for alias in node.names if alias.asname == alias.name)
            case ast.Name(ctx=ast.Store()):
                yield node.id
            case _:
                yield from _bound(ast.iter_child_nodes(node))
