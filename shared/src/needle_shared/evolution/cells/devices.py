"""What the cells of hw4 have in common: a device, and the lines of code under them."""

import importlib
from typing import ClassVar

from needle_shared.evolution import lines
from needle_shared.evolution.cell import CellMissingError, Lines

STAGES = ("needle_hw1", "needle_hw2", "needle_hw3", "needle_hw4")


class OnDevice:
    """A cell on a device of `needle_hw4`; a subclass says on which, and what a user writes.

    Raises `CellMissingError` with the device's reason where there is no GPU for `cuda`; the others
    are parts of the installation, and it is an error if they are not enabled.
    """

    package: ClassVar[str] = "needle_hw4"
    device: ClassVar[str]
    written: ClassVar[tuple[lines.Definition, ...]]

    def __init__(self) -> None:
        self.ndl = importlib.import_module(self.package)
        device = getattr(self.ndl, self.device)()
        if self.device == "cuda" and not device.enabled():
            raise CellMissingError(device.why_disabled)
        self.ndl.set_default_device(device)  # raises if it is not enabled
        importlib.import_module("needle_hw3").set_num_threads(1)

    def lines(self) -> Lines:
        """Return the lines that are written, and of what they import of all stages.

        Where the kernels are not NumPy's, the C++ sources are the library's, too.
        """
        user = lines.function_lines(self.written, within=self.written[0].__module__)
        native = 0 if self.device == "cpu_numpy" else lines.native_lines("needle_hw3")
        return Lines(user, None if native is None else lines.loaded_lines(*STAGES) + native)
