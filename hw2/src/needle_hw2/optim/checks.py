"""What optimisers demand of settings, parameters, gradients and state."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from needle_hw1 import Tensor
from needle_hw1.array_api import Array, array_namespace, is_floating, to_numpy
from needle_hw1.quiet import quiet
from needle_hw1.tensor_op import check_one_device


def check_number(name: str, value: Any, *, low: float = 0.0, below: float = math.inf) -> None:
    """Raise unless `value` is a number in [low, below); nan never is."""
    if not isinstance(value, Real):
        raise TypeError(f"{name} is a number, not {type(value).__name__}")
    if not low <= float(value) < below:
        raise ValueError(f"{name} is in [{low:g}, {below:g}), got {value}")


def plain_settings(group: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a group, without its parameters, NumPy's numbers as Python's.

    A scalar of NumPy's, unlike Python's number, would promote float32 to float64.
    """
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in group.items()
        if name != "params"
    }


def split_groups(params: Any) -> list[Any]:
    """Return `params`, tensors or groups, as a list of groups."""
    if isinstance(params, Tensor | Mapping) or not isinstance(params, Iterable):
        raise TypeError(
            f"params is a list of tensors or of groups {{'params': tensors, ...}}, "
            f"not {type(params).__name__}"
        )
    given = list(params)
    if given and all(isinstance(member, Mapping) for member in given):
        return given
    return [{"params": given}]


def check_parameters(params: list[Any], known: list[Tensor]) -> None:
    """Raise unless an optimiser that has the parameters `known` can have `params` as well."""
    if not params:
        raise ValueError("a group has at least one parameter, got none")
    positions = {id(parameter): position for position, parameter in enumerate(known)}
    for position, parameter in enumerate(params, start=len(known)):
        _check_parameter(position, parameter)
        earlier = positions.setdefault(id(parameter), position)
        if earlier != position:
            raise ValueError(f"parameters {earlier} and {position} are the same tensor")


def _check_parameter(position: int, parameter: Any) -> None:
    if not isinstance(parameter, Tensor):
        raise TypeError(f"parameter {position} is {type(parameter).__name__}, not a tensor")
    if parameter.op is not None:
        made_by = type(parameter.op).__name__
        raise ValueError(f"parameter {position} is a result of {made_by}: only leaves are trained")
    about = f"parameter {position}, of shape {parameter.shape} and dtype {parameter.dtype},"
    if not parameter.requires_grad:
        raise ValueError(f"{about} requires no gradient")
    if not is_floating(parameter.dtype, array_namespace(parameter.cached_data)):
        raise TypeError(f"{about} is not of a floating-point dtype")


def gradient_of(position: int, parameter: Tensor) -> Array:
    """Return the gradient's array, in the parameter's dtype."""
    if not isinstance(parameter.grad, Tensor):
        kind = type(parameter.grad).__name__
        raise TypeError(f"the gradient of parameter {position} is {kind}, not a tensor")
    array, gradient = parameter.realize_cached_data(), parameter.grad.realize_cached_data()
    check_one_device([array, gradient])
    if gradient.shape != array.shape:
        raise ValueError(
            f"the gradient of parameter {position} has shape {gradient.shape}, "
            f"the parameter {array.shape}"
        )
    if gradient.dtype == array.dtype:
        return gradient
    return array_namespace(gradient).astype(gradient, array.dtype)


def fitted(position: int, name: str, moment: Array, parameter: Tensor) -> Array:
    """Return `moment`, of the shape of a parameter, in its dtype and on its device."""
    array = parameter.realize_cached_data()
    if moment.shape != array.shape:
        raise ValueError(
            f"{name} of parameter {position} has shape {moment.shape}, the parameter {array.shape}"
        )
    same = type(moment) is type(array) and moment.device == array.device
    if same and moment.dtype == array.dtype:
        return moment
    xp = array_namespace(array)
    with quiet():  # what is too large for the dtype becomes infinite
        return xp.astype(xp.asarray(to_numpy(moment), device=array.device), array.dtype)
