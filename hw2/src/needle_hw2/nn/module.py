"""`Module`: what has parameters and computes something with them.

A module's state is what its attributes hold, found by looking when it is asked for: nothing is
registered. A `Parameter` is trained; any other `Tensor` is a *buffer*, which is saved and moved
with the model but not trained, unless its attribute is private, with a name that begins with `_`.
Modules, lists, tuples and dicts are looked into, depth first, in the order in which attributes
were set. What is found twice counts once, and modules that contain each other are no problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np

from needle_hw1 import Device, Tensor, use_device
from needle_hw1.array_api import Array, array_namespace, is_floating
from needle_hw1.quiet import quiet


class Parameter(Tensor):
    """A tensor on which a module is trained. What is computed from it is a plain `Tensor`."""

    __slots__ = ()


class KeysDiffer(NamedTuple):
    """What a state has too little and too much for a module."""

    missing: list[str]
    unexpected: list[str]


M = TypeVar("M", bound="Module")


class Module:
    """The base class of layers, losses and models.

    A subclass sets parameters and modules as attributes in `__init__`, and defines `forward`.
    Calling the module calls `forward`. `training` says whether layers such as dropout behave as
    in training: `train()` and `eval()` set it in a module and in all modules inside.
    """

    training: bool = True

    def __init__(self) -> None:
        self.training = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what `forward` returns."""
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return the result for the inputs."""
        raise NotImplementedError(f"{type(self).__name__}.forward")

    # What is inside

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """Yield this module under the name "", and every module inside as "outer.inner"."""
        return ((name, value) for name, value in _walk(self, set()) if isinstance(value, Module))

    def modules(self) -> Iterator[Module]:
        """Yield this module and every module inside."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the modules directly inside, in attributes or in lists, tuples and dicts there.

        One that stands in two places is yielded for both.
        """
        return _children(self)

    def children(self) -> Iterator[Module]:
        """Yield the modules directly inside."""
        return (module for _, module in self.named_children())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield every parameter with its name, as "outer.0.weight"."""
        return ((name, value) for name, value in _walk(self, set()) if isinstance(value, Parameter))

    def parameters(self) -> list[Parameter]:
        """Return every parameter once, in the order in which a depth-first search finds them."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """Yield every tensor that is saved and moved but not trained, with its name."""
        for name, value in _walk(self, set()):
            if isinstance(value, Tensor) and not isinstance(value, Parameter):
                yield name, value

    def buffers(self) -> list[Tensor]:
        """Return every tensor that is saved and moved but not trained."""
        return [buffer for _, buffer in self.named_buffers()]

    def _members(self) -> Iterable[tuple[Any, Any]]:
        """Return the names and values in which state is looked for."""
        return vars(self).items()

    # What is done to all of it

    def train(self: M, mode: bool = True) -> M:
        """Set `training` here and in every module inside; return this module."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Leave the training mode here and in every module inside; return this module."""
        return self.train(mode=False)

    def zero_grad(self) -> None:
        """Forget the gradient of every parameter."""
        for parameter in self.parameters():
            parameter.grad = None

    def to(self: M, device: Device) -> M:
        """Move parameters, their gradients and buffers to `device`; return this module.

        The tensors stay the same objects, so an optimiser goes on with them. If one cannot be
        moved, none is.
        """
        state = self._state().values()
        with use_device(device):  # which checks it
            moved = [_moved(tensor, device) for tensor in state]
            grads = [None if x.grad is None else _moved(x.grad, device) for x in state]
        for tensor, there, grad in zip(state, moved, grads, strict=True):
            tensor.cached_data = there.cached_data
            tensor.grad = grad
        return self

    # State

    def _state(self) -> dict[str, Tensor]:
        """Return parameters and buffers by name."""
        found: dict[str, Tensor] = {}
        for name, tensor in [*self.named_parameters(), *self.named_buffers()]:
            if found.setdefault(name, tensor) is not tensor:
                raise ValueError(f"two tensors of {type(self).__name__} have the name {name!r}")
        return found

    def state_dict(self) -> dict[str, Tensor]:
        """Return parameters and buffers by name, as constants that share the arrays.

        Optimisers and layers replace arrays and never write into them, so this is a snapshot.
        """
        return {name: tensor.detach() for name, tensor in self._state().items()}

    def load_state_dict(
        self, state: Mapping[str, Tensor | Array], strict: bool = True
    ) -> KeysDiffer:
        """Copy the values of `state`, tensors or arrays by name, into parameters and buffers.

        Values are converted to the dtype that is there, and put on its device. Raises `ValueError`
        that lists every name that is missing or unexpected (these two are returned instead if
        `strict` is false), and every value of another shape or of no fitting dtype. Then nothing
        was changed.
        """
        mine = self._state()
        differ = KeysDiffer(
            [name for name in mine if name not in state],
            [name for name in state if name not in mine],
        )
        given = {name: np.asarray(state[name]) for name in mine if name in state}
        kinds = differ._asdict().items() if strict else ()
        problems = [f"{kind} {', '.join(names)}" for kind, names in kinds if names]
        problems += filter(None, (_misfit(name, mine[name], given[name]) for name in given))
        if problems:
            raise ValueError(f"the state does not fit {type(self).__name__}: {'; '.join(problems)}")
        arrays = {name: _array_like(mine[name], array) for name, array in given.items()}
        for name, array in arrays.items():
            mine[name].cached_data = array
        return differ

    # What it looks like

    def extra_repr(self) -> str:
        """Return the settings of this module, as they stand between brackets in its `repr`."""
        return ""

    def __repr__(self) -> str:
        return "\n".join(_tree(self, set()))


