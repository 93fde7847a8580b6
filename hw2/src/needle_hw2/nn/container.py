"""Modules made of modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from needle_hw1 import Tensor
from needle_hw2.nn.module import Module


class Container(Module):
    """Modules in a row, whose state has the names "0.weight", "1.bias", ..."""

    _entries: Sequence[Module]

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._entries)

    def __getitem__(self, index: int) -> Module:
        return self._entries[index]

    def _members(self) -> Iterator[tuple[Any, Any]]:
        yield from enumerate(self._entries)
        yield from ((name, value) for name, value in vars(self).items() if name != "_entries")


class ModuleList(Container):
    """A list of modules. A plain list in an attribute would do, but this is a module itself."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self._entries: list[Module] = []
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> None:
        """Add a module at the end."""
        self._entries.append(_checked(module, self, len(self)))

    def __setitem__(self, index: int, module: Module) -> None:
        self._entries[index] = _checked(module, self, index)


class Sequential(Container):
    """Modules applied one after the other."""

    def __init__(self, *modules: Module) -> None:
        super().__init__()
        self._entries = tuple(_checked(module, self, i) for i, module in enumerate(modules))

    def forward(self, x: Tensor) -> Tensor:
        """Return the result of the last module."""
        for module in self._entries:
            x = module(x)
        return x

    @property
    def modules(self) -> Entries:
        """The modules, as a tuple. A call, `modules()`, is that of `Module`."""
        return Entries(self._entries, self)


class Entries(tuple[Module, ...]):
    """The modules of a `Sequential`.

    In the course `modules` is this tuple; in `Module`, as in PyTorch, it is a method. It is both.
    """

    _owner: Sequential

    def __new__(cls, modules: Iterable[Module], owner: Sequential) -> Entries:
        """Return the tuple."""
        entries = super().__new__(cls, modules)
        entries._owner = owner
        return entries

    def __reduce__(self) -> tuple[Any, ...]:
        return Entries, (tuple(self), self._owner)

    def __call__(self) -> Iterator[Module]:
        """Yield the `Sequential` and every module inside."""
        return Module.modules(self._owner)


class Residual(Module):
    """fn(x) + x: what `fn` adds to its input (He et al., 2016)."""

    def __init__(self, fn: Module) -> None:
        super().__init__()
        self.fn = fn

    def forward(self, x: Tensor) -> Tensor:
        """Return fn(x) + x. Raises `ValueError` if `fn` changes the shape."""
        change = self.fn(x)
        if change.shape != x.shape:
            raise ValueError(
                f"Residual adds what its module returns to the input: both have one shape, "
                f"got {change.shape} for an input of shape {x.shape}"
            )
        total: Tensor = change + x
        return total


def _checked(module: Module, owner: Module, index: int) -> Module:
    if not isinstance(module, Module):
        name, kind = type(owner).__name__, type(module).__name__
        raise TypeError(f"{name} takes modules, but entry {index} is {kind}: {module!r}")
    return module
