"""hw4: the network of hw2, on the arrays of hw3. Not a line of it is another."""

import importlib
from typing import ClassVar

from needle_shared.evolution import lines
from needle_shared.evolution.cell import Lines
from needle_shared.evolution.cells.hw2 import ModuleCell, network, train_epoch

STAGES = ("needle_hw1", "needle_hw2", "needle_hw3", "needle_hw4")


class DeviceCell(ModuleCell):
    """`ModuleCell` on a device of `needle_hw4`; a subclass says on which."""

    package: ClassVar[str] = "needle_hw4"
    device: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        device = getattr(self.ndl, self.device)()
        self.ndl.set_default_device(device)  # raises if it is not enabled
        importlib.import_module("needle_hw3").set_num_threads(1)

    def lines(self) -> Lines:
        """Return the lines of network and epoch, and of what they import of all stages."""
        user = lines.function_lines([network, train_epoch], within=network.__module__)
        return Lines(user, lines.loaded_lines(*STAGES))


class NumpyDeviceCell(DeviceCell):
    """On the device whose kernels are NumPy's."""

    device = "cpu_numpy"


class CppDeviceCell(DeviceCell):
    """On the device whose kernels are C++: their lines are the library's, too."""

    device = "cpu"

    def lines(self) -> Lines:
        """Return the lines of `DeviceCell`, and those of the C++ sources."""
        user, library = super().lines().user, super().lines().library
        native = lines.native_lines("needle_hw3")
        return Lines(user, None if library is None or native is None else library + native)
