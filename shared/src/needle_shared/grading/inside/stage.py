"""The fixture `stage`: the package that is checked."""

from __future__ import annotations

import importlib
from typing import Any


class Stage:
    """The package of a stage: its public names are attributes."""

    def __init__(self, package: str) -> None:
        self._package = package

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._package), name)

    def module(self, name: str) -> Any:
        """Return a module of the package, such as "apps.simple_ml"."""
        return importlib.import_module(f"{self._package}.{name}")
