"""Answering imports of the course's names with the modules of a stage, and ending that again."""

import sys
from collections.abc import Iterable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from needle_shared.course.modules import AliasModule
from needle_shared.course.table import STAGES, Stage


class Alias(MetaPathFinder, Loader):
    """An importer of the course's names, in force until `remove()` or the end of a `with` block.

    It is asked before all others, and modules of these names that were imported before, or are
    inside such, are put aside meanwhile: a `needle` that lies on `sys.path` shadows nothing.
    """

    def __init__(self, stage: Stage) -> None:
        self._package = stage.package
        self._modules = {name: make(name) for name, make in stage.modules.items()}
        for name in self._modules:
            parent, _, child = name.rpartition(".")
            outer = self._modules.get(parent)
            if isinstance(outer, AliasModule):
                outer.expose(child)
        self._set_aside = _take_out(self._modules)
        sys.meta_path.insert(0, self)

    def __enter__(self) -> "Alias":
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()

    def __getitem__(self, name: str) -> Any:
        """Return the module that stands under `name`, as `alias["mugrade"].submissions`."""
        return self._modules[name]

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        """Return what Python imports under a name of the course, None for any other name."""
        del path, target  # wherever Python would look for it, it is here
        if fullname not in self._modules:
            return None
        return ModuleSpec(fullname, self, origin=self._package, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module, the same whenever it is imported."""
        return self._modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """Let the module do what it does when it is imported."""
        if isinstance(module, AliasModule):
            module.run()

    def remove(self) -> None:
        """Make `sys.modules` what it was. Doing so twice changes nothing."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for module in self._modules.values():
            if isinstance(module, AliasModule):
                module.close()
        _take_out(self._modules)
        sys.modules.update(self._set_aside)
        self._modules, self._set_aside = {}, {}


def install_alias(stage: str) -> Alias:
    """Let `import needle`, `simple_ml`, ... mean `stage`, `"hw0"` to `"hw4"`; return the handle.

    Raises `ValueError` for an unknown stage, `ImportError` for one that is not installed.
    """
    if stage not in STAGES:
        raise ValueError(f"no stage {stage!r}: choose one of {', '.join(STAGES)}")
    for package in (STAGES[stage].package, *STAGES[stage].also):
        if find_spec(package) is None:
            name = package.replace("_", "-")
            raise ImportError(f"{package} is not installed: pip install {name}", name=package)
    return Alias(STAGES[stage])


def _take_out(names: Iterable[str]) -> dict[str, ModuleType]:
    """Remove every module that has or lies below one of `names`, and return them."""
    roots = {name.partition(".")[0] for name in names}
    inside = [name for name in sys.modules if name.partition(".")[0] in roots]
    return {name: sys.modules.pop(name) for name in inside}
