"""The functions that a student of the course writes in C++, on the kernels of a device.

An array library written for the course allocates `Array(size)`, a flat block of float32, and
calls functions that get such blocks with the shapes and strides in them. Here they run on the
kernels of `needle_hw3`, which look at a block through a checked view: a call whose numbers leave
a block, or do not fit together, raises `ValueError` and writes nothing.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from math import prod
from typing import Any

from needle_shared.course.modules import AliasModule

EWISE = {
    "add": "add", "mul": "multiply", "div": "divide",
    "maximum": "maximum", "eq": "equal", "ge": "greater_equal",
}  # fmt: skip
"""The part of `ewise_NAME(a, b, out)` and `scalar_NAME(a, val, out)`, and the kernel behind it."""


class NativeModule(AliasModule):
    """A module such as `ndarray_backend_cpu`, for what `device`, `"module:function"`, returns."""

    def __init__(self, name: str, device: str) -> None:
        super().__init__(name, None, {})
        self._device = device

    def run(self) -> None:
        """Make the functions. Raises `ModuleNotFoundError` if the device is not enabled."""
        module, _, factory = self._device.partition(":")
        device = getattr(import_module(module), factory)()
        if not device.enabled():
            reason = f"{device!r} is not available: {device.why_disabled}"
            raise ModuleNotFoundError(reason, name=self.__name__)
        vars(self).update(native_functions(device))


def native_functions(device: Any) -> dict[str, Any]:
    """Return the names of the course's native module, for a device of `needle_hw3`.

    The blocks of float32 that they take are `Array`s and the `_handle`s of arrays on that device.
    """
    blocks = Blocks(device)
    functions = {
        name: getattr(blocks, name)
        for name in (
            "to_numpy", "from_numpy", "fill", "compact", "ewise_setitem", "scalar_setitem",
            "matmul", "matmul_tiled", "reduce_max", "reduce_sum",
        )
    }  # fmt: skip
    for name, kernel in EWISE.items():
        functions[f"ewise_{name}"] = blocks.ewise(f"ewise_{name}", kernel)
        functions[f"scalar_{name}"] = blocks.scalar(f"scalar_{name}", f"{kernel}_scalar")
    functions["scalar_power"] = blocks.scalar("scalar_power", "pow_scalar")
    for name in ("log", "exp", "tanh"):
        functions[f"ewise_{name}"] = blocks.unary(f"ewise_{name}", name)
    return {
        "__device_name__": device.name.removeprefix("cpu_"),
        "__tile_size__": device.__tile_size__,
        "Array": array_type(device),
        **functions,
    }


def array_type(device: Any) -> type:
    """Return the class of blocks on `device`: `Array(size)`, with `.size` and `.ptr()`."""
    handle_type: Any = type(device.empty(())._handle)  # so that NDArray.make takes one as well

    class Array(handle_type):  # type: ignore[misc]
        """A block of `size` float32 elements, whose values are not set."""

        __slots__ = ()

        def __init__(self, size: int) -> None:
            super().__init__(device.kernels.empty("float32", (size,)))

    return Array


class Blocks:
    """The functions on blocks, for one device."""

    def __init__(self, device: Any) -> None:
        self._device = device
        self._kernels = device.kernels

    def to_numpy(self, a: Any, shape: Any, strides: Any, offset: int) -> Any:
        """Return a NumPy array of `shape` with a copy of the elements that the view shows."""
        return self._view("to_numpy", a, shape, strides, offset).numpy().copy()

    def from_numpy(self, a: Any, out: Any) -> None:
        """Set `out` to the elements of `a`, of as many, in row-major order."""
        values = self._device.array(a, "float32")._handle
        self._store("from_numpy", out, self._flat("from_numpy", values))

    def fill(self, out: Any, val: float) -> None:
        """Set every element of the block."""
        self._kernels.fill(self._flat("fill", out), float(val))

    def compact(self, a: Any, out: Any, shape: Any, strides: Any, offset: int) -> None:
        """Set `out` to the elements that the view of `a` shows, in row-major order."""
        self._check_sizes("compact", [prod(shape), self._flat("compact", out).size])
        target = self._rows("compact", out, *shape)
        self._kernels.assign(target, self._view("compact", a, shape, strides, offset))

    def ewise_setitem(self, a: Any, out: Any, shape: Any, strides: Any, offset: int) -> None:
        """Set the elements that the view of `out` shows to those of `a`, in row-major order."""
        self._check_sizes("ewise_setitem", [self._flat("ewise_setitem", a).size, prod(shape)])
        target = self._view("ewise_setitem", out, shape, strides, offset)
        self._kernels.assign(target, self._rows("ewise_setitem", a, *shape))

    def scalar_setitem(
        self, size: int, val: float, out: Any, shape: Any, strides: Any, offset: int
    ) -> None:
        """Set the `size` elements that the view of `out` shows to `val`."""
        self._check_sizes("scalar_setitem", [size, prod(shape)])
        view = self._view("scalar_setitem", out, shape, strides, offset)
        self._kernels.fill(view, float(val))

    def matmul(self, a: Any, b: Any, out: Any, m: int, n: int, p: int) -> None:
        """Set `out`, m x p, to the product of a, m x n, and b, n x p."""
        shapes = ((a, m, n), (b, n, p), (out, m, p))
        left, right, target = [self._rows("matmul", *shape) for shape in shapes]
        self._kernels.assign(target, self._kernels.matmul(left, right))

    def matmul_tiled(self, a: Any, b: Any, out: Any, m: int, n: int, p: int) -> None:
        """Do so for matrices in tiles: T x T elements in a row, the tiles in row-major order."""
        for block in (a, b, out):
            self._flat("matmul_tiled", block)
        self._device.matmul_tiled(a, b, out, m, n, p)

    def reduce_max(self, a: Any, out: Any, reduce_size: int) -> None:
        """Set each element of `out` to the largest of `reduce_size` neighbours in a."""
        self._reduce("reduce_max", self._kernels.max, a, out, reduce_size)

    def reduce_sum(self, a: Any, out: Any, reduce_size: int) -> None:
        """Set each element of `out` to the sum of `reduce_size` neighbours in a."""
        self._reduce("reduce_sum", self._kernels.sum, a, out, reduce_size)

    def ewise(self, name: str, kernel: str) -> Callable[[Any, Any, Any], None]:
        """Return the function that sets `out` to a kernel of two blocks."""
        compute = getattr(self._kernels, kernel)

        def function(a: Any, b: Any, out: Any) -> None:
            views = [self._flat(name, block) for block in (a, b, out)]
            self._check_sizes(name, [view.size for view in views])
            self._kernels.assign(views[2], compute(*views[:2]))

        return function

    def scalar(self, name: str, kernel: str) -> Callable[[Any, float, Any], None]:
        """Return the function that sets `out` to a kernel of a block and a number."""
        compute = getattr(self._kernels, kernel)
        return lambda a, val, out: self._store(name, out, compute(self._flat(name, a), float(val)))

    def unary(self, name: str, kernel: str) -> Callable[[Any, Any], None]:
        """Return the function that sets `out` to a kernel of a block."""
        compute = getattr(self._kernels, kernel)
        return lambda a, out: self._store(name, out, compute(self._flat(name, a)))

    def _reduce(self, name: str, kernel: Any, a: Any, out: Any, reduce_size: int) -> None:
        target = self._flat(name, out)
        self._check_sizes(name, [self._flat(name, a).size, target.size * reduce_size])
        groups = self._rows(name, a, target.size, reduce_size)
        self._kernels.assign(target, kernel(groups, (1,), False))

    def _view(self, name: str, block: Any, shape: Any, strides: Any, offset: int) -> Any:
        """Return a view of a block. Raises `ValueError` if it leaves the block."""
        return self._checked(name, block).restride(tuple(shape), tuple(strides), offset)

    def _rows(self, name: str, block: Any, *shape: int) -> Any:
        """Return a view of the beginning of a block as row-major `shape`."""
        strides = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
        return self._view(name, block, shape, strides, 0)

    def _flat(self, name: str, block: Any) -> Any:
        """Return a view of a whole block."""
        return self._checked(name, block).restride((block.size,), (1,), 0)

    def _checked(self, name: str, block: Any) -> Any:
        """Return the view in a block. Raises `TypeError` unless it is of this device, float32."""
        view = getattr(block, "_view", None)
        if not isinstance(view, self._kernels.View) or view.dtype != "float32":
            kind = type(block).__name__ if view is None else f"{view.dtype} or of another device"
            raise TypeError(f"{name} takes float32 blocks of {self._device!r}, not {kind}")
        return view

    def _store(self, name: str, out: Any, values: Any) -> None:
        target = self._flat(name, out)
        self._check_sizes(name, [values.size, target.size])
        self._kernels.assign(target, values)

    @staticmethod
    def _check_sizes(name: str, sizes: Sequence[int]) -> None:
        if len(set(sizes)) > 1:
            listed = ", ".join(map(str, sizes))
            raise ValueError(f"{name} takes as many elements everywhere, got {listed}")
