"""Steps of many parameters at once, where the library of their arrays has kernels for that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, starmap
from typing import Any

from needle_hw1.array_api import Array
from needle_hw2.kernels import fused_kernels

Member = tuple[Array, Array, dict[str, Any], dict[str, Any]]
"""A parameter, its gradient, state and settings."""


def updated(
    members: Iterable[Member],
    update: Callable[..., Array],
    update_together: Callable[[Any, list[Member]], list[Array]],
) -> Iterator[Array]:
    """Yield the new values of parameters, in their order.

    Where there are kernels, ``update_together(kernels, members)`` returns those of several members
    that follow each other and are alike; elsewhere it is ``update(*member)`` for each.
    """
    for (kernels, *_), alike in groupby(members, _likeness):
        if kernels is None:
            yield from starmap(update, alike)
            continue
        for part in _parts(kernels, alike):
            yield from update_together(kernels, part)


def _likeness(member: Member) -> tuple[Any, ...]:
    """Return what members have in common that one call can take; the library's kernels first."""
    parameter, _, state, settings = member
    kernels = fused_kernels(parameter)
    if kernels is None:
        return (None,)
    memory = tuple(state), state.get("step")
    return kernels, parameter.dtype, parameter.device, settings, memory


def _parts(kernels: Any, members: Iterable[Member]) -> Iterator[list[Member]]:
    """Yield lists of members that have enough elements for a call, or are the last.

    So the old parameters need not lie beside all new ones.
    """
    part: list[Member] = []
    elements = 0
    for member in members:
        part.append(member)
        elements += member[0].size
        if elements >= kernels.elements_of_a_step(member[0]):
            yield part
            part, elements = [], 0
    if part:
        yield part
