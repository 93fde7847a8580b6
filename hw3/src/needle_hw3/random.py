"""Random arrays from a generator of their own, which a seed determines on every device."""

from __future__ import annotations

from typing import Any

import numpy as np

from needle_hw3.device import BackendDevice, default_device
from needle_hw3.dtypes import DType, as_dtype, float32, int64
from needle_hw3.layout import as_shape
from needle_hw3.ndarray import NDArray


class Generator:
    """A source of random arrays on a device.

    Parameters
    ----------
    seed
        Whatever `numpy.random.default_rng` takes, a generator included; of None, no two are alike.
    device
        Where arrays are made; `default_device()` unless given. The numbers do not depend on it:
        they are drawn by NumPy.
    """

    def __init__(self, seed: Any = None, device: BackendDevice | None = None) -> None:
        self.device = device or default_device()
        self._numpy = np.random.default_rng(seed)

    def uniform(
        self, shape: Any = (), low: float = 0.0, high: float = 1.0, *, dtype: DType = float32
    ) -> NDArray:
        """Return numbers that are uniform in [low, high)."""
        draw = self._numpy.random(as_shape(shape), _drawn(dtype))
        return self._array(draw * (high - low) + low, dtype)

    def normal(
        self, shape: Any = (), mean: float = 0.0, std: float = 1.0, *, dtype: DType = float32
    ) -> NDArray:
        """Return normal numbers of this mean and standard deviation."""
        draw = self._numpy.standard_normal(as_shape(shape), _drawn(dtype))
        return self._array(draw * std + mean, dtype)

    def integers(self, low: int, high: int, shape: Any = (), *, dtype: DType = int64) -> NDArray:
        """Return integers that are uniform in [low, high)."""
        return self._array(self._numpy.integers(low, high, as_shape(shape)), dtype)

    def permutation(self, n: int) -> NDArray:
        """Return 0, 1, ..., n - 1 in random order, as int64."""
        return self._array(self._numpy.permutation(n), int64)

    def _array(self, values: Any, dtype: DType) -> NDArray:
        result: NDArray = self.device.array(np.asarray(values), dtype)
        return result


def _drawn(dtype: DType) -> Any:
    """Return the floating dtype in which numbers are drawn."""
    wanted = as_dtype(dtype)
    if wanted.kind != "f":
        raise TypeError(f"uniform and normal numbers are floating, not of dtype {wanted}")
    return wanted
