"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from needle_hw1 import Tensor
from needle_hw1.array_api import Array, array_namespace
from needle_hw2.optim.checks import check_number
from needle_hw2.optim.fused import Member, updated
from needle_hw2.optim.optimizer import Optimizer


class SGD(Optimizer):
    r"""Stochastic gradient descent, with momentum and weight decay.

    .. math::
        g &\leftarrow \nabla_p L + \lambda p \\
        u &\leftarrow \mu u + (1 - \delta) g \\
        p &\leftarrow p - \eta u

    Parameters
    ----------
    params
        Tensors or groups; see `Optimizer`.
    lr, momentum, weight_decay
        :math:`\eta`, :math:`\mu` from [0, 1) and :math:`\lambda`, at least 0.
    dampening
        :math:`\delta`, from [0, 1). If None, it is the momentum: then u, the `velocity`, is a
        running mean of the gradients that starts from 0. It is not corrected for that start, so
        the first step is `1 - momentum` as long as without momentum. With a number, u starts from
        the first gradient, undamped, as PyTorch's does. Without momentum there is no u, so that
        nothing is damped, whatever the dampening: :math:`p \leftarrow p - \eta g`, also as in
        PyTorch.
    nesterov
        Follow :math:`g + \mu u` in place of u: the gradient plus the velocity of the next step
        (Sutskever et al., 2013). It is defined for the undamped sum of gradients, so it needs
        `dampening=0`, and a momentum above 0.
    """

    state_names = ("velocity",)

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float = 0.01,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        *,
        dampening: float | None = None,
        nesterov: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            weight_decay=weight_decay,
            dampening=dampening,
            nesterov=nesterov,
        )

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raise `TypeError` or `ValueError` if one of the settings of a group is wrong."""
        super().check_settings(settings)
        momentum, dampening = settings["momentum"], settings["dampening"]
        check_number("momentum", momentum, below=1)
        check_number("weight_decay", settings["weight_decay"])
        if dampening is not None:
            check_number("dampening", dampening, below=1)
        if not isinstance(settings["nesterov"], bool):
            raise TypeError(f"nesterov is True or False, got {settings['nesterov']!r}")
        if settings["nesterov"] and (dampening != 0 or momentum == 0):
            raise ValueError(
                f"nesterov needs dampening=0 and a momentum above 0, "
                f"got dampening={dampening} and momentum={momentum}"
            )

    def update(
        self, parameter: Array, gradient: Array, state: dict[str, Any], settings: dict[str, Any]
    ) -> Array:
        """Return p - lr u, or p - lr g without momentum.

        `state` has the velocity u if there is momentum, else nothing.
        """
        if settings["weight_decay"]:
            gradient = gradient + parameter * settings["weight_decay"]
        if settings["momentum"]:
            gradient = _with_momentum(gradient, state, settings)
        new = gradient * -settings["lr"]
        new += parameter
        return new

    def update_all(self, members: Iterable[Member]) -> Iterable[Array]:
        """Return the new values of parameters, by kernels for several where there are any."""
        if type(self).update is not SGD.update:  # another rule
            return super().update_all(members)
        return updated(members, self.update, _updated_together)


def _with_momentum(gradient: Array, state: dict[str, Any], settings: dict[str, Any]) -> Array:
    """Return the direction of the step, once `gradient` has moved the velocity."""
    momentum, share = settings["momentum"], _share(state, settings)
    if "velocity" in state:
        state["velocity"] *= momentum
        state["velocity"] += gradient if share == 1 else gradient * share
    else:
        state["velocity"] = array_namespace(gradient).asarray(gradient * share)
    if settings["nesterov"]:
        return gradient + state["velocity"] * momentum
    return state["velocity"]


def _share(state: dict[str, Any], settings: dict[str, Any]) -> float:
    """Return the gradient's factor in the velocity: 1 in the first step, if that is undamped."""
    damped = settings["dampening"]
    if damped is None:
        damped = settings["momentum"]
    elif "velocity" not in state:
        return 1.0
    return 1.0 - float(damped)


def _updated_together(kernels: Any, members: list[Member]) -> list[Array]:
    parameters, gradients, states, (settings, *_) = zip(*members, strict=True)
    options = {name: settings[name] for name in ("lr", "momentum", "weight_decay", "nesterov")}
    velocities = None
    if settings["momentum"]:
        options["share"] = _share(states[0], settings)
        for gradient, state in zip(gradients, states, strict=True):
            if "velocity" not in state:
                state["velocity"] = array_namespace(gradient).zeros_like(gradient)
        velocities = [state["velocity"] for state in states]
    new: list[Array] = kernels.sgd_steps(parameters, gradients, velocities, **options)
    return new
