"""Adam, and AdamW with its other weight decay."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from needle_hw1 import Tensor
from needle_hw1.array_api import Array, array_namespace
from needle_hw2.optim.checks import check_number
from needle_hw2.optim.fused import Member, updated
from needle_hw2.optim.optimizer import Optimizer


class Adam(Optimizer):
    r"""Steps along the mean of the gradients, divided by the root of the mean of their squares.

    .. math::
        g &\leftarrow \nabla_p L + \lambda p \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        p &\leftarrow p - \eta \,
            \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    The moments m and v start from 0; dividing by :math:`1 - \beta^t` corrects for that. t counts
    the steps of each parameter: those in which it had a gradient (Kingma and Ba, 2015).

    Parameters
    ----------
    params
        Tensors or groups; see `Optimizer`.
    lr, beta1, beta2, eps, weight_decay
        :math:`\eta`, :math:`\beta_1` and :math:`\beta_2` from [0, 1), :math:`\epsilon` and
        :math:`\lambda`, each at least 0.
    """

    state_names = ("step", "first_moment", "second_moment")
    decoupled: ClassVar[bool] = False  # whether weights decay beside the gradient

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float = 0.01,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            params, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay
        )

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raise `TypeError` or `ValueError` if one of the settings of a group is wrong."""
        super().check_settings(settings)
        check_number("beta1", settings["beta1"], below=1)
        check_number("beta2", settings["beta2"], below=1)
        check_number("eps", settings["eps"])
        check_number("weight_decay", settings["weight_decay"])

    def update(
        self, parameter: Array, gradient: Array, state: dict[str, Any], settings: dict[str, Any]
    ) -> Array:
        """Return the new parameter; `state` has the step t and the moments m and v.

        `_adam_step` counts the step, by `_count_step`, and moves the moments.
        """
        decay = settings["weight_decay"]
        if decay and not self.decoupled:
            gradient = gradient + parameter * decay
        new = _adam_step(gradient, state, settings)
        new += parameter * (1 - settings["lr"] * decay) if self.decoupled else parameter
        return new

    def update_all(self, members: Iterable[Member]) -> Iterable[Array]:
        """Return the new values of parameters, by kernels for several where there are any."""
        if type(self).update is not Adam.update:  # another rule
            return super().update_all(members)
        return updated(members, self.update, self._update_together)

    def _update_together(self, kernels: Any, members: list[Member]) -> list[Array]:
        parameters, gradients, states, settings = zip(*members, strict=True)
        for gradient, state in zip(gradients, states, strict=True):
            _count_step(gradient, state)
        first, second = (
            [state[name] for state in states] for name in ("first_moment", "second_moment")
        )
        shared = {"step": states[0]["step"], "decoupled": self.decoupled, **settings[0]}
        new: list[Array] = kernels.adam_steps(parameters, gradients, first, second, **shared)
        return new


class AdamW(Adam):
    r"""Adam with weight decay beside the gradient instead of in it.

    .. math::
        p \leftarrow (1 - \eta \lambda) \, p - \eta \,
            \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    with the moments of Adam without weight decay. So all weights decay at the same rate, however
    large their gradients are (Loshchilov and Hutter, 2019).
    """

    decoupled = True

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float = 0.01,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, beta1, beta2, eps, weight_decay)


def _adam_step(gradient: Array, state: dict[str, Any], settings: dict[str, Any]) -> Array:
    r"""Return what Adam adds to a parameter, a new array, once `gradient` has moved the moments.

    It begins with `_count_step`, which makes the moments in the first step, so `update` must not.
    With :math:`c = \sqrt{1 - \beta_2^t}`, numerator and denominator are multiplied by c, so that v
    need not be divided:

    .. math:: -\eta \frac{c}{1 - \beta_1^t} \, \frac{m}{\sqrt v + c \, \epsilon}
    """
    xp = array_namespace(gradient)
    _count_step(gradient, state)
    beta1, beta2 = settings["beta1"], settings["beta2"]
    state["first_moment"] *= beta1
    state["first_moment"] += gradient * (1 - beta1)
    state["second_moment"] *= beta2
    square = gradient * gradient
    square *= 1 - beta2
    state["second_moment"] += square

    c = math.sqrt(1 - beta2 ** state["step"])
    denominator = xp.sqrt(state["second_moment"])
    denominator += c * settings["eps"]
    result = state["first_moment"] / denominator
    result *= -settings["lr"] * c / (1 - beta1 ** state["step"])
    return result


def _count_step(gradient: Array, state: dict[str, Any]) -> None:
    """Count a step in `state`, which has no moments before the first one."""
    if not state:
        zeros_like = array_namespace(gradient).zeros_like
        state.update(step=0, first_moment=zeros_like(gradient), second_moment=zeros_like(gradient))
    state["step"] += 1