def _members(value: object) -> Iterable[tuple[Any, Any]]:
    """Return the names and values in which state is looked for."""
    if isinstance(value, Module):
        return list(value._members())
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list | tuple) else ()


def _walk(
    value: object, seen: set[object], name: str = "", *, private: bool = False
) -> Iterator[tuple[str, Any]]:
    """Yield the modules and tensors of which `value` is made, itself first, each once.

    `private` says that it is in a private attribute, where tensors are no buffers.
    """
    is_buffer = isinstance(value, Tensor) and not isinstance(value, Parameter)
    if not isinstance(value, Module | Tensor | dict | list | tuple) or (is_buffer and private):
        return
    found = isinstance(value, Module | Tensor)
    mark = id(value) if found else (id(value), private)
    if mark in seen:
        return
    seen.add(mark)
    if found:
        yield name, value
    for key, member in _members(value):
        path = f"{name}.{key}" if name else str(key)
        hidden = str(key).startswith("_") if isinstance(value, Module) else private
        yield from _walk(member, seen, path, private=hidden)


def _children(
    value: object, name: str = "", within: tuple[object, ...] = ()
) -> Iterator[tuple[str, Module]]:
    """Yield the modules in `value` that are not inside other modules there.

    `within` are the containers around `value`: one that contains itself is not entered again.
    """
    for key, member in _members(value):
        path = f"{name}.{key}" if name else str(key)
        if isinstance(member, Module):
            yield path, member
        elif not any(member is outer for outer in within):
            yield from _children(member, path, (*within, member))


def _tree(module: Module, seen: set[int]) -> list[str]:
    """Return the lines of a module's `repr`: one for it, and an indented one for each inside."""
    size = sum(parameter.size for parameter in module.parameters())
    count = f", {size:,} parameter{'s' if size > 1 else ''}" if size else ""
    head = f"{type(module).__name__}({module.extra_repr()})"
    if id(module) in seen:
        return [f"{head}, shown above"]
    seen.add(id(module))
    lines = [head + count]
    children = list(module.named_children())
    for position, (name, child) in enumerate(children, start=1):
        is_last = position == len(children)
        first, *rest = _tree(child, seen)
        lines.append(f"{'└─' if is_last else '├─'} {name}: {first}")
        lines += [f"{'  ' if is_last else '│ '} {line}" for line in rest]
    return lines


def _misfit(name: str, tensor: Tensor, array: np.ndarray[Any, Any]) -> str | None:
    """Return why `array` cannot become the value of `tensor`, or None."""
    if array.shape != tensor.shape:
        return f"{name} has shape {array.shape}, not {tensor.shape}"
    xp = array_namespace(tensor.realize_cached_data())
    kinds = "f" if is_floating(tensor.dtype, xp) else "biu"
    if array.dtype.kind not in kinds:
        return f"{name} has dtype {array.dtype}, not {tensor.dtype}"
    return None


def _moved(tensor: Tensor, device: Device) -> Tensor:
    """Return the values of `tensor` on `device`, as a constant."""
    return Tensor(tensor, device=device, requires_grad=False)


def _array_like(tensor: Tensor, array: np.ndarray[Any, Any]) -> Array:
    """Return a copy of `array` in the dtype of `tensor` and on its device."""
    old = tensor.realize_cached_data()
    xp = array_namespace(old)
    with quiet():  # what is too large for the dtype becomes infinite
        return xp.astype(xp.asarray(array, device=old.device, copy=True), old.dtype, copy=False)
