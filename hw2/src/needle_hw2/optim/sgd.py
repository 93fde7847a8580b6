"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from needle_hw1 import Tensor
from needle_hw1.array_api import Array, array_namespace
from needle_hw2.kernels import fused_kernels
from needle_hw2.optim.checks import check_number
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
        the first gradient, undamped, as PyTorch's does.
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
        """Return p - lr u; `state` has the velocity u, if there is momentum."""
        kernels = fused_kernels(parameter)
        if kernels is not None:
            return _fused_step(kernels, parameter, gradient, state, settings)
        if settings["weight_decay"]:
            gradient = gradient + parameter * settings["weight_decay"]
        if settings["momentum"]:
            gradient = _with_momentum(gradient, state, settings)
        new = gradient * -settings["lr"]
        new += parameter
        return new


def _with_momentum(gradient: Array, state: dict[str, Any], settings: dict[str, Any]) -> Array:
    """Return the direction of the step, once `gradient` has moved the velocity."""
    momentum, dampening = settings["momentum"], settings["dampening"]
    share = 1 - (momentum if dampening is None else dampening)
    if "velocity" in state:
        state["velocity"] *= momentum
        state["velocity"] += gradient if share == 1 else gradient * share
    else:
        first = gradient * (share if dampening is None else 1.0)
        state["velocity"] = array_namespace(gradient).asarray(first)
    if settings["nesterov"]:
        return gradient + state["velocity"] * momentum
    return state["velocity"]


def _fused_step(
    kernels: Any,
    parameter: Array,
    gradient: Array,
    state: dict[str, Any],
    settings: dict[str, Any],
) -> Array:
    """Return the new parameter by the library's own kernel, which does all of it in one pass."""
    lr, decay = settings["lr"], settings["weight_decay"]
    momentum, dampening = settings["momentum"], settings["dampening"]
    if not momentum:
        return kernels.sgd_step(parameter, gradient, lr=lr, weight_decay=decay)
    share = 1 - (momentum if dampening is None else dampening)
    if "velocity" not in state:
        state["velocity"] = array_namespace(gradient).zeros_like(gradient)
        share = share if dampening is None else 1.0
    return kernels.sgd_step(
        parameter,
        gradient,
        state["velocity"],
        lr=lr,
        momentum=momentum,
        share=share,
        weight_decay=decay,
        nesterov=settings["nesterov"],
    )
