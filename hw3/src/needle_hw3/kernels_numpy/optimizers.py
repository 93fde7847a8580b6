"""Steps of optimisers: new parameters are returned, what is remembered is changed in place.

The lists have a view for every parameter, and all views are of one dtype. Everything is checked and
computed before anything is changed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.lib.array_utils import byte_bounds

from needle_hw3.kernels_numpy.floating import check_floating, check_shape
from needle_hw3.kernels_numpy.view import View, check_writable, wrap


def adam_steps(
    ps: Sequence[View],
    gs: Sequence[View],
    ms: Sequence[View],
    vs: Sequence[View],
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    step: int,
) -> list[View]:
    """Return p - lr (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps) for every p.

    Before, m becomes beta1 m + (1 - beta1) g and v becomes beta2 v + (1 - beta2) g^2. The decay is
    added to the gradient, g + weight_decay p, or, if `decoupled`, taken from the parameter:
    (1 - lr weight_decay) p. What belongs to one parameter has one shape, and moments share no
    memory.
    """
    _check_all("adam_steps", "a gradient", gs, ps)
    _check_changed("adam_steps", "a first moment", ms, ps)
    _check_changed("adam_steps", "a second moment", vs, ps)
    _check_apart("adam_steps", "moments", [*ms, *vs])
    if step < 1:
        raise ValueError(f"adam_steps counts steps from 1, not {step}")
    beta1, beta2 = float(beta1), float(beta2)  # of an int, the power may have any number of digits
    c = math.sqrt(1 - beta2**step)
    decay = 0.0 if decoupled else weight_decay
    results, changes = [], []
    for p, g, m, v in zip(ps, gs, ms, vs, strict=True):
        number = p.array.dtype.type
        with np.errstate(all="ignore"):
            rate = number(-lr * c / (1 - beta1**step))
            kept = p.array * number(1 - lr * weight_decay if decoupled else 1)
            gradient = g.array + p.array * number(decay) if decay else g.array
            first = m.array * number(beta1) + gradient * number(1 - beta1)
            second = v.array * number(beta2) + gradient * gradient * number(1 - beta2)
            direction = first / (np.sqrt(second) + number(c * eps))
            results.append(wrap(direction * rate + kept))
        changes += [(m, first), (v, second)]
    for view, values in changes:
        view.array[...] = values
    return results


def sgd_steps(
    ps: Sequence[View],
    gs: Sequence[View],
    velocities: Sequence[View] | None,
    lr: float,
    momentum: float,
    share: float,
    weight_decay: float,
    nesterov: bool,
) -> list[View]:
    """Return p - lr u for every p; with `nesterov` p - lr (g + momentum u).

    Before, g becomes g + weight_decay p and u becomes momentum u + share g. Without velocities u,
    the results are p - lr g. What belongs to one parameter has one shape, and velocities share no
    memory.
    """
    _check_all("sgd_steps", "a gradient", gs, ps)
    if velocities is not None:
        _check_changed("sgd_steps", "a velocity", velocities, ps)
        _check_apart("sgd_steps", "velocities", velocities)
    results, changes = [], []
    for i, (p, g) in enumerate(zip(ps, gs, strict=True)):
        number = p.array.dtype.type
        with np.errstate(all="ignore"):
            gradient = g.array + p.array * number(weight_decay) if weight_decay else g.array
            if velocities is not None:
                moved = velocities[i].array * number(momentum) + gradient * number(share)
                changes.append((velocities[i], moved))
                gradient = gradient + moved * number(momentum) if nesterov else moved
            results.append(wrap(p.array - gradient * number(lr)))
    for view, values in changes:
        view.array[...] = values
    return results


def _check_all(name: str, what: str, views: Sequence[View], ps: Sequence[View]) -> None:
    """Raise unless `views` are floating-point numbers of the shapes of the parameters `ps`."""
    if len(views) != len(ps):
        raise ValueError(f"{name} takes {what} for each of {len(ps)} parameters, not {len(views)}")
    for p, view in zip(ps, views, strict=True):
        check_floating(name, ps[0], p, view)
        check_shape(name, what, view, p.shape)


def _check_changed(name: str, what: str, views: Sequence[View], ps: Sequence[View]) -> None:
    _check_all(name, what, views, ps)
    for view in views:
        check_writable(view)


def _check_apart(name: str, what: str, views: Sequence[View]) -> None:
    """Raise `ValueError` if the memory of one view may be that of another."""
    bounds = sorted(byte_bounds(view.array) for view in views if view.array.size)
    if any(start < end for (_, end), (start, _) in pairwise(bounds)):
        raise ValueError(f"{name} takes {what} that share no memory")
