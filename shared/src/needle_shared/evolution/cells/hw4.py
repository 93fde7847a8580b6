"""hw4: the network of hw2, on the arrays of hw3. Not a line of it is another."""

from typing import ClassVar

from needle_shared.evolution.cell import Array
from needle_shared.evolution.cells.devices import OnDevice
from needle_shared.evolution.cells.hw2 import ModuleCell, network, train_epoch


class DeviceCell(OnDevice, ModuleCell):
    """`ModuleCell` on a device of `needle_hw4`; a subclass says on which."""

    package: ClassVar[str] = "needle_hw4"
    written = (network, train_epoch)


class NumpyDeviceCell(DeviceCell):
    """On the device whose kernels are NumPy's."""

    device = "cpu_numpy"


class CppDeviceCell(DeviceCell):
    """On the device whose kernels are C++."""

    device = "cpu"


class CudaDeviceCell(DeviceCell):
    """On an NVIDIA GPU."""

    device = "cuda"

    def epoch(self, X: Array, y: Array, lr: float, batch: int) -> None:
        """Descend through all images, and wait until the device has done so."""
        super().epoch(X, y, lr, batch)
        self.weights()
