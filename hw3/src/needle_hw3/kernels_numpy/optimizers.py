"""Steps of optimisers: the new parameter is returned, what is remembered is changed in place."""

from __future__ import annotations

import math

import numpy as np

from needle_hw3.kernels_numpy.floating import check_floating, check_shape
from needle_hw3.kernels_numpy.view import View, check_writable, may_overlap, wrap


def adam_step(
    p: View,
    g: View,
    m: View,
    v: View,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    step: int,
) -> View:
    """Return p - lr (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps).

    Before, m becomes beta1 m + (1 - beta1) g and v becomes beta2 v + (1 - beta2) g^2. The decay is
    added to the gradient, g + weight_decay p, or, if `decoupled`, taken from the parameter:
    (1 - lr weight_decay) p. All arrays have one shape, and m and v share no memory.
    """
    check_floating("adam_step", p, g, m, v)
    check_shape("adam_step", "a gradient", g, p.shape)
    for what, view in (("a first moment", m), ("a second moment", v)):
        check_shape("adam_step", what, view, p.shape)
        check_writable(view)
    if may_overlap(m, v):
        raise ValueError("adam_step takes moments that share no memory")
    if step < 1:
        raise ValueError(f"adam_step counts steps from 1, not {step}")
    number = p.array.dtype.type
    c = math.sqrt(1 - beta2**step)
    with np.errstate(all="ignore"):
        rate, small = number(-lr * c / (1 - beta1**step)), number(c * eps)  # all before writing
        kept = p.array * number(1 - lr * weight_decay if decoupled else 1)
        decay = 0.0 if decoupled else weight_decay
        gradient = g.array + p.array * number(decay) if decay else g.array.copy()
        m.array[...] = m.array * number(beta1) + gradient * number(1 - beta1)
        v.array[...] = v.array * number(beta2) + gradient * gradient * number(1 - beta2)
        direction = m.array / (np.sqrt(v.array) + small)
        return wrap(direction * rate + kept)


def sgd_step(
    p: View,
    g: View,
    velocity: View | None,
    lr: float,
    momentum: float,
    share: float,
    weight_decay: float,
    nesterov: bool,
) -> View:
    """Return p - lr u; with `nesterov` p - lr (g + momentum u); without a velocity u p - lr g.

    Before, g becomes g + weight_decay p and u becomes momentum u + share g. All arrays have one
    shape.
    """
    check_floating("sgd_step", p, g)
    check_shape("sgd_step", "a gradient", g, p.shape)
    number = p.array.dtype.type
    with np.errstate(all="ignore"):
        lr, momentum, share = number(lr), number(momentum), number(share)  # all before writing
        old = p.array.copy()
        gradient = g.array + p.array * number(weight_decay) if weight_decay else g.array
        if velocity is not None:
            check_floating("sgd_step", p, velocity)
            check_shape("sgd_step", "a velocity", velocity, p.shape)
            check_writable(velocity)
            moved = velocity.array * momentum + gradient * share
            gradient = gradient + moved * momentum if nesterov else moved
            velocity.array[...] = moved
        return wrap(old - gradient * lr)
