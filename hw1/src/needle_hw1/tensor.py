"""The tensor: an array that remembers how it was made."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from needle_hw1 import ops
from needle_hw1.array_api import (
    Array,
    Axes,
    DType,
    Shape,
    array_namespace,
    is_array,
    is_floating,
    to_numpy,
)
from needle_hw1.autograd import Op, Value, compute_gradient_of_variables
from needle_hw1.device import Device, default_device, device_of
from needle_hw1.quiet import quiet
from needle_hw1.tensor_op import TensorOp, check_one_device


class Tensor(Value, made_by=TensorOp):
    """A multi-dimensional array with automatic differentiation.

    Parameters
    ----------
    array
        Nested lists, a number or a NumPy array, which are copied to the default device; an array
        of another library, which is copied where it lives; or a tensor, whose array is shared if
        device and dtype are the same.
    device
        Where to put it; see `default_device()`.
    dtype
        NumPy's choice for `array` if None: float64 for Python's floats.
    requires_grad
        Whether `backward()` of what is computed from this fills `.grad`.

    A number beside a tensor never changes its dtype; two tensors promote as NumPy's arrays do.
    Comparisons give plain arrays of bool, and are not part of the graph.
    """

    __slots__ = ()
    __array_ufunc__ = None  # let `ndarray * tensor` come to __rmul__ instead of looping over it

    def __init__(
        self,
        array: Any,
        *,
        device: Device | None = None,
        dtype: DType | None = None,
        requires_grad: bool = True,
    ) -> None:
        self._init(None, (), _array_on(array, device, dtype), requires_grad)

    if TYPE_CHECKING:

        @property
        def inputs(self) -> tuple[Tensor, ...]:
            """The tensors that `op` was called on."""

    # What it holds

    @property
    def shape(self) -> Shape:
        """The size of each axis."""
        data = self.cached_data
        if data is None:
            data = self.realize_cached_data()
        return data.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> DType:
        """The type of the elements, of the array's library."""
        return self.realize_cached_data().dtype

    @property
    def device(self) -> Any:
        """The device that holds the array."""
        return device_of(self.realize_cached_data())

    @property
    def data(self) -> Tensor:
        """The tensor without its graph; the array is shared."""
        return self.detach()

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"data is set to a tensor, not to {type(value).__name__}")
        if value.dtype != self.dtype:
            raise TypeError(f"data of dtype {self.dtype} cannot be set to dtype {value.dtype}")
        self.cached_data = value.realize_cached_data()

    def detach(self) -> Tensor:
        """Return a constant that shares this tensor's array and has no graph."""
        return Tensor.make_const(self.realize_cached_data())

    def numpy(self) -> np.ndarray[Any, Any]:
        """Return a copy of the values as a NumPy array."""
        return to_numpy(self.realize_cached_data())

    def item(self) -> Any:
        """Return the value of a tensor of one element as a Python number."""
        if self.size != 1:
            raise ValueError(f"item() needs a tensor of one element, got shape {self.shape}")
        return self.numpy().item()

    def astype(self, dtype: DType) -> Tensor:
        """Return this tensor converted to `dtype`, as part of the graph."""
        return ops.astype(self, dtype)

    # Differentiation

    def backward(
        self,
        out_grad: Tensor | None = None,
        *,
        accumulate: bool = False,
        create_graph: bool = True,
    ) -> None:
        """Set `.grad` of every leaf that this tensor was computed from.

        Parameters
        ----------
        out_grad
            The gradient of the loss with respect to this tensor, of its shape; ones if None.
        accumulate
            Add to an earlier `.grad` instead of replacing it.
        create_graph
            Make gradients that can be differentiated again. Without, a step takes less time and
            memory.

        Raises
        ------
        RuntimeError
            If this tensor does not depend on any leaf that requires a gradient.
        """
        if not self.requires_grad:
            raise RuntimeError("backward() of a tensor that depends on nothing that requires grad")
        if out_grad is None:
            data = self.realize_cached_data()
            out_grad = Tensor.make_const(array_namespace(data).ones_like(data))
        elif not isinstance(out_grad, Tensor):
            raise TypeError(f"out_grad is a tensor, not {type(out_grad).__name__}")
        elif out_grad.shape != self.shape:
            raise ValueError(f"out_grad has shape {out_grad.shape}, the tensor {self.shape}")
        else:
            out_grad = self._like_mine(out_grad)
        compute_gradient_of_variables(
            self, out_grad, accumulate=accumulate, create_graph=create_graph
        )

    def _like_mine(self, grad: Tensor) -> Tensor:
        """Return `grad` in this tensor's dtype, if that can hold it; it must be on its device."""
        mine, its = self.realize_cached_data(), grad.realize_cached_data()
        check_one_device([mine, its])
        if its.dtype == mine.dtype or not is_floating(mine.dtype, array_namespace(mine)):
            return grad
        return grad.astype(mine.dtype)

    def _check_gradient(self, grad: Any, op: Op, position: int) -> None:
        mine, its = self.cached_data, grad.cached_data
        if its is not None and its.shape != mine.shape:
            raise ValueError(
                f"{type(op).__name__}.gradient returned shape {its.shape} "
                f"for input {position} of shape {mine.shape}"
            )

    def _plus_in_place(self, other: Tensor) -> Tensor:
        mine, its = self.cached_data, other.cached_data
        if mine is None or its is None or mine.dtype != its.dtype:
            return self + other
        self.cached_data += its
        return self

    # Methods that are ops

    def sum(self, axes: Axes = None, keepdims: bool = False) -> Tensor:
        """Return the sum over `axes`, or over all of them."""
        return ops.summation(self, axes, keepdims)

    def reshape(self, *shape: Any) -> Tensor:
        """Return the same elements in another shape: `reshape((2, 3))` or `reshape(2, 3)`."""
        is_whole = len(shape) == 1 and not hasattr(shape[0], "__index__")
        return ops.reshape(self, tuple(shape[0]) if is_whole else shape)

    def broadcast_to(self, shape: Shape) -> Tensor:
        """Return the elements repeated to `shape`."""
        return ops.broadcast_to(self, shape)

    def transpose(self, axes: tuple[int, int] | None = None) -> Tensor:
        """Return this tensor with two axes exchanged, the last two if None."""
        return ops.transpose(self, axes)

    def matmul(self, other: Tensor) -> Tensor:
        """Return the matrix product with `other`."""
        return self @ other

    def __getitem__(self, index: ops.indexing.Index) -> Tensor:
        return ops.getitem(self, index)

    # Arithmetic

    def __add__(self, other: Any) -> Tensor:
        if isinstance(other, Tensor):
            return _ADD(self, other)
        return self._with_constant(_ADD, other, ops.AddScalar)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Tensor:
        if isinstance(other, Tensor):
            return _subtract(self, other)
        if isinstance(other, _NUMBERS):
            return ops.AddScalar(-_python_number(other))(self)
        return self._with_constant(_subtract, other)

    def __rsub__(self, other: Any) -> Tensor:
        if isinstance(other, _NUMBERS):
            dtype = self._dtype_beside(other)
            promoted = self if dtype == self.dtype else self.astype(dtype)
            return ops.AddScalar(other)(_NEGATE(promoted))
        return self._with_constant(_subtract, other, reflected=True)

    def __mul__(self, other: Any) -> Tensor:
        if isinstance(other, Tensor):
            return _MULTIPLY(self, other)
        return self._with_constant(_MULTIPLY, other, ops.MulScalar)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tensor:
        if isinstance(other, Tensor):
            return _DIVIDE(self, other)
        return self._with_constant(_DIVIDE, other, ops.DivScalar)

    def __rtruediv__(self, other: Any) -> Tensor:
        return self._with_constant(_DIVIDE, other, reflected=True)

    def __pow__(self, other: Any) -> Tensor:
        if isinstance(other, Tensor):
            return _POWER(self, other)
        return self._with_constant(_POWER, other, ops.PowerScalar)

    def __rpow__(self, other: Any) -> Tensor:
        return self._with_constant(_POWER, other, reflected=True)

    def __matmul__(self, other: Any) -> Tensor:
        if isinstance(other, Tensor):
            return _MATMUL(self, other)
        return self._with_constant(_MATMUL, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return self._with_constant(_MATMUL, other, reflected=True)

    def __neg__(self) -> Tensor:
        return _NEGATE(self)

    def _with_constant(
        self,
        op: Callable[[Tensor, Tensor], Tensor],
        other: Any,
        scalar_op: type[ops.ScalarOp] | None = None,
        *,
        reflected: bool = False,
    ) -> Tensor:
        """Return `op` of this tensor and a number or array, which becomes no part of the graph."""
        if isinstance(other, _NUMBERS):
            if scalar_op is not None:
                return scalar_op(other)(self)
            other = self._constant_like(other)
        elif is_array(other):
            can_move = isinstance(other, np.ndarray) and hasattr(self.device, "array")
            home = self.device if can_move else None
            other = Tensor(other, device=home, requires_grad=False)
        else:
            return NotImplemented  # type: ignore[no-any-return]
        return op(other, self) if reflected else op(self, other)

    def _constant_like(self, number: Any) -> Tensor:
        """Return a number as a 0-d tensor, of the dtype that its product with this one has."""
        data = self.realize_cached_data()
        xp = array_namespace(data)
        dtype = self._dtype_beside(number)
        with quiet():  # a number too large for the dtype becomes infinite
            array = xp.asarray(_python_number(number), dtype=dtype, device=data.device)
        return Tensor.make_const(array)

    def _dtype_beside(self, number: Any) -> DType:
        data = self.realize_cached_data()
        return array_namespace(data).result_type(data, _python_number(number))

    # Comparison: plain arrays of bool

    def __eq__(self, other: object) -> Any:
        return self._compare(other, operator.eq)

    def __ne__(self, other: object) -> Any:
        return self._compare(other, operator.ne)

    def __lt__(self, other: Any) -> Array:
        return self._compare(other, operator.lt)

    def __le__(self, other: Any) -> Array:
        return self._compare(other, operator.le)

    def __gt__(self, other: Any) -> Array:
        return self._compare(other, operator.gt)

    def __ge__(self, other: Any) -> Array:
        return self._compare(other, operator.ge)

    __hash__ = Value.__hash__  # by identity: `==` is about elements

    def _compare(self, other: Any, relation: Callable[[Array, Array], Array]) -> Array:
        if not isinstance(other, _OPERANDS) and not is_array(other):
            return NotImplemented
        if isinstance(other, Tensor):
            other = other.realize_cached_data()
        data = self.realize_cached_data()
        if is_array(other):
            check_one_device([data, other])
        return array_namespace(data).asarray(relation(data, other))

    # Python's protocols

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("a 0-d tensor has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError("a 0-d tensor cannot be iterated over; item() gives its value")
        return (self[position] for position in range(self.shape[0]))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(f"the truth of a tensor of shape {self.shape} is ambiguous")
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False:
            raise ValueError("the array of a tensor is always a copy")
        values = self.numpy()
        return values if dtype is None else values.astype(dtype, copy=False)

    def __reduce__(self) -> tuple[Any, ...]:
        if self.op is not None:
            raise TypeError("only leaves are copied or pickled, not results of ops: use detach()")
        return _rebuild, (type(self), self.cached_data, self.requires_grad)

    def __repr__(self) -> str:
        prefix = f"{type(self).__name__}("
        values = np.array2string(self.numpy(), separator=", ", prefix=prefix)
        about = [f"dtype={self.dtype}", f"device={self.device!r}"]
        if self.op is not None:
            about.append(f"op={type(self.op).__name__}")
        elif self.requires_grad:
            about.append("requires_grad=True")
        return f"{prefix}{values}, {', '.join(about)})"


_ADD = ops.EWiseAdd()
_MULTIPLY = ops.EWiseMul()
_DIVIDE = ops.EWiseDiv()
_POWER = ops.EWisePow()
_NEGATE = ops.Negate()
_MATMUL = ops.MatMul()


def _subtract(a: Tensor, b: Tensor) -> Tensor:
    """Return a + (-b). The negative of an unsigned 1 is 255, which must not be promoted."""
    known = b.cached_data
    if known is None:  # deferred, so of unknown dtype: an unsigned one refuses the factor -1
        return _ADD(a, ops.MulScalar(-1)(b))
    if a.cached_data is None or a.cached_data.dtype != known.dtype:
        xp = array_namespace(known)
        if xp.isdtype(known.dtype, ("bool", "unsigned integer")):
            a, b = ops.shape.promote_together((a, b))
    return _ADD(a, _NEGATE(b))


def _python_number(number: Any) -> Any:
    """Return a number as Python's, which promotes to the dtype of whatever it meets."""
    return number.item() if isinstance(number, np.generic) else number


_NUMBERS = (int, float, np.bool_, np.integer, np.floating)
_OPERANDS = (Tensor, *_NUMBERS)


def _array_on(source: Any, device: Device | None, dtype: DType | None) -> Array:
    """Return the array of a new tensor; see the parameters of `Tensor`."""
    if isinstance(source, Tensor):
        data = source.realize_cached_data()
        if device is None or device == source.device:
            same = dtype is None or dtype == data.dtype
            return data if same else array_namespace(data).astype(data, dtype)
        source = data
    foreign = is_array(source) and not isinstance(source, np.ndarray)
    if foreign and (device is None or device == source.device):
        return array_namespace(source).asarray(source, dtype=dtype, copy=True)
    if foreign:
        source = to_numpy(source)
    return (device or default_device()).array(source, dtype)


def _rebuild(kind: type[Tensor], array: Array, requires_grad: bool) -> Tensor:
    return kind.make_const(array, requires_grad=requires_grad)
