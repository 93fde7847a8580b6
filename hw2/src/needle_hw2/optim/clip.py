"""Clipping of gradients, of all together by their norm or of each element by its value."""

from __future__ import annotations

import math
from collections.abc import Iterable

from needle_hw1 import Tensor
from needle_hw1.array_api import Array, array_namespace
from needle_hw1.quiet import quiet


def clip_grad_norm(params: Iterable[Tensor], max_norm: float) -> float:
    r"""Return the norm of all gradients together, and scale them to at most `max_norm`.

    .. math:: \|g\| = \sqrt{\textstyle\sum_p \sum_i g_{p,i}^2}, \qquad
              g \leftarrow g \cdot \min\!\left(1, \frac{c}{\|g\| + 10^{-6}}\right)

    with c = `max_norm`, at least 0. The sum is in float64, where squares of float32's numbers do
    not overflow. Parameters without a gradient are left out, and one that is named twice counts
    once. A clipped `.grad` is a new tensor, a constant; without need for clipping, all stay as they
    are. If the norm is nan, so is every clipped gradient; if it is infinite, they are 0, and nan
    where they were infinite. That is PyTorch's rule.

    Raises `ValueError` for a `max_norm` that is negative or nan.
    """
    max_norm = _bound("max_norm", max_norm)
    parameters = _with_gradient(params)
    with quiet():
        total = math.sqrt(sum(_sum_of_squares(p.grad.realize_cached_data()) for p in parameters))
        scale = max_norm / (total + 1e-6)
        if scale >= 1:
            return total
        for parameter in parameters:
            _rebind(parameter, parameter.grad.realize_cached_data() * scale)
    return total


def clip_grad_value(params: Iterable[Tensor], limit: float) -> None:
    """Clip every element of every gradient to [-limit, limit].

    `limit` is at least 0. The clipped `.grad` is a new tensor, a constant. Parameters without a
    gradient are left out. Raises `ValueError` for a `limit` that is negative or nan.
    """
    limit = _bound("limit", limit)
    with quiet():
        for parameter in _with_gradient(params):
            gradient = parameter.grad.realize_cached_data()
            _rebind(parameter, array_namespace(gradient).clip(gradient, -limit, limit))


def _bound(name: str, bound: float) -> float:
    """Return `bound` as Python's number, which does not promote float32 as NumPy's would."""
    if not bound >= 0:
        raise ValueError(f"{name} is at least 0, got {bound}")
    return float(bound)


def _with_gradient(params: Iterable[Tensor]) -> list[Tensor]:
    """Return those of `params` that have a gradient, each once."""
    distinct = {id(parameter): parameter for parameter in params}.values()
    for parameter in distinct:
        if not isinstance(parameter, Tensor):
            raise TypeError(f"gradients of tensors are clipped, got {type(parameter).__name__}")
    return [parameter for parameter in distinct if parameter.grad is not None]


def _sum_of_squares(gradient: Array) -> float:
    xp = array_namespace(gradient)
    flat = xp.reshape(xp.astype(gradient, xp.float64), (-1,))
    return float(xp.vecdot(flat, flat))


def _rebind(parameter: Tensor, gradient: Array) -> None:
    xp = array_namespace(parameter.grad.realize_cached_data())
    parameter.grad = Tensor.make_const(xp.asarray(gradient))  # of a 0-d array, NumPy's is a scalar
