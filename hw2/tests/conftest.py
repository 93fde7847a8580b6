"""Fixtures that more than one file of tests uses."""

import numpy as np
import pytest


class StrictDevice:
    """A second device: arrays of array_api_strict, on one of the devices that it pretends to have.

    With `capacity`, it has room for so many arrays only.
    """

    def __init__(self, xp, name="device1", capacity=None):
        self.xp, self.home, self.capacity = xp, xp.Device(name), capacity

    def enabled(self):
        return True

    def array(self, data, dtype=None):
        if self.capacity is not None:
            if self.capacity == 0:
                raise MemoryError("the device is full")
            self.capacity -= 1
        values = np.asarray(data, dtype=dtype)
        return self.xp.asarray(values, device=self.home, copy=True)

    def full(self, shape, fill_value, dtype="float32"):
        return self.array(np.full(shape, fill_value, dtype))

    def empty(self, shape, dtype="float32"):
        return self.full(shape, 0, dtype)

    def rand(self, *shape):
        return self.array(np.random.rand(*shape))

    def randn(self, *shape):
        return self.array(np.random.randn(*shape))

    def one_hot(self, n, i, dtype="float32"):
        return self.array(np.eye(n, dtype=dtype)[i])


@pytest.fixture
def second_device():
    """Return a function that makes a device beside NumPy's."""
    xp = pytest.importorskip("array_api_strict", reason="needs the extra `test`")
    return lambda **options: StrictDevice(xp, **options)


@pytest.fixture(scope="session")
def small_mnist(tmp_path_factory):
    """Write 60 training and 20 test images of 3 classes under MNIST's names; return the folder."""
    from needle_shared.data import write_idx

    folder = tmp_path_factory.mktemp("mnist")
    rng = np.random.default_rng(0)
    for part, size in (("train", 60), ("t10k", 20)):
        labels = np.arange(size, dtype=np.uint8) % 3
        pixels = rng.integers(100, size=(size, 28, 28)).astype(np.uint8)
        for label in range(3):  # the class is the bright band
            pixels[labels == label, 9 * label : 9 * label + 9] += 60
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", pixels)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", labels)
    return folder
