"""Modules for stages with devices of their own: a default device, that of trainings."""

from contextvars import Context
from importlib import import_module
from typing import Any

from needle_shared.course.float32 import Float32Module
from needle_shared.course.modules import AliasModule, AutogradModule, SeedingModule


class DeviceModule(AliasModule):
    """`needle` of a stage with devices: importing it makes its `default_device()` the default."""

    _earlier: Any = None

    def run(self) -> None:
        """Let tensors be made there, in all threads, until the alias is removed."""
        tensors = import_module("needle_hw1")
        # Noted before the stage is imported, which may choose a device as well.
        if self._earlier is None:  # the one of the process, not of a `use_device` around
            self._earlier = Context().run(tensors.default_device)
        tensors.set_default_device(self.default_device())

    def close(self) -> None:
        """Make the earlier device the default again."""
        if self._earlier is not None:
            import_module("needle_hw1").set_default_device(self._earlier)
            self._earlier = None


class Float32DeviceModule(Float32Module, DeviceModule):
    """`needle` of a stage with devices, where tensors are float32."""


class Float32AutogradModule(Float32Module, AutogradModule):
    """`needle.autograd` of a stage where tensors are float32."""


class ModelsModule(SeedingModule):
    """`models` of hw4."""

    def run(self) -> None:
        """Import `needle`, as the course's module does, and seed NumPy's generator."""
        import_module("needle")
        super().run()


class TrainingModule(AliasModule):
    """`simple_ml` of hw4, which has a device as a global variable."""

    device: Any

    def run(self) -> None:
        """Import the course's models, which seeds NumPy's generator the first time."""
        import_module("apps.models")
        self.device = import_module("needle").cpu()
