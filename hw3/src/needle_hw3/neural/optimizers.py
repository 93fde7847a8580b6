"""Steps of optimisers for many parameters: one pass over each and what belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from needle_hw3.ndarray import NDArray
from needle_hw3.operands import check_same_device

Arrays = Sequence[NDArray]


def elements_of_a_step(p: NDArray) -> int:
    """Return how many elements, about, parameters like `p` should have together in one call.

    The new parameters take the place of the old ones of an earlier call. On the host, so few that
    these are still in the processor's caches; on a GPU, where starting a kernel takes as long as
    working on a million elements, some millions.
    """
    return 1 << 17 if p._device.kernels.ON_HOST else 1 << 22


def adam_steps(
    ps: Arrays,
    gs: Arrays,
    ms: Arrays,
    vs: Arrays,
    /,
    *,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    step: int,
    weight_decay: float = 0.0,
    decoupled: bool = False,
) -> list[NDArray]:
    r"""Return new parameters, for old ones p and gradients g; the moments m and v change.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2) g^2
        \\ p' &= p - \eta \, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    The lists are equally long, and all arrays of one device and floating-point dtype; what belongs
    to one parameter has one shape. t is `step`, from 1 on. The decay is added to the gradient,
    :math:`g + \lambda p` (Kingma and Ba, 2015), or, if `decoupled`, p is
    :math:`(1 - \eta \lambda) p` in the last formula (Loshchilov and Hutter, 2019).

    Raises
    ------
    TypeError
        If an array is of another dtype than the first parameter, or that is not floating-point.
    ValueError
        If lists differ in length or shapes, devices differ, moments are read-only or share memory,
        or `step` is below 1. Nothing was changed then.
    """
    numbers = lr, beta1, beta2, eps, weight_decay, decoupled, step
    return _step("adam_steps", [ps, gs, ms, vs], numbers)


def sgd_steps(
    ps: Arrays,
    gs: Arrays,
    velocities: Arrays | None = None,
    /,
    *,
    lr: float,
    momentum: float = 0.0,
    share: float = 1.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
) -> list[NDArray]:
    r"""Return new parameters, for old ones p and gradients g; the velocities u change.

    .. math:: g \leftarrow g + \lambda p, \qquad u \leftarrow \mu u + \delta g, \qquad
              p' = p - \eta u

    :math:`\delta` is `share`. With `nesterov`, :math:`g + \mu u` takes the place of u in the last
    formula; without velocities, g does. Lists and errors are those of `adam_steps`.
    """
    return _step("sgd_steps", [ps, gs, velocities], (lr, momentum, share, weight_decay, nesterov))


def _step(name: str, lists: list[Arrays | None], numbers: tuple[Any, ...]) -> list[NDArray]:
    """Return the results of the kernel `name`, of the device where the arrays are."""
    arrays = [array for each in lists if each is not None for array in each]
    if not arrays:
        return []
    check_same_device(*arrays)
    views = [None if each is None else [array._view for array in each] for each in lists]
    results = getattr(arrays[0]._device.kernels, name)(*views, *numbers)
    return [arrays[0]._new(result) for result in results]
