"""Rules of a package's sources: documentation, types, and what its import brings."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

_IMPORT = """
import sys
import numpy
state = numpy.random.get_state()[1].tolist(), numpy.geterr()
before = set(sys.modules)
import {modules}
if state != (numpy.random.get_state()[1].tolist(), numpy.geterr()):
    raise SystemExit("the import changed NumPy's generator or its error handling")
new = {{name.partition(".")[0] for name in set(sys.modules) - before}}
sys.stdout.write(" ".join(sorted(new - set(sys.stdlib_module_names) - {{"numpy"}})))
"""

_LOAD = """
import sys
import types
name, path, wanted = sys.argv[1:]
package = types.ModuleType(name)
package.__path__ = [path]
sys.modules[name] = package
__import__(wanted)
sys.stdout.write(" ".join(sorted(key for key in sys.modules if key.startswith(name + "."))))
"""


def run_python(code: str, *arguments: str, options: tuple[str, ...] = ()) -> str:
    """Return what `code` writes to standard output, run in a Python process of its own."""
    command = [sys.executable, *options, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise AssertionError(f"exit code {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def packages_brought_by_import(*modules: str) -> set[str]:
    """Return the packages beside NumPy and Python's own that importing `modules` loads.

    Fails if the import changes NumPy's global generator or its handling of errors.
    """
    return set(run_python(_IMPORT.format(modules=", ".join(modules))).split())


def modules_loaded_with(package: ModuleType, module: str) -> set[str]:
    """Return the modules of `package` that importing one of them, by its full name, loads.

    The package's own `__init__` does not run: it would import everything.
    """
    home = str(Path(str(package.__file__)).parent)
    return set(run_python(_LOAD, package.__name__, home, module).split())


def source_files(package: ModuleType) -> list[Path]:
    """Return the files of a package, in order."""
    return sorted(Path(str(package.__file__)).parent.rglob("*.py"))


def package_modules(package: ModuleType) -> list[ModuleType]:
    """Return a package and every module inside, imported; `__main__` is left out."""
    inside = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    names = [info.name for info in inside if not info.name.endswith("__main__")]
    return [package, *map(importlib.import_module, names)]


def undocumented_names(package: ModuleType) -> list[str]:
    """Return what lacks a docstring: modules, public classes and functions, and their methods.

    A method may inherit its docstring; a class may not.
    """
    modules = package_modules(package)
    missing = [module.__name__ for module in modules if not module.__doc__]
    for module in modules:
        for name, value in _public_objects(module, package.__name__):
            if not value.__dict__.get("__doc__", value.__doc__):
                missing.append(name)
            missing += [f"{name}.{method}" for method in _undocumented_methods(value)]
    return missing


def untyped_functions(file: Path) -> list[str]:
    """Return the functions of a source file, with their lines, whose result has no type."""
    return [
        f"{file.name}:{node.lineno}: {node.name}"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is None
    ]


def _public_objects(module: ModuleType, package: str) -> Iterator[tuple[str, Any]]:
    for name, value in vars(module).items():
        if name.startswith("_") or not (inspect.isclass(value) or inspect.isfunction(value)):
            continue
        if value.__module__.split(".")[0] == package:
            yield f"{module.__name__}.{name}", value


def _undocumented_methods(value: Any) -> Iterator[str]:
    if not inspect.isclass(value):
        return
    for name, member in vars(value).items():
        is_method = inspect.isfunction(member) or isinstance(member, property)
        if is_method and not name.startswith("_") and not inspect.getdoc(getattr(value, name)):
            yield name
