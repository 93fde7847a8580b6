"""What an array is before it can compute: a view on a device, its attributes, and its exits.

`Storage` is the base of `NDArray`. The functions of `operands`, `reductions` and `indexing` need no
more than it, so that they stand below the class whose operators they implement.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, TypeVar

import numpy as np

from needle_hw3 import dlpack
from needle_hw3.device import BackendDevice, to_numpy
from needle_hw3.dtypes import DTYPES, NAMES, DType, as_dtype
from needle_hw3.layout import Layout, Shape, compact_strides, is_compact

S = TypeVar("S", bound="Storage")


class Handle:
    """The buffer of an array, under the names that the course gives it."""

    __slots__ = ("_view",)

    def __init__(self, view: Any) -> None:
        self._view = view

    @property
    def size(self) -> int:
        """The number of elements in the whole buffer."""
        return int(self._view.buffer.size // self._view.itemsize)

    def ptr(self) -> int:
        """Return the address of the first byte of the buffer."""
        return int(self._view.buffer.ptr())

    def tiles(self, rows: int, columns: int, side: int) -> Any:
        """Return a view of the buffer as (rows, columns, side, side), from its start."""
        shape = (rows, columns, side, side)
        return self._view.restride(shape, compact_strides(shape), 0)


class Storage:
    """A view of a buffer on a device."""

    __slots__ = ("__weakref__", "_device", "_view")

    _array_type: ClassVar[Any]
    _view: Any
    _device: BackendDevice

    def __init_subclass__(cls, made_by: type[BackendDevice] | None = None) -> None:
        if made_by is not None:
            made_by.array_type = Storage._array_type = cls

    @staticmethod
    def _make(view: Any, device: BackendDevice) -> Any:
        """Return the array that shows `view` on `device`."""
        result = _allocate(Storage._array_type)
        result._view = view
        result._device = device
        return result

    def _new(self: S, view: Any) -> S:
        """Return the array that shows `view` on this device."""
        result: S = _allocate(Storage._array_type)
        result._view = view
        result._device = self._device
        return result

    @property
    def _layout(self) -> Layout:
        view = self._view
        return Layout(view.shape, view.strides, view.offset)

    def _as(self: S, layout: Layout) -> S:
        """Return a view of the same memory with another layout."""
        return self._new(self._view.restride(*layout))

    def _cast(self: S, dtype: np.dtype[Any]) -> S:
        """Return this array in `dtype`: itself, if it has it."""
        name = NAMES[dtype]
        view = self._view
        return self if view.dtype == name else self._new(self._device.kernels.cast(view, name))

    # Attributes

    @property
    def shape(self) -> Shape:
        """The size of each axis."""
        return self._view.shape  # type: ignore[no-any-return]

    @property
    def strides(self) -> Shape:
        """The distance between neighbours along each axis, in elements."""
        return self._view.strides  # type: ignore[no-any-return]

    @property
    def offset(self) -> int:
        """The place of the first element in the buffer, in elements."""
        return self._view.offset  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return DTYPES[self._view.dtype]

    @property
    def device(self) -> BackendDevice:
        """The device that holds the elements."""
        return self._device

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._view.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._view.size  # type: ignore[no-any-return]

    @property
    def itemsize(self) -> int:
        """The number of bytes of one element."""
        return self._view.itemsize  # type: ignore[no-any-return]

    @property
    def nbytes(self) -> int:
        """The number of bytes of the elements; what a view shares is counted as its own."""
        return self.size * self.itemsize

    # The fields of the course's arrays, which its subclasses use

    @property
    def _handle(self) -> Handle:
        return Handle(self._view)

    _shape, _strides, _offset = shape, strides, offset

    def is_compact(self) -> bool:
        """Return whether the elements lie in row-major order, without gaps, and fill the buffer."""
        view = self._view
        fills = view.offset == 0 and math.prod(view.shape) * view.itemsize == view.buffer.size
        return fills and is_compact(view.shape, view.strides)

    # Other libraries

    def numpy(self) -> np.ndarray[Any, Any]:
        """Return a copy of the elements as a NumPy array."""
        values: np.ndarray[Any, Any] = self._view.numpy()
        return np.array(values) if self._on_host() else values

    def _on_host(self) -> bool:
        """Return whether NumPy can work on the memory of the elements."""
        return bool(self._device.kernels.ON_HOST)

    def __array__(self, dtype: DType = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False and not self._on_host():
            raise ValueError(f"an array on {self._device!r} becomes one of NumPy only by a copy")
        shared: np.ndarray[Any, Any] = self._view.numpy()
        if copy is False and dtype is not None and shared.dtype != dtype:
            raise ValueError(f"an array of {shared.dtype} becomes {dtype} only by a copy")
        return shared.astype(dtype or shared.dtype, copy=bool(copy))

    def __buffer__(self, flags: int) -> memoryview:
        if not self._on_host():
            raise BufferError(f"the memory of an array on {self._device!r} is not the host's")
        return memoryview(self._view.numpy())

    def __dlpack__(self, **options: Any) -> Any:
        return dlpack.export(self._view, self._device.kernels, **options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return dlpack.device_of(self._view, self._device.kernels)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.numpy(), self._device)

    def item(self) -> Any:
        """Return the only element as a Python number. Raises `ValueError` if there are others."""
        if self.size != 1:
            raise ValueError(f"item() needs an array of one element, got shape {self.shape}")
        return self._view.numpy().item()

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers."""
        return self._view.numpy().tolist()


_allocate: Any = object.__new__


def as_storage(data: Any, device: BackendDevice, dtype: DType = None) -> Any:
    """Return `data`, an array or what can become one, as an array on `device` and of `dtype`.

    An array of the device and dtype is returned itself, and memory is shared where it can be.
    """
    if isinstance(data, Storage) and data._device is device:
        return data if dtype is None else data._cast(as_dtype(dtype))
    array = to_numpy(data, dtype)
    try:
        view = device.kernels.from_numpy(array, False)
    except ValueError:
        view = device.kernels.from_numpy(array, True)
    return Storage._make(view, device)


def _rebuild(values: np.ndarray[Any, Any], device: BackendDevice) -> Any:
    return device.array(values)
