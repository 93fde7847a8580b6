"""Views of flat buffers, how they are made, and how their elements are moved."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from needle_hw3.dtypes import DTYPES, NAMES
from needle_hw3.layout import Shape, as_shape, broadcast_shapes, compact_strides

Array = np.ndarray[Any, Any]


class Buffer:
    """A flat block of memory."""

    __slots__ = ("memory",)

    def __init__(self, memory: Array) -> None:
        self.memory = memory

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.memory.nbytes

    def ptr(self) -> int:
        """Return the address of the first byte."""
        return self.memory.ctypes.data


class View:
    """Elements of a buffer: those that `offset`, `shape` and `strides`, in elements, choose."""

    __slots__ = ("array", "buffer", "offset", "strides")

    def __init__(self, array: Array, buffer: Buffer, strides: Shape, offset: int) -> None:
        self.array = array
        self.buffer = buffer
        self.strides = strides
        self.offset = offset

    dtype = property(lambda self: NAMES[self.array.dtype], doc="The name of the dtype.")
    shape = property(lambda self: self.array.shape, doc="The size of each axis.")
    ndim = property(lambda self: self.array.ndim, doc="The number of axes.")
    size = property(lambda self: self.array.size, doc="The number of elements.")
    itemsize = property(lambda self: self.array.itemsize, doc="The bytes of one element.")
    writable = property(lambda self: self.array.flags.writeable, doc="Whether it can be set.")

    def restride(self, shape: Shape, strides: Shape, offset: int) -> View:
        """Return another view of the buffer. Raises `ValueError` if that leaves the buffer."""
        shape = as_shape(shape)
        strides = tuple(map(operator.index, strides))
        if len(shape) != len(strides):
            raise ValueError(f"shape {shape} and strides {strides} differ in length")
        _check_reach(shape, strides, offset, self.buffer.size // self.itemsize)
        array: Array
        if 0 in shape:
            array = np.empty(shape, self.array.dtype)
        else:
            # The stride of an axis of size 1 can be any number, and NumPy wants a small one.
            size = self.itemsize
            steps = [s * size if n > 1 else 0 for n, s in zip(shape, strides, strict=True)]
            start = offset * self.itemsize
            array = np.ndarray(shape, self.array.dtype, self.buffer.memory.data, start, steps)
        array.flags.writeable = self.writable
        return View(array, self.buffer, strides, offset)

    def readonly(self) -> View:
        """Return the same view, but one that cannot be set."""
        array = self.array.view()
        array.flags.writeable = False
        return View(array, self.buffer, self.strides, self.offset)

    def numpy(self) -> Array:
        """Return a NumPy array that shares the memory, and is writable if the view is."""
        array: Array = self.array.view()
        return array


def _check_reach(shape: Shape, strides: Shape, offset: int, capacity: int) -> None:
    if 0 in shape:
        return
    ends = [(size - 1) * stride for size, stride in zip(shape, strides, strict=True)]
    low = offset + sum(end for end in ends if end < 0)
    high = offset + sum(end for end in ends if end > 0)
    if low < 0 or high >= capacity:
        raise ValueError(
            f"shape {shape}, strides {strides} and offset {offset} "
            f"leave the buffer of {capacity} elements"
        )


def wrap(array: Any) -> View:
    """Return a view of new memory: that of `array`, or of a row-major copy."""
    array = np.asarray(array, order="C")
    return View(array, Buffer(array.reshape(-1)), compact_strides(array.shape), 0)


def evaluate(function: Callable[..., Array], *operands: Array) -> View:
    """Return what a function of NumPy makes of arrays that broadcast, elementwise, as a new view.

    It lies in memory as the first operand of its shape does, if that has no gaps, otherwise
    row-major: so a chain of operations on transposed arrays never reads one way and writes the
    other.
    """
    shape = np.broadcast_shapes(*[x.shape for x in operands])
    like = next((x for x in operands if x.shape == shape), None)
    if like is None or like.flags.c_contiguous:
        return wrap(function(*operands, order="C"))
    order = sorted(range(like.ndim), key=lambda axis: -abs(like.strides[axis]))
    if not like.transpose(order).flags.c_contiguous:
        return wrap(function(*operands, order="C"))
    turned = [np.broadcast_to(x, shape).transpose(order) for x in operands]
    made = wrap(function(*turned, order="C"))
    back = [order.index(axis) for axis in range(like.ndim)]
    strides = tuple(made.strides[axis] for axis in back)
    return View(made.array.transpose(back), made.buffer, strides, 0)


def empty(dtype: str, shape: Shape) -> View:
    """Return a new view whose values are not set.

    Raises `ValueError` for an impossible shape and `MemoryError` for one that is too large.
    """
    _check_dtype(dtype)
    shape = as_shape(shape)
    try:
        return wrap(np.empty(shape, dtype))
    except (MemoryError, ValueError):  # NumPy has a limit of its own
        size = np.prod([DTYPES[dtype].itemsize, *shape], dtype=object)
        raise MemoryError(
            f"no memory for an array of shape {shape} and dtype {dtype}: {size} bytes"
        ) from None


def _check_dtype(dtype: Any) -> None:
    if dtype not in DTYPES:
        raise TypeError(f"dtype {dtype!s} is not one of {', '.join(DTYPES)}")


def full(dtype: str, shape: Shape, value: Any) -> View:
    """Return a new view with every element `value`."""
    _check_dtype(dtype)
    element = as_element(value, DTYPES[dtype])
    result = empty(dtype, shape)
    result.array[...] = element
    return result


def from_numpy(array: Array, copy: bool) -> View:
    """Return a view of a NumPy array's memory, or of a new row-major copy of it if `copy`.

    Raises `ValueError` if the memory cannot be shared: for another dtype or byte order, or for
    elements that are not aligned to their size.
    """
    if array.dtype.name not in DTYPES:
        raise ValueError(f"no dtype here is NumPy's {array.dtype}")
    if copy:
        return wrap(array.astype(array.dtype.newbyteorder("="), order="C"))
    size = array.itemsize
    if not array.dtype.isnative or not array.flags.aligned or any(s % size for s in array.strides):
        raise ValueError("memory of another byte order or alignment cannot be shared")
    strides = tuple(stride // size for stride in array.strides)
    if array.size == 0:
        return View(array.view(), Buffer(np.empty(0, array.dtype)), strides, 0)
    # Read every axis forwards, so that the first element is the one at the lowest address.
    steps = [slice(None, None, -1 if stride < 0 else 1) for stride in strides]
    index: Any = (..., *steps)
    forwards = array[index]
    ends = [(n - 1) * abs(s) for n, s in zip(array.shape, strides, strict=True)]
    memory = as_strided(forwards, (sum(ends) + 1,), (size,), writeable=array.flags.writeable)
    offset = sum(end for end, stride in zip(ends, strides, strict=True) if stride < 0)
    return View(array.view(), Buffer(memory), strides, offset)


def may_overlap(a: View, b: View) -> bool:
    """Return whether an element of one may lie in the memory of the other."""
    return np.may_share_memory(a.array, b.array)


def copy(a: View) -> View:
    """Return a new row-major view with the values of `a`."""
    return wrap(a.array.copy(order="C"))


def cast(a: View, dtype: str) -> View:
    """Return a new view with the values of `a` as `dtype`; for its strides, see `evaluate`.

    For an integer dtype, floats are cut towards 0 and to the limits of the dtype, and nan becomes
    0; integers wrap around.
    """
    _check_dtype(dtype)
    return evaluate(lambda array, **_: _converted(array, np.dtype(dtype)), a.array)


def _converted(array: Array, dtype: np.dtype[Any]) -> Array:
    with np.errstate(all="ignore"):
        result: Array = array.astype(dtype, order="C")
    if array.dtype.kind == "f" and dtype.kind in "iu":  # C leaves open what does not fit
        limits = np.iinfo(dtype)
        result = np.where(array >= float(limits.max), limits.max, result)
        result = np.where(array <= float(limits.min), limits.min, result)
        result = np.where(np.isnan(array), 0, result).astype(dtype)
    return result


def assign(dst: View, src: View) -> None:
    """Set `dst` to `src`, which broadcasts and is converted; right even where they overlap."""
    check_writable(dst)
    if broadcast_shapes(src.shape, dst.shape) != dst.shape:
        raise ValueError(f"shape {src.shape} does not broadcast to {dst.shape}")
    dst.array[...] = _converted(src.array, dst.array.dtype)


def fill(dst: View, value: Any) -> None:
    """Set every element of `dst` to a number, of a kind that its dtype holds."""
    element = as_element(value, dst.array.dtype)
    check_writable(dst)
    dst.array[...] = element


def as_element(value: Any, dtype: np.dtype[Any]) -> Any:
    """Return a Python number as an element of `dtype`; a float that is too large is infinite.

    Raises `TypeError` for a number of a higher kind (bool, integer, float), and `OverflowError`
    for an integer that the dtype does not hold.
    """
    if dtype.kind == "b":
        fits = isinstance(value, bool)
    else:
        ways = ("__float__", "__index__") if dtype.kind == "f" else ("__index__",)
        fits = any(hasattr(value, way) for way in ways)
    if not fits:
        raise TypeError(f"{value!r} is no number for an array of {dtype}")
    if dtype.kind in "iu":
        value = operator.index(value)
    with np.errstate(all="ignore"):
        return dtype.type(value)  # NumPy has the OverflowError


def check_axis(axis: int, ndim: int) -> None:
    """Raise `IndexError` for an axis that a view of `ndim` axes does not have, or a negative one.

    Negative axes are counted from the front before a kernel sees them.
    """
    if not 0 <= axis < ndim:
        raise IndexError(f"axis {axis} is out of range for {ndim} axes")


def check_writable(view: View) -> None:
    """Raise `ValueError` for a view that cannot be set."""
    if not view.writable:
        raise ValueError("the array is read-only: it repeats or borrows memory")
