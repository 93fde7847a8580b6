"""What a saved state must be like for an optimiser to take it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from needle_hw1 import Tensor
from needle_hw1.array_api import Array, array_namespace, is_array
from needle_hw2.optim.checks import fitted, plain_settings

Check = Callable[[Mapping[str, Any]], None]


def copied(array: Array) -> Array:
    """Return `array` in memory of its own: moments are changed in place."""
    return array_namespace(array).asarray(array, copy=True)


def check_names(what: str, found: Any, wanted: Iterable[str]) -> None:
    """Raise unless `found` is a dict that has the names `wanted` and no others."""
    if not isinstance(found, Mapping):
        raise TypeError(f"{what} is a dict, not {type(found).__name__}")
    wanted = list(wanted)
    missing = [name for name in wanted if name not in found]
    unexpected = [str(name) for name in found if name not in wanted]
    problems = [
        f"{kind} {', '.join(names)}"
        for kind, names in (("lacks", missing), ("has the unknown", unexpected))
        if names
    ]
    if problems:
        raise ValueError(f"{what} {' and '.join(problems)}")


def loadable_groups(
    saved: Any, mine: list[dict[str, Any]], check_settings: Check
) -> list[dict[str, Any]]:
    """Return the settings of the groups in `saved`, which must have the parameters of `mine`."""
    if not isinstance(saved, list):
        raise TypeError(f"param_groups of the state is a list, not {type(saved).__name__}")
    if len(saved) != len(mine):
        raise ValueError(f"the state has {len(saved)} parameter groups, the optimiser {len(mine)}")
    result = []
    for number, (group, own) in enumerate(zip(saved, mine, strict=True)):
        check_names(f"group {number} of the state", group, own)
        if group["params"] != own["params"]:
            raise ValueError(
                f"group {number} of the state has the parameters {group['params']}, "
                f"the optimiser's {own['params']}"
            )
        settings = plain_settings(group)
        check_settings(settings)
        result.append(settings)
    return result


def loadable_state(
    saved: Any, names: tuple[str, ...], params: list[Tensor]
) -> dict[int, dict[str, Any]]:
    """Return copies of what `saved` has of each parameter, which must be just `names`."""
    if not isinstance(saved, Mapping):
        raise TypeError(f"state of the state is a dict, not {type(saved).__name__}")
    result: dict[int, dict[str, Any]] = {}
    for position, values in saved.items():
        if position not in range(len(params)):
            raise ValueError(
                f"the state has a parameter {position!r}, the optimiser has 0 to {len(params) - 1}"
            )
        check_names(f"state of parameter {position}", values, names)
        result[position] = {
            name: _loadable(position, name, value, params[position])
            for name, value in values.items()
        }
    return result


def _loadable(position: int, name: str, value: Any, parameter: Tensor) -> Any:
    if name == "step":
        if type(value) is not int or value < 1:
            raise ValueError(f"step of parameter {position} is a whole number above 0, got {value}")
        return value
    array = value.realize_cached_data() if isinstance(value, Tensor) else value
    if not is_array(array):
        raise TypeError(f"{name} of parameter {position} is a tensor, not {type(value).__name__}")
    return copied(fitted(position, name, array, parameter))
