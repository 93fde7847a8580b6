"""Classes and functions of a stage as the course has them, where every number is float32.

The stages choose dtypes as NumPy does. The course's arrays have one dtype, and its code relies on
that: it hands float64 draws and integer labels to `Tensor`, and computes with both. So what makes
arrays of foreign data gets a *front* here, which asks for float32 unless another dtype is named.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from typing import Any

import numpy as np

from needle_shared.course.modules import AliasModule


class Float32Module(AliasModule):
    """A module of the course, whose names in `FRONTS` are answered by fronts."""

    def __getattr__(self, name: str) -> Any:
        found = super().__getattr__(name)
        return FRONTS[name](found) if name in FRONTS else found


class Float32Type(type):
    """The type of a class that makes objects of its base, and has them as its instances.

    All arrays are so of one class, whoever makes them. Its subclasses are ordinary ones.
    """

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: D102 -- Python's
        made = super().__call__(*args, **kwargs)
        if cls._stands_for_its_base():
            made.__class__ = cls.__base__
        return made

    def __instancecheck__(cls, instance: object) -> bool:
        if cls._stands_for_its_base():
            return isinstance(instance, cls.__mro__[1])
        return super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        if cls._stands_for_its_base():
            return issubclass(subclass, cls.__mro__[1])
        return super().__subclasscheck__(subclass)

    def _stands_for_its_base(cls) -> bool:
        return not isinstance(cls.__base__, Float32Type)


@cache
def float32_array(array_type: Any) -> Any:
    """Return a class in front of `array_type` that makes float32 of all but arrays of that.

    The course's arrays have no other dtype, so `NDArray([1, 2])` must be able to hold 0.5.
    """
    if isinstance(array_type, Float32Type):
        return array_type

    class NDArray(array_type, metaclass=Float32Type):  # type: ignore[misc]
        __slots__ = ()

        def __init__(self, other: Any, device: Any = None, dtype: Any = None) -> None:
            if dtype is None and not isinstance(other, array_type):
                dtype = "float32"
            super().__init__(_numbers(other), device, dtype)

        def _init(self, other: Any) -> None:
            """Become a view of all that `other` shows."""
            for field in ("_view", "_device"):
                setattr(self, field, getattr(other, field))

    return _named_like(array_type, NDArray)


@cache
def float32_tensor(tensor_type: Any) -> Any:
    """Return a class in front of `tensor_type`, or of parameters, that makes float32."""
    if isinstance(tensor_type, Float32Type):
        return tensor_type

    class Tensor(tensor_type, metaclass=Float32Type):  # type: ignore[misc]
        __slots__ = ()

        def __init__(
            self,
            array: Any,
            *,
            device: Any = None,
            dtype: Any = None,
            requires_grad: bool = True,
            **kwargs: Any,
        ) -> None:
            del kwargs  # ignored, which the course's own class does, too
            dtype = dtype or "float32"
            super().__init__(
                _numbers(array), device=device, dtype=dtype, requires_grad=requires_grad
            )

    return _named_like(tensor_type, Tensor)


@cache
def float32_loader(loader_type: Any) -> Any:
    """Return a class like `loader_type` whose batches are float32, labels included."""

    class DataLoader(loader_type):  # type: ignore[misc]
        def batches(self, start: int = 0) -> Iterator[tuple[Any, ...]]:
            return _as_float32(super().batches(start))

    return _named_like(loader_type, DataLoader)


@cache
def float32_batches(get_batch: Callable[..., Any]) -> Callable[..., Any]:
    """Return `get_batch` whose tensors are float32 if no dtype is named."""

    @wraps(get_batch)
    def function(batches: Any, i: int, bptt: int, device: Any = None, dtype: Any = None) -> Any:
        return get_batch(batches, i, bptt, device, dtype or "float32")

    return function


@cache
def with_shape_third(initialiser: Callable[..., Any]) -> Callable[..., Any]:
    """Return hw4's `kaiming_uniform`, to which a shape can be given by position."""

    @wraps(initialiser)
    def function(
        fan_in: int, fan_out: int, shape: Any = None, nonlinearity: str = "relu", **kwargs: Any
    ) -> Any:
        return initialiser(fan_in, fan_out, nonlinearity, shape=shape, **kwargs)

    return function


FRONTS: Mapping[str, Callable[[Any], Any]] = {
    "NDArray": float32_array,
    "Tensor": float32_tensor,
    "Parameter": float32_tensor,
    "DataLoader": float32_loader,
    "get_batch": float32_batches,
    "kaiming_uniform": with_shape_third,
}
"""What stands before the object of a name in a `Float32Module`."""


def _numbers(data: Any) -> Any:
    """Return `data`; if it is an array of Python's numbers, as one of float32."""
    is_objects = isinstance(data, np.ndarray) and data.dtype.kind == "O"
    return data.astype(np.float32) if is_objects else data


def _named_like(original: type, front: type) -> type:
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(front, attribute, getattr(original, attribute))
    return front


def _as_float32(batches: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        yield tuple(x if x.dtype == "float32" else x.astype("float32") for x in batch)
