"""`Optimizer`: parameters in groups, what is remembered of each, and a step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import starmap
from typing import Any, ClassVar

from needle_hw1 import Tensor
from needle_hw1.array_api import Array, array_namespace, is_array
from needle_hw1.quiet import quiet
from needle_hw2.optim.checks import (
    check_number,
    check_parameters,
    fitted,
    gradient_of,
    plain_settings,
    split_groups,
)
from needle_hw2.optim.clip import clip_grad_norm, clip_grad_value
from needle_hw2.optim.fused import Member
from needle_hw2.optim.state import check_names, copied, loadable_groups, loadable_state


class Optimizer:
    """The base class of optimisers.

    A subclass defines `update`, the rule for one parameter, names in `state_names` what the rule
    remembers (`step` is a whole number, all else are arrays of the parameter's shape), and extends
    `check_settings`.

    Parameters
    ----------
    params
        Leaves of a floating-point dtype that require gradients; or groups of them with settings
        of their own, ``{"params": tensors, "lr": 0.1}``.
    defaults
        The settings, `lr` among them, of groups that do not say otherwise.

    A step gives each parameter a new array. It builds no graph and writes into no array but the
    optimiser's own, so `p.data` from before a step and graphs of an earlier forward pass keep
    their values.

    Raises
    ------
    TypeError
        If a parameter is no tensor of floating-point numbers, or a setting no number.
    ValueError
        If there is no parameter, one is given twice, requires no gradient or is no leaf; if a
        setting is unknown or out of its range.
    """

    state_names: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, params: Iterable[Tensor] | Iterable[Mapping[str, Any]], **defaults: Any
    ) -> None:
        self.defaults = plain_settings(defaults)
        self.check_settings(self.defaults)
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[int, dict[str, Any]] = {}  # by position in `params`, once there is any
        for group in split_groups(params):
            self.add_param_group(group)

    def update(
        self, parameter: Array, gradient: Array, state: dict[str, Any], settings: dict[str, Any]
    ) -> Array:
        """Return the new value of a parameter, as a new array.

        `gradient` has the parameter's shape and dtype, and neither is written into. `state` holds
        what this method put there in the steps before, arrays or whole numbers; it is empty at
        first and may be changed in place. `settings` are those of the parameter's group.
        """
        raise NotImplementedError(f"{type(self).__name__}.update")

    def update_all(self, members: Iterable[Member]) -> Iterable[Array]:
        """Return the new values of parameters: of each what `update` returns.

        A member is what `update` takes. The step replaces a parameter as soon as it has the new
        value, so an iterator keeps memory low. A subclass that can do several at once overrides
        this method, too.
        """
        return starmap(self.update, members)

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raise `TypeError` or `ValueError` if one of the settings of a group is wrong."""
        check_number("lr", settings.get("lr"))

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Train the tensors ``group["params"]`` as well, with the group's settings or defaults."""
        if not isinstance(group, Mapping):
            raise TypeError(f"a group is a dict, not {type(group).__name__}")
        params = group.get("params")
        if isinstance(params, Tensor) or not isinstance(params, Iterable):
            kind = type(params).__name__
            raise TypeError(f"the 'params' of a group are a list of tensors, not {kind}")
        params, settings = list(params), {**self.defaults, **plain_settings(group)}
        unknown = [repr(name) for name in settings if name not in self.defaults]
        if unknown:
            known = ", ".join(self.defaults)
            raise ValueError(f"unknown setting {', '.join(unknown)}: a group has params, {known}")
        self.check_settings(settings)
        check_parameters(params, self.params)
        self.param_groups.append({"params": params, **settings})

    @property
    def params(self) -> list[Tensor]:
        """The parameters of all groups, in order."""
        return [parameter for group in self.param_groups for parameter in group["params"]]

    @property
    def lr(self) -> float:
        """The learning rate: of the first group when read, of all groups when set."""
        rate: float = self.param_groups[0]["lr"]
        return rate

    @lr.setter
    def lr(self, rate: float) -> None:
        check_number("lr", rate)
        for group in self.param_groups:
            group["lr"] = float(rate)

    def step(self) -> None:
        """Update every parameter that has a gradient.

        Where `.grad` is None, parameter and state stay as they are. A gradient of another dtype is
        converted to the parameter's.

        Raises
        ------
        TypeError
            If a gradient is no tensor.
        ValueError
            If a gradient or a moment has another shape than the parameter, or a gradient is on
            another device. Nothing was updated then.
        """
        with quiet():
            ready = list(self._ready())
            members = ((p.cached_data, g, state, settings) for p, g, state, settings in ready)
            for (parameter, _, _, _), new in zip(ready, self.update_all(members), strict=True):
                # Arithmetic of NumPy's 0-d arrays gives scalars.
                parameter.cached_data = array_namespace(parameter.cached_data).asarray(new)

    def _ready(self) -> Iterator[tuple[Tensor, Array, dict[str, Any], dict[str, Any]]]:
        """Yield the parameters that have a gradient, with what `update` takes."""
        members = [
            (parameter, settings)
            for group in self.param_groups
            for settings in [plain_settings(group)]
            for parameter in group["params"]
        ]
        for position, (parameter, settings) in enumerate(members):
            if parameter.grad is None:
                continue
            gradient = gradient_of(position, parameter)
            state = self.state.setdefault(position, {})
            for name, value in state.items():
                if is_array(value):
                    state[name] = fitted(position, name, value, parameter)
            yield parameter, gradient, state, settings

    def reset_grad(self) -> None:
        """Set `.grad` of every parameter to None."""
        for parameter in self.params:
            parameter.grad = None

    zero_grad = reset_grad

    def clip_grad_norm(self, max_norm: float = 0.25) -> float:
        """Return the norm of all gradients, and scale them to at most `max_norm`.

        See `needle_hw2.optim.clip_grad_norm`.
        """
        return clip_grad_norm(self.params, max_norm)

    def clip_grad_value(self, limit: float) -> None:
        """Clip every element of every gradient to [-limit, limit]."""
        clip_grad_value(self.params, limit)

    def state_dict(self) -> dict[str, Any]:
        """Return settings and state, as a snapshot that later steps do not change.

        ``{"optimizer": "Adam", "state": {0: {"step": 3, "first_moment": tensor, ...}, ...},
        "param_groups": [{"lr": 0.01, ..., "params": [0, 1]}]}``: parameters are numbered in their
        order. One that never had a gradient has no state.
        """
        state = {
            position: {
                name: Tensor.make_const(copied(value)) if is_array(value) else value
                for name, value in values.items()
            }
            for position, values in sorted(self.state.items())
            if values
        }
        groups = self._numbered_groups()
        return {"optimizer": type(self).__name__, "state": state, "param_groups": groups}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over the settings and, as copies, the state that `state_dict` returned.

        Moments are converted to the parameter's dtype and put on its device. With the same
        parameters and gradients, the steps that follow are those of the saved optimiser, bit by
        bit.

        Raises
        ------
        TypeError, ValueError
            If the state is of another kind of optimiser, has other groups, numbers of parameters,
            settings or shapes, or a setting out of its range. Nothing was changed then.
        """
        check_names("the state", saved, ("optimizer", "state", "param_groups"))
        kind = type(self).__name__
        if saved["optimizer"] != kind:
            raise ValueError(f"the state is one of {saved['optimizer']}, not of {kind}")
        groups = loadable_groups(
            saved["param_groups"], self._numbered_groups(), self.check_settings
        )
        self.state = loadable_state(saved["state"], self.state_names, self.params)
        for group, settings in zip(self.param_groups, groups, strict=True):
            group.update(settings)

    def _numbered_groups(self) -> list[dict[str, Any]]:
        """Return the groups with the positions of their parameters instead of these."""
        groups, start = [], 0
        for group in self.param_groups:
            stop = start + len(group["params"])
            groups.append({**plain_settings(group), "params": list(range(start, stop))})
            start = stop
        return groups
