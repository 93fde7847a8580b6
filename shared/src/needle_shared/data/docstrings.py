"""The docstrings of packages, as a process finds them that has imported nothing else.

Packages may change the docstrings of others when they are imported, as SciPy does with that of
`numpy.sinc`, and `python -OO` removes them.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

_CHILD = "from needle_shared.data.docstrings import main; main()"


def public_docstrings(package: str, modules: Sequence[str]) -> list[tuple[str, str]]:
    """Return (name, docstring) of what is public in a package and `modules` inside of it.

    That are these modules, their functions and classes, and the members of these classes; the name
    is the last part, as in `mean`. Each docstring comes once, and the order is always the same. A
    module that is not there is left out. They are collected by a Python process of its own; raises
    `RuntimeError` if that fails.
    """
    # Without this variable, -OO is not inherited.
    env = {key: value for key, value in os.environ.items() if key != "PYTHONOPTIMIZE"}
    done = subprocess.run(  # noqa: S603 -- this Python, and names that `import` checks
        [sys.executable, "-c", _CHILD, package, *modules],
        capture_output=True,
        encoding="utf-8",
        env={**env, "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"docstrings could not be collected: {done.stderr.strip()[-500:]}")
    return [(name, text) for name, text in json.loads(done.stdout)]


def main() -> None:
    """Write the docstrings to standard output as JSON, for the package and modules in `argv`."""
    package, *modules = sys.argv[1:]
    warnings.simplefilter("ignore")  # some names are deprecated
    names = [package, *(f"{package}.{module}" for module in modules)]
    seen: dict[str, str] = {}
    for name, value in _public_objects(package, names):
        text = getattr(value, "__doc__", None)
        if isinstance(text, str):
            seen.setdefault(text, name)
    json.dump([(name, text) for text, name in seen.items()], sys.stdout)


def _public_objects(package: str, modules: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for module_name in modules:
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError:
            continue
        yield module_name.rpartition(".")[2], module
        for name, value in sorted(vars(module).items()):
            if name.startswith("_") or not _is_documented_in(package, value):
                continue
            yield name, value
            if inspect.isclass(value):
                members = sorted(vars(value).items())
                yield from (pair for pair in members if not pair[0].startswith("_"))


def _is_documented_in(package: str, value: Any) -> bool:
    """Return whether an object has a docstring of its own and belongs to the package."""
    if isinstance(value, ModuleType) or not callable(value):
        return False  # modules have their turn, and a number has the docstring of its type
    home = getattr(value, "__module__", None) or package  # functions of C may have none
    return home.partition(".")[0] == package
