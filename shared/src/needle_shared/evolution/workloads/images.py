"""ResNet9 of hw4 on each of its devices, and the earlier stage that cannot have it."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from needle_shared.evolution.cell import CellMissingError
from needle_shared.evolution.cells.devices import OnDevice
from needle_shared.evolution.workloads.problem import ImageProblem


def train(ndl: Any, models: Any, problem: ImageProblem) -> Iterator[float]:
    """Yield the loss of each step, as a user of hw4 writes it."""
    np.random.seed(problem.seed)  # noqa: NPY002 -- what the layers draw weights from
    model = models.ResNet9()
    loss_function = ndl.nn.SoftmaxLoss()
    optimizer = ndl.optim.SGD(model.parameters(), problem.lr)
    dataset = ndl.data.NDArrayDataset(problem.X, problem.y)
    for images, labels in ndl.data.DataLoader(dataset, problem.batch):
        loss = loss_function(model(images), labels)
        loss.backward(create_graph=False)
        optimizer.step()
        yield loss.item()


class WithoutConvolutions:
    """The stage before hw4: it is listed, so that one sees why it is not compared."""

    package: ClassVar[str] = "needle_hw2"

    def __init__(self) -> None:
        raise CellMissingError("has no convolutions")


class ImageCell(OnDevice):
    """`needle_hw4.models.ResNet9`; a subclass says on which device."""

    problem = ImageProblem
    written = (train,)

    def __init__(self) -> None:
        super().__init__()
        self.models = import_module(f"{self.package}.models")

    def train(self, problem: ImageProblem) -> Iterator[float]:
        """Yield the loss of each step."""
        return train(self.ndl, self.models, problem)


class NumpyImageCell(ImageCell):
    """On the device whose kernels are NumPy's."""

    device = "cpu_numpy"


class CppImageCell(ImageCell):
    """On the device whose kernels are C++."""

    device = "cpu"


class CudaImageCell(ImageCell):
    """On an NVIDIA GPU."""

    device = "cuda"
