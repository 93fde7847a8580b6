"""Packages that only some users need."""

import importlib
from typing import Any


def require(module: str, *, extra: str) -> Any:
    """Return the imported `module`, which the optional extra `extra` of this package installs.

    Raises `ImportError` with the command that installs it, if it is missing.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed: pip install 'needle-shared[{extra}]'"
        raise ImportError(message, name=error.name) from error
