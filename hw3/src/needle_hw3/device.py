"""Devices: where arrays live, and the kernels that work on them there."""

from __future__ import annotations

import importlib
from functools import cache, wraps
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from needle_hw3 import kernels_numpy
from needle_hw3.dtypes import DEFAULTS, NAMES, DType, as_dtype, as_number, holding, whole
from needle_hw3.layout import as_shape


class BackendDevice:
    """A place for arrays: a name, and a module of kernels, or the reason why there is none.

    Devices are equal if their names are. Names that the device itself does not have are looked
    up among its kernels, so `cpu().set_isa("avx2")` works. Anything that needs the kernels of a
    device that is not enabled raises `RuntimeError` with the reason.
    """

    __slots__ = ("kernels", "name", "why_disabled")

    array_type: ClassVar[Any]  # bound by the class of the arrays that devices make
    kernels: Any

    def __init__(self, name: str, mod: ModuleType | None, why_disabled: str = "") -> None:
        self.name = name
        self.why_disabled = why_disabled
        if mod is not None:
            self.kernels = mod
        elif not why_disabled:
            self.why_disabled = "it was made without kernels"

    @property
    def mod(self) -> Any:
        """The module of kernels, or None."""
        return self.kernels if self.enabled() else None

    @property
    def __tile_size__(self) -> int:
        return int(self.kernels.TILE)

    def enabled(self) -> bool:
        """Return whether the device is built and present."""
        return not self.why_disabled

    def synchronize(self) -> None:
        """Wait until all work on the device is done, as clocks must; the CPUs' always is."""
        self.kernels.synchronize()

    def __getattr__(self, name: str) -> Any:
        if name == "kernels":
            raise RuntimeError(f"{self!r} is not available: {self.why_disabled}")
        if name.startswith("__") or not self.enabled() or not hasattr(self.kernels, name):
            raise AttributeError(f"{self!r} has no attribute {name!r}")
        return getattr(self.kernels, name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BackendDevice) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        name, _, index = self.name.partition(":")
        return f"{name}({index})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _device_named, (self.name,)

    # Making arrays

    def array(self, data: Any, dtype: DType = None) -> Any:
        """Return a new array with a copy of `data`: an array, nested lists or a number.

        Without `dtype`, arrays keep theirs and Python's floats become float32. Raises `TypeError`
        for what is no real number, `ValueError` for lists of different lengths.
        """
        return self._new(self.kernels.from_numpy(to_numpy(data, dtype), True))

    def empty(self, shape: Any, dtype: DType = "float32") -> Any:
        """Return an array of `shape` whose values are not set."""
        return self._new(self.kernels.empty(NAMES[as_dtype(dtype)], as_shape(shape)))

    def full(self, shape: Any, fill_value: Any, dtype: DType = "float32") -> Any:
        """Return an array of `shape` with every element `fill_value`."""
        value = as_number(fill_value, as_dtype(dtype))
        result = self.empty(shape, dtype)
        self.kernels.fill(result._view, value)
        return result

    def rand(self, *shape: int, dtype: DType = "float32") -> Any:
        """Return uniform draws from [0, 1), of NumPy's global generator."""
        return self.array(np.random.rand(*shape), dtype)  # noqa: NPY002 (the course's rule)

    def randn(self, *shape: int, dtype: DType = "float32") -> Any:
        """Return standard normal draws, of NumPy's global generator."""
        return self.array(np.random.randn(*shape), dtype)  # noqa: NPY002 (the course's rule)

    def one_hot(self, n: int, i: Any, dtype: DType = "float32") -> Any:
        """Return an array of shape `i.shape + (n,)`: 1 at index `i` of the last axis, else 0.

        Raises `TypeError` unless `i` is of an integer dtype, `IndexError` if one is not in [0, n).
        """
        indices = np.asarray(i)
        if indices.dtype.kind not in "iu":
            raise TypeError(f"one_hot takes integer indices, got dtype {indices.dtype}")
        outside = (indices < 0) | (indices >= n)
        if outside.any():
            raise IndexError(f"index {indices[outside][0]} is outside of one_hot's {n} classes")
        flat = indices.astype(np.int64).reshape(-1)
        places = [self.array(x)._view for x in (np.arange(flat.size), flat)]
        rows = self.full((flat.size, n), 0, dtype)
        self.kernels.scatter(rows._view, places, self.full((), 1, dtype)._view)
        return rows.reshape((*indices.shape, n))

    def matmul_tiled(self, a: Any, b: Any, out: Any, m: int, n: int, p: int) -> None:
        """Set `out` to the product of matrices that are stored in tiles of `__tile_size__`.

        The three are handles (`NDArray._handle`) of compact float32 arrays of shapes
        (m / T, n / T, T, T), (n / T, p / T, T, T) and (m / T, p / T, T, T).
        """
        side = self.__tile_size__
        if m % side or n % side or p % side:
            raise ValueError(f"sizes {m}, {n} and {p} are not all multiples of {side}")
        views = [
            handle.tiles(rows // side, columns // side, side)
            for handle, rows, columns in ((a, m, n), (b, n, p), (out, m, p))
        ]
        self.kernels.assign(views[2], self.kernels.matmul_tiled(*views[:2], m, n, p))

    def _new(self, view: Any) -> Any:
        """Return the array on this device that shows `view`."""
        return self.array_type._make(view, self)


def to_numpy(data: Any, dtype: DType = None) -> np.ndarray[Any, Any]:
    """Return `data` as a NumPy array of `dtype`, sharing memory where possible.

    Without `dtype`, what has one keeps it, or the next larger one that arrays can have, and
    Python's numbers get the default of their kind.
    Raises `TypeError` for a dtype that arrays cannot have, or anything but real numbers.
    """
    source = np.asarray(data)
    if source.dtype.kind not in "biuf":  # NumPy would read "1.5" and None as floats
        raise TypeError(f"arrays hold real numbers, not dtype {source.dtype}")
    if dtype is not None:
        wanted = as_dtype(dtype)
    elif hasattr(data, "dtype"):
        wanted = holding(source.dtype)
    else:
        wanted = DEFAULTS.get(source.dtype.kind) or holding(source.dtype)
    with np.errstate(all="ignore"):
        return source.astype(wanted, copy=False)


@cache
def cpu_numpy() -> BackendDevice:
    """Return the device whose kernels are NumPy's: the specification of the others."""
    return BackendDevice("cpu_numpy", kernels_numpy)


@cache
def cpu() -> BackendDevice:
    """Return the device of the C++ kernels; it is not enabled where they were not compiled."""
    try:
        return BackendDevice("cpu", importlib.import_module("needle_hw3._cpu"))
    except ImportError as error:
        return BackendDevice("cpu", None, f"the C++ kernels cannot be imported ({error})")


def cuda(index: int = 0) -> BackendDevice:
    """Return the device of the NVIDIA GPU of that number; `why_disabled` says what is missing.

    Its kernels run while Python goes on; what reads values waits for them. Raises `ValueError` for
    a negative number.
    """
    if whole(index, "the number of a GPU") < 0:
        raise ValueError(f"GPUs are numbered from 0, got {index}")
    return _gpu(index)


@cache
def _gpu(index: int) -> BackendDevice:
    name = f"cuda:{index}" if index else "cuda"
    try:
        kernels = importlib.import_module("needle_hw3._cuda")
    except ModuleNotFoundError as error:
        if error.name != "needle_hw3._cuda":
            raise
        return BackendDevice(name, None, "needle_hw3 was built without a CUDA compiler")
    except ImportError as error:
        return BackendDevice(name, None, f"the CUDA kernels cannot be imported ({error})")
    why_disabled = kernels.why_disabled()
    if not why_disabled and index >= kernels.device_count():
        why_disabled = f"this machine has {kernels.device_count()} NVIDIA GPUs"
    return BackendDevice(
        name, None if why_disabled else kernels_of_gpu(kernels, index), why_disabled
    )


def kernels_of_gpu(module: Any, index: int) -> Any:
    """Return the kernels of one of several GPUs.

    A kernel runs where its operands are. What has none, as it makes arrays or asks for numbers,
    is told here which GPU is meant.
    """
    if module.device_count() == 1:
        return module

    def on_this_one(function: Any) -> Any:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            module.use(index)
            return function(*args, **kwargs)

        return call

    kernels = ModuleType(module.__name__, module.__doc__)
    vars(kernels).update(vars(module))
    for name in module.WITHOUT_OPERANDS:
        setattr(kernels, name, on_this_one(getattr(module, name)))
    return kernels


def all_devices() -> list[BackendDevice]:
    """Return every device, those that are not enabled included."""
    return [cpu(), cuda(), cpu_numpy()]


def default_device() -> BackendDevice:
    """Return the device of new arrays: `cpu()`, or `cpu_numpy()` if that is not compiled."""
    return cpu() if cpu().enabled() else cpu_numpy()


def _device_named(name: str) -> BackendDevice:
    kind, _, index = name.partition(":")
    if kind == "cuda":
        return cuda(int(index or 0))
    return {"cpu": cpu, "cpu_numpy": cpu_numpy}[kind]()
