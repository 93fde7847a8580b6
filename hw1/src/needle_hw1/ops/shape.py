"""Ops that move elements without changing them: reshape, transpose, astype."""

from __future__ import annotations

from needle_hw1.array_api import Array, DType, Shape, array_namespace, is_floating, normalize_axes
from needle_hw1.tensor_op import T, Tensor, TensorOp, check_one_device


class Reshape(TensorOp):
    """The same elements in row-major order, as `shape`; one size may be -1: what is left."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def compute(self, x: Array) -> Array:
        return array_namespace(x).reshape(x, self.shape)

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return reshape(out_grad, node.inputs[0].shape)


def reshape(a: T, shape: Shape) -> T:
    """Return the elements of `a` in row-major order, as `shape`."""
    return Reshape(shape)(a)


class Transpose(TensorOp):
    """Two axes exchanged: those named, or the last two."""

    def __init__(self, axes: tuple[int, int] | None = None) -> None:
        if axes is not None and len(axes) != 2:
            raise ValueError(f"transpose exchanges two axes, got axes {axes}")
        self.axes = axes

    def compute(self, x: Array) -> Array:
        if x.ndim < 2:
            raise ValueError(f"transpose exchanges two axes, got a tensor of shape {x.shape}")
        if self.axes is None:
            return x.mT
        first, second = normalize_axes(self.axes, x.ndim)
        order = list(range(x.ndim))
        order[first], order[second] = second, first
        return array_namespace(x).permute_dims(x, tuple(order))

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        return transpose(out_grad, self.axes)


def transpose(a: T, axes: tuple[int, int] | None = None) -> T:
    """Return `a` with the two `axes` exchanged; the last two if None."""
    return Transpose(axes)(a)


class AsType(TensorOp):
    """The same values in another dtype."""

    def __init__(self, dtype: DType) -> None:
        self.dtype = dtype

    def compute(self, x: Array) -> Array:
        xp = array_namespace(x)
        result = xp.astype(x, self.dtype)
        if not xp.isdtype(result.dtype, ("bool", "integral", "real floating")):
            raise TypeError(f"a tensor holds real numbers, not dtype {result.dtype}")
        return result

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        (x,) = node.inputs
        # An integer cannot hold a gradient: it would be cut to a whole number.
        if is_floating(x.dtype, array_namespace(x.cached_data)):
            return astype(out_grad, x.dtype)
        return out_grad


def astype(a: T, dtype: DType) -> T:
    """Return `a` converted to `dtype`."""
    return AsType(dtype)(a)


def promote_together(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Return `inputs` converted to the dtype to which their dtypes promote."""
    arrays = [x.realize_cached_data() for x in inputs]
    check_one_device(arrays)
    dtypes = [array.dtype for array in arrays]
    if dtypes.count(dtypes[0]) == len(dtypes):
        return inputs
    dtype = array_namespace(arrays[0]).result_type(*dtypes)
    return tuple(x if x.dtype == dtype else astype(x, dtype) for x in inputs)
