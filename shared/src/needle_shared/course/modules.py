"""Modules that answer under a name of the course with the objects of a stage.

They hold nothing of their own: an attribute is looked up in the stage's module whenever it is
asked for, so classes and functions are the very same objects. What only course code wants, such
as `TENSOR_COUNTER`, is added here, and the stage carries nothing for it.
"""

import builtins
import gc
from collections.abc import Mapping
from contextlib import ExitStack
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn

import numpy as np


class AliasModule(ModuleType):
    """The module `name`, answered by `names` first and then by the module `source`, if any.

    `names` says where a name is found, as `"module"` or `"module:attribute"`. Modules are
    imported when an attribute is asked for.
    """

    def __init__(self, name: str, source: str | None, names: Mapping[str, str]) -> None:
        super().__init__(name)
        # An empty search path: `import needle.nn` must not find the files of somebody's checkout.
        self.__path__: list[str] = []
        self._source = source
        self._names = dict(names)

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":  # what `from needle import *` binds: not over Python's own `max`
            return [name for name in self._public_names() if not hasattr(builtins, name)]
        if not name.startswith("_"):
            if name in self._names:
                return _load(self._names[name])
            if self._source is not None:
                return getattr(import_module(self._source), name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def expose(self, child: str) -> None:
        """Have the module `child` inside as an attribute: asking for it imports it."""
        self._names[child] = f"{self.__name__}.{child}"

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._public_names()})

    def run(self) -> None:
        """Do what the course's module does when it is imported; called when that happens."""

    def close(self) -> None:
        """Undo what was switched on through this module; called when the alias is removed."""

    def _public_names(self) -> list[str]:
        names = {*self._names, *vars(self)}
        if self._source is not None:
            source = import_module(self._source)
            names.update(getattr(source, "__all__", vars(source)))
        return sorted(name for name in names if not name.startswith("_"))


class SeedingModule(AliasModule):
    """A module of the course that seeds NumPy's global generator when it is imported."""

    def run(self) -> None:
        """Seed it with 0, as the course does."""
        np.random.seed(0)  # noqa: NPY002 -- the course's generator


class AutogradModule(AliasModule):
    """`needle.autograd`: the stage's module and, computed, the course's global variables."""

    def __init__(self, name: str, source: str | None, names: Mapping[str, str]) -> None:
        super().__init__(name, source, names)
        self._lazy: ExitStack | None = None

    @property
    def TENSOR_COUNTER(self) -> int:  # noqa: N802 -- the course's name
        """The number of values that are alive, counted now."""
        value_type = self.Value
        # `isinstance` would ask every object for its `__class__`, which proxies answer with code.
        values = [value for value in gc.get_objects() if issubclass(type(value), value_type)]
        return sum(not _is_stand_in(value) for value in values)

    @property
    def LAZY_MODE(self) -> bool:  # noqa: N802 -- the course's name
        """Whether computation is deferred because this was set to True.

        Setting it enters or leaves the stage's `lazy()`, for the current thread or task.
        """
        return self._lazy is not None

    @LAZY_MODE.setter
    def LAZY_MODE(self, enabled: bool) -> None:  # noqa: N802 -- the course's name
        if enabled and self._lazy is None:
            self._lazy = ExitStack()
            self._lazy.enter_context(self.lazy())
        elif not enabled and self._lazy is not None:
            self._lazy.close()
            self._lazy = None

    def close(self) -> None:
        """Leave the lazy mode."""
        self.LAZY_MODE = False


def _is_stand_in(value: Any) -> bool:
    """Return whether `value` is a graph's record of a leaf that is alive and counted itself."""
    owner = getattr(value, "_owner", None)
    leaf = None if owner is None else owner()
    return leaf is not None and leaf is not value  # one that retains its grad refers to itself


def _load(target: str) -> Any:
    """Return the object at `"module"` or `"module:attribute"`.

    If the module is not installed, it is a function that says so when it is called: star imports
    ask for every name, also for those that nobody uses.
    """
    module, _, attribute = target.partition(":")
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name

        def unavailable(*args: Any, **kwargs: Any) -> NoReturn:
            del args, kwargs
            raise ImportError(f"{target} is needed, but {missing} is not installed", name=missing)

        return unavailable
    return getattr(found, attribute) if attribute else found
