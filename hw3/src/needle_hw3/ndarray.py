"""The n-dimensional array."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, TypeVar

import numpy as np

from needle_hw3 import indexing, layout
from needle_hw3.device import BackendDevice, default_device, to_numpy
from needle_hw3.dtypes import NUMBERS, DType, as_dtype, as_number, float32, whole
from needle_hw3.layout import Axes, Layout, Shape
from needle_hw3.operands import binary, unary, update
from needle_hw3.reductions import matmul, reduce
from needle_hw3.storage import Handle, Storage

N = TypeVar("N", bound="NDArray")
Method: TypeAlias = Callable[["NDArray", Any], Any]


def kernel_first(name: str, otherwise: Callable[[str, Any, Any], Any]) -> Callable[..., Any]:
    """Return the function `name` of two operands; what is not simple is left to `otherwise`.

    Two arrays of one device and dtype, or an array of floats and a number, go straight to the
    kernel: small operations are all overhead.
    """
    scalar_name = f"{name}_scalar"

    def function(x1: Any, x2: Any, /) -> Any:
        kind = type(x2)
        try:
            device = x1._device
            if kind is NDArray and x2._device is device:
                view = getattr(device.kernels, name)(x1._view, x2._view)
            elif (kind is float or kind is int) and x1._view.dtype in _FLOATS:
                view = getattr(device.kernels, scalar_name)(x1._view, x2)
            else:
                view = None
        except (AttributeError, TypeError):
            view = None
        if view is None:
            return otherwise(name, x1, x2)
        result = _allocate(NDArray)
        result._view = view
        result._device = device
        return result

    return function


def _operator(name: str) -> Method:
    """Return the method for `array op other`, which gives up on what is no array and no number."""
    return kernel_first(name, _promoted)


def _reflected(name: str) -> Method:
    """Return the method for `other op array`."""
    return lambda self, other: _promoted(name, self, other, reflected=True)


def _in_place(name: str) -> Method:
    """Return the method for `array op= other`, which also asks the kernel first."""
    into_name = f"{name}_into"

    def method(self: NDArray, other: Any) -> Any:
        if type(other) is NDArray and other._device is self._device:
            try:
                getattr(self._device.kernels, into_name)(self._view, self._view, other._view)
            except (TypeError, ValueError):
                return update(name, self, other)
            return self
        return update(name, self, other) if isinstance(other, _OPERANDS) else NotImplemented

    return method


def _promoted(name: str, array: NDArray, other: Any, reflected: bool = False) -> Any:
    if not isinstance(other, _OPERANDS):
        return NotImplemented
    return binary(name, array, other, reflected)


class NDArray(Storage, made_by=BackendDevice):
    """Elements of one dtype in a block of memory, seen through a shape, strides and an offset.

    Slicing, reshaping where strides allow, permuting and broadcasting move no elements: they
    return *views* of the same memory. Arithmetic makes new arrays without gaps: row-major, or with
    the axes in memory in the order of the first operand of the result's shape.

    Parameters
    ----------
    other
        What is copied: an array of this or another library, nested lists or a number.
    device
        Where to; where `other` is if that is an `NDArray`, otherwise `default_device()`.
    dtype
        Of the elements. Without it, arrays keep theirs and Python's floats become float32.
    """

    __slots__ = ()
    __array_ufunc__ = None  # NumPy's operators leave the work, and the refusal, to ours

    def __init__(
        self, other: Any, device: BackendDevice | None = None, dtype: DType = None
    ) -> None:
        home = other._device if isinstance(other, Storage) else default_device()
        self._device = device or home
        self._view = self._device.kernels.from_numpy(to_numpy(other, dtype), True)

    @staticmethod
    def make(
        shape: Shape,
        strides: Shape | None = None,
        device: BackendDevice | None = None,
        handle: Handle | None = None,
        offset: int = 0,
        dtype: DType = float32,
    ) -> NDArray:
        """Return an array over the buffer of `handle`, or over new memory that is not set."""
        home = device or default_device()
        sizes = layout.as_shape(shape)
        steps = layout.compact_strides(sizes) if strides is None else tuple(strides)
        if handle is None:
            ends = sum((n - 1) * abs(s) for n, s in zip(sizes, steps, strict=True))
            extent = 0 if 0 in sizes else offset + ends + 1
            view = home.kernels.empty(as_dtype(dtype).name, (max(extent, 0),))
        else:
            view = handle._view
        result: NDArray = NDArray._make(view.restride(sizes, steps, offset), home)
        return result

    # Views

    @staticmethod
    def compact_strides(shape: Shape) -> Shape:
        """Return the strides of a row-major array of `shape` without gaps."""
        return layout.compact_strides(layout.as_shape(shape))

    def compact(self) -> NDArray:
        """Return this array if it is compact, otherwise a row-major copy."""
        return self if self.is_compact() else self._new(self._device.kernels.copy(self._view))

    def as_strided(self, shape: Shape, strides: Shape) -> NDArray:
        """Return the same memory with another shape and strides, from the same first element.

        Raises `ValueError` if that would leave the buffer.
        """
        return self._as(Layout(layout.as_shape(shape), tuple(strides), self.offset))

    def reshape(self, *shape: Any, copy: bool | None = None) -> NDArray:
        """Return the elements in row-major order as `shape`, where one size may be -1.

        A view where the strides allow it, otherwise a copy; always a copy if `copy`, and never if
        it is False: then `ValueError` is raised.
        """
        is_whole = len(shape) == 1 and not hasattr(shape[0], "__index__")
        wanted = layout.known_shape(shape[0] if is_whole else shape, self.size)
        reshaped = None if copy else layout.reshape(self._layout, wanted)
        if reshaped is not None:
            return self._as(reshaped)
        if copy is False:
            raise ValueError(
                f"shape {self.shape} with strides {self.strides} becomes {wanted} only by a copy"
            )
        view = self._device.kernels.copy(self._view)
        return self._new(view.restride(wanted, layout.compact_strides(wanted), 0))

    def permute(self, axes: Any) -> NDArray:
        """Return a view with the axes in the order `axes`."""
        return self._as(layout.permute(self._layout, axes))

    def broadcast_to(self, shape: Any) -> NDArray:
        """Return a read-only view of the elements repeated to `shape`."""
        repeated = layout.broadcast(self._layout, layout.as_shape(shape))
        return self._new(self._view.restride(*repeated).readonly())

    def flip(self, axes: Axes = None) -> NDArray:
        """Return a view that reads `axes` backwards, or all of them if None."""
        return self._as(layout.flip(self._layout, axes))

    @property
    def T(self) -> NDArray:  # noqa: N802 -- the standard's name
        """The transposed matrix, a view. Raises `ValueError` unless there are two axes."""
        if self.ndim != 2:
            raise ValueError(f"T is for two axes, not for shape {self.shape}: use mT or permute")
        view = self._view
        return self._new(view.restride(view.shape[::-1], view.strides[::-1], view.offset))

    @property
    def mT(self) -> NDArray:  # noqa: N802
        """A view with the last two axes exchanged."""
        if self.ndim < 2:
            raise ValueError(f"mT exchanges the last two axes of two or more, not of {self.shape}")
        view = self._view
        (*batch, rows, columns), (*steps, down, right) = view.shape, view.strides
        return self._new(view.restride((*batch, columns, rows), (*steps, right, down), view.offset))

    @property
    def flat(self) -> NDArray:
        """A view with one axis. Raises `ValueError` if only a copy could have one."""
        return self.reshape((self.size,), copy=False)

    # Elements

    def __getitem__(self, index: Any) -> NDArray:
        return indexing.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        indexing.setitem(self, index, value)

    def process_slice(self, sl: slice, dim: int) -> slice:
        """Return a slice of axis `dim` with start, stop and step as they are within its size."""
        start, stop, step = sl.indices(self.shape[dim])
        return slice(start, None if stop < 0 else stop, step)

    def fill(self, value: Any) -> None:
        """Set every element, and nothing else in the buffer, to a number."""
        self._device.kernels.fill(self._view, as_number(value, self.dtype))

    def pad(self, axes: Any, value: float = 0) -> NDArray:
        """Return a copy with numbers around it: `axes` has (before, after) for each axis."""
        widths = [(whole(a, "a width"), whole(b, "a width")) for a, b in axes]
        if len(widths) != self.ndim or any(a < 0 or b < 0 for a, b in widths):
            raise ValueError(f"widths {axes} are not a pair >= 0 for each axis of {self.shape}")
        pairs = list(zip(self.shape, widths, strict=True))
        shape = [size + before + after for size, (before, after) in pairs]
        result: NDArray = self._device.full(shape, value, self.dtype)
        result[tuple(slice(before, before + size) for size, (before, _) in pairs)] = self
        return result

    def to(self, device: BackendDevice) -> NDArray:
        """Return this array on `device`: itself, if it is there."""
        if device == self._device:
            return self
        result: NDArray = device.array(self._view.numpy())
        return result

    def to_device(self, device: BackendDevice, /, *, stream: None = None) -> NDArray:
        """Return this array on `device`; there are no streams."""
        if stream is not None:
            raise ValueError(f"{self._device} has no streams, got {stream!r}")
        return self.to(device)

    # Functions as methods

    def exp(self) -> NDArray:
        """Return e to the power of each element."""
        return unary("exp", self)

    def log(self) -> NDArray:
        """Return the natural logarithm of each element."""
        return unary("log", self)

    def tanh(self) -> NDArray:
        """Return the hyperbolic tangent of each element."""
        return unary("tanh", self)

    def maximum(self, other: Any) -> NDArray:
        """Return the larger of each pair of elements; nan if one of them is."""
        return binary("maximum", self, other)

    def sum(self, axis: Axes = None, keepdims: bool = False) -> NDArray:
        """Return the sum over `axis`, or over all axes."""
        return reduce("sum", self, axis, keepdims)

    def max(self, axis: Axes = None, keepdims: bool = False) -> NDArray:
        """Return the largest element over `axis`, or of all."""
        return reduce("max", self, axis, keepdims)

    # Operators

    __add__, __radd__, __iadd__ = _operator("add"), _reflected("add"), _in_place("add")
    __sub__, __rsub__ = _operator("subtract"), _reflected("subtract")
    __mul__, __rmul__ = _operator("multiply"), _reflected("multiply")
    __truediv__, __rtruediv__ = _operator("divide"), _reflected("divide")
    __floordiv__, __rfloordiv__ = _operator("floor_divide"), _reflected("floor_divide")
    __mod__, __rmod__ = _operator("remainder"), _reflected("remainder")
    __pow__, __rpow__ = _operator("pow"), _reflected("pow")
    __and__, __rand__ = _operator("bitwise_and"), _reflected("bitwise_and")
    __or__, __ror__ = _operator("bitwise_or"), _reflected("bitwise_or")
    __xor__, __rxor__ = _operator("bitwise_xor"), _reflected("bitwise_xor")
    __lshift__ = _operator("bitwise_left_shift")
    __rlshift__ = _reflected("bitwise_left_shift")
    __rshift__ = _operator("bitwise_right_shift")
    __rrshift__ = _reflected("bitwise_right_shift")
    __isub__, __imul__, __ipow__ = _in_place("subtract"), _in_place("multiply"), _in_place("pow")
    __itruediv__, __ifloordiv__ = _in_place("divide"), _in_place("floor_divide")
    __imod__, __iand__ = _in_place("remainder"), _in_place("bitwise_and")
    __ior__, __ixor__ = _in_place("bitwise_or"), _in_place("bitwise_xor")
    __ilshift__, __irshift__ = _in_place("bitwise_left_shift"), _in_place("bitwise_right_shift")
    __eq__: Any = _operator("equal")
    __ne__: Any = _operator("not_equal")
    __lt__, __le__ = _operator("less"), _operator("less_equal")
    __gt__, __ge__ = _operator("greater"), _operator("greater_equal")
    __hash__ = object.__hash__  # by identity: `==` is about elements

    def __neg__(self) -> NDArray:
        return unary("negative", self)

    def __pos__(self) -> NDArray:
        return unary("positive", self)

    def __abs__(self) -> NDArray:
        return unary("abs", self)

    def __invert__(self) -> NDArray:
        return unary("bitwise_invert", self)

    def __matmul__(self, other: Any) -> NDArray:
        return matmul(self, other) if isinstance(other, Storage) else NotImplemented

    def __rmatmul__(self, other: Any) -> NDArray:
        return matmul(other, self) if isinstance(other, NDArray) else NotImplemented

    def __imatmul__(self, other: Any) -> NDArray:
        if not isinstance(other, Storage):
            return NotImplemented
        product = matmul(self, other)
        if product.shape != self.shape or product.dtype != self.dtype:
            raise ValueError(
                f"@= gives shape {product.shape} and {product.dtype} "
                f"for an array of shape {self.shape} and {self.dtype}"
            )
        self._device.kernels.assign(self._view, product._view)
        return self

    # Python's protocols

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("a 0-d array has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[NDArray]:
        if self.ndim == 0:
            raise TypeError("a 0-d array cannot be iterated over; item() gives its value")
        return (self[position] for position in range(self.shape[0]))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(f"the truth of an array of shape {self.shape} is ambiguous")
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self.ndim or self.dtype.kind not in "iu":
            raise TypeError(f"an array of shape {self.shape} and {self.dtype} is no index")
        return operator.index(self.item())

    def __str__(self) -> str:
        return str(self._view.numpy())

    def __repr__(self) -> str:
        values = np.array2string(self._view.numpy(), separator=", ", prefix="NDArray(")
        shape = f", shape={self.shape}" if math.prod(self.shape) == 0 else ""
        return f"NDArray({values}{shape}, dtype={self.dtype}, device={self._device!r})"

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        namespace = sys.modules["needle_hw3"]  # it is loaded, as this module is of it
        if api_version not in {None, namespace.__array_api_version__}:
            raise ValueError(f"version {api_version} of the standard is not supported")
        return namespace


_allocate: Any = object.__new__
_OPERANDS = (Storage, *NUMBERS)
_FLOATS = frozenset(["float32", "float64"])
