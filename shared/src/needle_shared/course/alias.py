"""Entering the modules of a stage under the names of the course, and removing them again."""

import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from needle_shared.course.modules import AliasModule
from needle_shared.course.table import STAGES, Stage


class Alias:
    """The names of the course in `sys.modules`, until `remove()` or the end of a `with` block.

    Other modules of these names, and modules inside them, are put aside meanwhile: a `needle`
    that lies on `sys.path`, or was imported before, shadows nothing.
    """

    def __init__(self, stage: Stage) -> None:
        self._modules = {name: make(name) for name, make in stage.modules.items()}
        for name, module in self._modules.items():
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(self._modules[parent], child, module)
        self._set_aside = _take_out(self._modules)
        sys.modules.update(self._modules)

    def __enter__(self) -> "Alias":
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()

    def __getitem__(self, name: str) -> Any:
        """Return the module that stands under `name`, as `alias["mugrade"].submissions`."""
        return self._modules[name]

    def remove(self) -> None:
        """Make `sys.modules` what it was. Doing so twice changes nothing."""
        for module in self._modules.values():
            if isinstance(module, AliasModule):
                module.close()
        _take_out(self._modules)
        sys.modules.update(self._set_aside)
        self._modules, self._set_aside = {}, {}


def install_alias(stage: str) -> Alias:
    """Let `import needle`, `simple_ml`, ... mean `stage`, `"hw0"` or `"hw1"`; return the handle.

    Raises `ValueError` for an unknown stage, `ImportError` for one that is not installed.
    """
    if stage not in STAGES:
        raise ValueError(f"no stage {stage!r}: choose one of {', '.join(STAGES)}")
    package = STAGES[stage].package
    if find_spec(package) is None:
        distribution = package.replace("_", "-")
        raise ImportError(f"{package} is not installed: pip install {distribution}", name=package)
    return Alias(STAGES[stage])


def _take_out(names: dict[str, ModuleType]) -> dict[str, ModuleType]:
    """Remove every module that has or lies below one of `names`, and return them."""
    roots = {name.partition(".")[0] for name in names}
    inside = [name for name in sys.modules if name.partition(".")[0] in roots]
    return {name: sys.modules.pop(name) for name in inside}
