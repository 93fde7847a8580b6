"""Making arrays. `dtype` and `device` are the defaults unless named."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from needle_hw3 import dlpack, layout
from needle_hw3.device import BackendDevice, cuda, default_device, to_numpy
from needle_hw3.dtypes import DType, as_dtype, float32, int64, number_dtype, whole
from needle_hw3.ndarray import NDArray
from needle_hw3.operands import check_same_device
from needle_hw3.storage import Storage, as_storage


def asarray(
    obj: Any,
    /,
    *,
    dtype: DType = None,
    device: BackendDevice | None = None,
    copy: bool | None = None,
) -> NDArray:
    """Return `obj`, an array of any library, nested lists or a number, as an array.

    An array of this dtype and device is returned itself, and NumPy's memory is shared where it
    can be. Always a copy if `copy`; if it is False, `ValueError` is raised where one is needed.
    Without `dtype`, arrays keep theirs, and Python's numbers become bool, int64 or float32.
    """
    home = device or (obj._device if isinstance(obj, Storage) else default_device())
    if copy:
        made: NDArray = home.array(obj, dtype)
        return made
    if copy is False and not _can_share(obj, home, dtype):
        raise ValueError(f"{type(obj).__name__} becomes an array on {home} only by a copy")
    result: NDArray = as_storage(obj, home, dtype)
    return result


def _can_share(obj: Any, device: BackendDevice, dtype: DType) -> bool:
    """Return whether `obj` can be an array on `device` without a copy."""
    if isinstance(obj, Storage):
        return obj._device is device and (dtype is None or bool(obj.dtype == dtype))
    if not hasattr(obj, "__array__") and not hasattr(obj, "__buffer__"):
        return False
    source = np.asarray(obj)
    if to_numpy(obj, dtype) is not source:
        return False
    try:
        device.kernels.from_numpy(source, False)
    except ValueError:
        return False
    return True


def from_dlpack(
    x: Any, /, *, device: BackendDevice | None = None, copy: bool | None = None
) -> NDArray:
    """Return the array of another library that `x` is, through DLPack; the memory is shared.

    What lies on a GPU stays there unless another `device` is named. Always a copy if `copy`; if it
    is False, `ValueError` is raised where one is needed, and `BufferError` for what DLPack or
    arrays here cannot have.
    """
    kind, number = x.__dlpack_device__()
    if kind != dlpack.CUDA:
        return asarray(np.from_dlpack(x), device=device, copy=copy)
    home = x._device if isinstance(x, Storage) else _gpu(number, device)
    view = dlpack.import_view(x, home.kernels)
    if device is None or device is home:
        result: NDArray = home._new(home.kernels.copy(view) if copy else view)
        return result
    return asarray(home._new(view), device=device, copy=copy)


def _gpu(number: int, device: BackendDevice | None) -> BackendDevice:
    """Return the device of a GPU: `device`, if it is that one."""
    if device is not None and hasattr(device.kernels, "from_dlpack"):
        own = int(device.name.partition(":")[2] or 0)
        if own == number:
            return device
    return cuda(number)


def empty(
    shape: int | tuple[int, ...], *, dtype: DType = None, device: BackendDevice | None = None
) -> NDArray:
    """Return an array of `shape` whose values are not set."""
    result: NDArray = (device or default_device()).empty(shape, dtype or float32)
    return result


def full(
    shape: int | tuple[int, ...],
    fill_value: Any,
    *,
    dtype: DType = None,
    device: BackendDevice | None = None,
) -> NDArray:
    """Return an array of `shape` with every element `fill_value`, whose kind is the default."""
    wanted = number_dtype(fill_value) if dtype is None else dtype
    result: NDArray = (device or default_device()).full(shape, fill_value, wanted)
    return result


def zeros(
    shape: int | tuple[int, ...], *, dtype: DType = None, device: BackendDevice | None = None
) -> NDArray:
    """Return an array of `shape` filled with 0."""
    return full(shape, 0, dtype=dtype or float32, device=device)


def ones(
    shape: int | tuple[int, ...], *, dtype: DType = None, device: BackendDevice | None = None
) -> NDArray:
    """Return an array of `shape` filled with 1."""
    return full(shape, 1, dtype=dtype or float32, device=device)


def empty_like(
    x: NDArray, /, *, dtype: DType = None, device: BackendDevice | None = None
) -> NDArray:
    """Return an array of the shape, dtype and device of x whose values are not set."""
    return empty(x.shape, dtype=dtype or x.dtype, device=device or x.device)


def full_like(
    x: NDArray, /, fill_value: Any, *, dtype: DType = None, device: BackendDevice | None = None
) -> NDArray:
    """Return an array of the shape, dtype and device of x with every element `fill_value`."""
    return full(x.shape, fill_value, dtype=dtype or x.dtype, device=device or x.device)


def zeros_like(
    x: NDArray, /, *, dtype: DType = None, device: BackendDevice | None = None
) -> NDArray:
    """Return zeros of the shape, dtype and device of x."""
    return full_like(x, 0, dtype=dtype, device=device)


def ones_like(
    x: NDArray, /, *, dtype: DType = None, device: BackendDevice | None = None
) -> NDArray:
    """Return ones of the shape, dtype and device of x."""
    return full_like(x, 1, dtype=dtype, device=device)


def arange(
    start: float,
    /,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: DType = None,
    device: BackendDevice | None = None,
) -> NDArray:
    """Return start, start + step, ... below `stop`; from 0 to `start` if `stop` is None.

    Of int64 if all are ints, otherwise of the default float.
    """
    first, last = (0, start) if stop is None else (start, stop)
    if step == 0:
        raise ValueError("arange takes a step that is not 0")
    has_float = any(isinstance(value, float | np.floating) for value in (first, last, step))
    count = max(math.ceil((last - first) / step), 0)
    layout.as_shape(count)
    wanted = dtype or (float32 if has_float else int64)
    return asarray(first + step * np.arange(count), dtype=wanted, device=device)


def linspace(
    start: float,
    stop: float,
    /,
    num: int,
    *,
    dtype: DType = None,
    device: BackendDevice | None = None,
    endpoint: bool = True,
) -> NDArray:
    """Return `num` numbers at equal distances from `start` to `stop`, which may be left out."""
    if whole(num, "num") < 0:
        raise ValueError(f"linspace makes 0 or more numbers, not {num}")
    values = np.linspace(start, stop, num, endpoint=endpoint)
    return asarray(values, dtype=dtype or float32, device=device)


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: DType = None,
    device: BackendDevice | None = None,
) -> NDArray:
    """Return a matrix with 1 on the diagonal `k`, counted upwards from the main one, else 0."""
    result = zeros((n_rows, n_rows if n_cols is None else n_cols), dtype=dtype, device=device)
    rows, columns = result.shape
    first = (max(-k, 0), max(k, 0))
    length = min(rows - first[0], columns - first[1])
    if length > 0:
        start = result.offset + first[0] * columns + first[1]
        result._as(layout.Layout((length,), (columns + 1,), start)).fill(1)
    return result


def tril(x: NDArray, /, *, k: int = 0) -> NDArray:
    """Return the matrices x with 0 above the diagonal `k`."""
    return _triangle(x, k, np.greater_equal)


def triu(x: NDArray, /, *, k: int = 0) -> NDArray:
    """Return the matrices x with 0 below the diagonal `k`."""
    return _triangle(x, k, np.less_equal)


def _triangle(x: NDArray, k: int, relation: Any) -> NDArray:
    if x.ndim < 2:
        raise ValueError(f"a triangle is of matrices, not of shape {x.shape}")
    rows, columns = x.shape[-2:]
    kept = relation(np.arange(rows)[:, None] + k, np.arange(columns))
    mask = asarray(kept, device=x.device)
    zero = full((), 0, dtype=x.dtype, device=x.device)
    return x._new(x._device.kernels.where(mask._view, x._view, zero._view))


def meshgrid(*arrays: NDArray, indexing: str = "xy") -> tuple[NDArray, ...]:
    """Return, for vectors, the coordinates of the points of the grid that they span.

    Each is an array with one axis per vector, in their order if `indexing` is "ij"; "xy"
    exchanges the first two.
    """
    if indexing not in {"xy", "ij"}:
        raise ValueError(f"indexing is 'xy' or 'ij', not {indexing!r}")
    check_same_device(*arrays)
    for array in arrays:
        if array.ndim != 1:
            raise ValueError(f"meshgrid takes vectors, not shape {array.shape}")
    order = list(range(len(arrays)))
    if indexing == "xy" and len(arrays) > 1:
        order[:2] = [1, 0]
    shape = tuple(arrays[position].size for position in order)
    result = []
    for position, array in enumerate(arrays):
        sizes = [1] * len(arrays)
        sizes[order.index(position)] = array.size
        result.append(array.reshape(tuple(sizes)).broadcast_to(shape).reshape(shape, copy=True))
    return tuple(result)


def array_of(values: Iterable[Any], like: NDArray, dtype: DType = int64) -> NDArray:
    """Return `values`, a few numbers, as an array on the device of `like`."""
    return asarray(np.asarray(list(values), as_dtype(dtype)), device=like.device)
