"""Schedules: learning rates as functions of the number of steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral
from typing import Any

from needle_hw2.optim.checks import check_number
from needle_hw2.optim.optimizer import Optimizer
from needle_hw2.optim.state import check_names


class Scheduler:
    """The base class of schedules.

    A subclass defines `rate`, and `settings`, from which a saved schedule is recognised.

    Each parameter group keeps the learning rate that it had when the schedule was made, its
    *initial* one, and gets `rate(count, initial)` at once, when `count` is 0, and again after each
    call of `step()`, which counts. Rates come from the count alone, so no rounding errors add up,
    and what is assigned to a group's `lr` meanwhile lasts until the next `step()`.

    Call `step()` after each step of the optimiser, or after each epoch: that is the unit of all
    settings called steps.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"a schedule is for an optimiser, not for {type(optimizer).__name__}")
        self.optimizer = optimizer
        self.initial_lrs: list[float] = [float(group["lr"]) for group in optimizer.param_groups]
        self.count = 0

    def rate(self, count: int, initial: float) -> float:
        """Return the learning rate after `count` calls of `step()`."""
        raise NotImplementedError(f"{type(self).__name__}.rate")

    def settings(self) -> dict[str, Any]:
        """Return the settings of this schedule by name."""
        raise NotImplementedError(f"{type(self).__name__}.settings")

    @property
    def last_lr(self) -> list[float]:
        """The learning rate of each group, as this schedule set it last."""
        return [self.rate(self.count, initial) for initial in self.initial_lrs]

    def step(self) -> None:
        """Count one step, and set the learning rates.

        Raises `ValueError` if the optimiser got groups since the schedule was made.
        """
        self._set(self.count + 1, self.initial_lrs)

    def _set(self, count: int, initial_lrs: list[float]) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(initial_lrs):
            raise ValueError(
                f"the optimiser has {len(groups)} parameter groups, the schedule {len(initial_lrs)}"
            )
        self.count, self.initial_lrs = count, initial_lrs
        for group, rate in zip(groups, self.last_lr, strict=True):
            group["lr"] = rate

    def _kind(self) -> dict[str, Any]:
        return {"scheduler": type(self).__name__, "settings": self.settings()}

    def state_dict(self) -> dict[str, Any]:
        """Return the count and the initial rates, with class and settings, as plain values."""
        return {**self._kind(), "count": self.count, "initial_lrs": list(self.initial_lrs)}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Go on from the state that `state_dict` returned, and set the learning rates.

        Raises `ValueError` or `TypeError`, and changes nothing, if the state is of a schedule of
        another class, with other settings or for another number of groups.
        """
        check_names("the state", saved, self.state_dict())
        for name, mine in self._kind().items():
            if saved[name] != mine:
                raise ValueError(f"{name} of the state is {saved[name]}, of the schedule {mine}")
        count, initial_lrs = saved["count"], saved["initial_lrs"]
        if type(count) is not int or count < 0:
            raise ValueError(f"count of the state is a whole number, at least 0, got {count}")
        if not isinstance(initial_lrs, list):
            raise TypeError(f"initial_lrs of the state is a list, got {initial_lrs}")
        for initial in initial_lrs:
            check_number("initial lr", initial)
        self._set(count, list(initial_lrs))


class StepLR(Scheduler):
    r"""The learning rate times `gamma` after every `step_size` steps.

    .. math:: \eta_t = \gamma^{\lfloor t / s \rfloor} \, \eta_0
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        check_number("gamma", gamma)
        super().__init__(optimizer)
        self.step_size = _whole("step_size", step_size)
        self.gamma = float(gamma)

    def rate(self, count: int, initial: float) -> float:
        """Return the learning rate after `count` calls of `step()`."""
        return float(initial * self.gamma ** (count // self.step_size))

    def settings(self) -> dict[str, Any]:
        """Return the settings of this schedule by name."""
        return {"step_size": self.step_size, "gamma": self.gamma}


class CosineLR(Scheduler):
    r"""Half a period of a cosine, from the initial rate to `min_lr` in `steps` steps.

    .. math:: \eta_t = \eta_{min} + \frac{\eta_0 - \eta_{min}}{2}
              \left(1 + \cos \frac{\pi \min(t, T)}{T}\right)

    It stays there (Loshchilov and Hutter, 2017, without restarts).
    """

    def __init__(self, optimizer: Optimizer, steps: int, min_lr: float = 0.0) -> None:
        check_number("min_lr", min_lr)
        super().__init__(optimizer)
        self.steps = _whole("steps", steps)
        self.min_lr = float(min_lr)

    def rate(self, count: int, initial: float) -> float:
        """Return the learning rate after `count` calls of `step()`."""
        share = (1 + math.cos(math.pi * min(count, self.steps) / self.steps)) / 2
        return self.min_lr + (initial - self.min_lr) * share

    def settings(self) -> dict[str, Any]:
        """Return the settings of this schedule by name."""
        return {"steps": self.steps, "min_lr": self.min_lr}


class LinearWarmup(Scheduler):
    r"""The learning rate rising from `lr / steps` to `lr`, and then another schedule.

    .. math:: \eta_t = \frac{t + 1}{T} \eta_0, \quad t < T; \qquad
              \eta_t = \eta^{then}_{t - (T - 1)}, \quad t \ge T

    So of the optimiser's steps, number T is the first with the whole rate, and the first of `then`.
    Without `then`, the rate stays. With it, call `step()` of the warm-up only::

        schedule = LinearWarmup(optimizer, 100, then=CosineLR(optimizer, 900))

    Raises `ValueError` if `then` is for another optimiser or has been stepped.
    """

    def __init__(self, optimizer: Optimizer, steps: int, then: Scheduler | None = None) -> None:
        if not isinstance(then, Scheduler | None):
            raise TypeError(f"then is a schedule, not {type(then).__name__}")
        if then is not None and then.optimizer is not optimizer:
            raise ValueError("the schedule after a warm-up is for the same optimiser")
        if then is not None and then.count > 0:
            raise ValueError(f"the schedule after a warm-up begins at 0, it is at {then.count}")
        super().__init__(optimizer)
        self.steps = _whole("steps", steps)
        self.then = then
        self._set(0, self.initial_lrs if then is None else then.initial_lrs)

    def rate(self, count: int, initial: float) -> float:
        """Return the learning rate after `count` calls of `step()`."""
        if count < self.steps:
            return initial * (count + 1) / self.steps
        return initial if self.then is None else self.then.rate(count - self.steps + 1, initial)

    def settings(self) -> dict[str, Any]:
        """Return the settings of this schedule by name."""
        return {"steps": self.steps, "then": self.then and self.then._kind()}


def _whole(name: str, value: Any) -> int:
    if not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} is a whole number, at least 1, got {value}")
    return int(value)
