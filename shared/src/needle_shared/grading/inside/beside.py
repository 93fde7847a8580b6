"""What checks of a stage have in common stands in modules beside them.

Checks are no package, so that they cannot import each other.
"""

from __future__ import annotations

import functools
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

HELPERS = "helpers.py"
_HIDDEN = "hidden"


def helpers_of(check: str) -> ModuleType:
    """Return the module `hwN/checks/helpers.py` for the file of a check, hidden or not.

    It is there in the sandbox, too, so that an oracle must not stand in it. Raises
    FileNotFoundError if the stage has none.
    """
    return module_beside(check, HELPERS)


def module_beside(check: str, name: str) -> ModuleType:
    """Return the module in the file `name` of the folder of checks; it is run once."""
    folder = Path(check).parent
    if folder.name == _HIDDEN:
        folder = folder.parent
    return _module(folder / name)


@functools.cache
def _module(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: it has what the checks have in common")
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    SourceFileLoader(path.stem, str(path)).exec_module(module)
    return module
