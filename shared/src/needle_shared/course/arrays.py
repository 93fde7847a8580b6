"""Modules for stages with arrays and devices of their own: float32 arrays, a default device."""

from contextvars import Context
from functools import cache
from importlib import import_module
from typing import Any

from needle_shared.course.modules import AliasModule


class ArrayModule(AliasModule):
    """`needle.backend_ndarray`: the stage's module, with an `NDArray` that makes float32."""

    @property
    def NDArray(self) -> Any:  # noqa: N802 -- the course's name
        """The class of arrays: what it makes is float32, unless it copies an array."""
        return float32_type(import_module(str(self._source)).NDArray)


class Float32Type(type):
    """The type of a class that makes objects of its base, and has them as its instances.

    All arrays are so of one class, whoever makes them. Its subclasses are ordinary ones.
    """

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: D102 -- Python's
        made = super().__call__(*args, **kwargs)
        return made._new(made._view) if cls._stands_for_its_base() else made

    def __instancecheck__(cls, instance: object) -> bool:
        if cls._stands_for_its_base():
            return isinstance(instance, cls.__mro__[1])
        return super().__instancecheck__(instance)

    def _stands_for_its_base(cls) -> bool:
        return not isinstance(cls.__base__, Float32Type)


@cache
def float32_type(array_type: Any) -> Any:
    """Return a class in front of `array_type` that makes float32 of all but arrays of that.

    The course's arrays have no other dtype, so `NDArray([1, 2])` must be able to hold 0.5.
    """

    class NDArray(array_type, metaclass=Float32Type):  # type: ignore[misc]
        __slots__ = ()
        __doc__ = array_type.__doc__

        def __init__(self, other: Any, device: Any = None, dtype: Any = None) -> None:
            if dtype is None and not isinstance(other, array_type):
                dtype = "float32"
            super().__init__(other, device, dtype)

        def _init(self, other: Any) -> None:
            """Become a view of all that `other` shows."""
            for field in ("_view", "_device"):
                setattr(self, field, getattr(other, field))

    NDArray.__module__, NDArray.__qualname__ = array_type.__module__, array_type.__qualname__
    return NDArray


class DeviceModule(AliasModule):
    """`needle` of a stage with devices: importing it makes its `default_device()` the default."""

    _earlier: Any = None

    def run(self) -> None:
        """Let tensors be made there, in all threads, until the alias is removed."""
        library = import_module(str(self._source))
        if self._earlier is None:  # the one of the process, not of a `use_device` around
            self._earlier = Context().run(library.default_device)
        library.set_default_device(self.default_device())

    def close(self) -> None:
        """Make the earlier device the default again."""
        if self._earlier is not None:
            import_module(str(self._source)).set_default_device(self._earlier)
            self._earlier = None
