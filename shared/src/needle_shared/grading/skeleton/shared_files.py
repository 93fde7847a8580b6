"""What of needle_shared is handed out: what tests and checks import, no more."""

from __future__ import annotations

import ast
from collections.abc import Mapping

_PACKAGE = "src/needle_shared/"
_ALWAYS = ("pyproject.toml", "README.md", f"{_PACKAGE}__init__.py", f"{_PACKAGE}py.typed")
_WHOLE = (f"{_PACKAGE}data/", f"{_PACKAGE}testing/")
_STARTS = (f"{_PACKAGE}pytest_plugin.py", f"{_PACKAGE}grading/local.py")


def shared_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return those of `files`, by their paths in `shared/`, that a workspace has.

    The rest of needle_shared uses the stages or grades them.
    """
    chosen = {name for name in files if name in _ALWAYS or name.startswith(_WHOLE)}
    waiting = [*chosen, *_STARTS]
    while waiting:
        name = waiting.pop()
        chosen.add(name)
        if name.endswith(".py"):
            waiting += [path for path in _imported(files, files[name]) if path not in chosen]
    return {name: data for name, data in files.items() if name in chosen}


def _imported(files: Mapping[str, bytes], source: bytes) -> set[str]:
    """Return the files of needle_shared that a source imports, with those of their packages."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
    found: set[str] = set()
    for module in modules:
        parts = module.split(".")
        for i in range(1, len(parts) + 1):
            path = "src/" + "/".join(parts[:i])
            found |= {f"{path}.py", f"{path}/__init__.py"} & files.keys()
    return found
