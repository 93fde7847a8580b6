"""Steps of the optimisers on 20 parameters of 50,000 elements, float32, against PyTorch."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import timing

timing.use_one_thread()  # before NumPy is imported

import numpy as np  # noqa: E402

PARAMETERS, SIZE = 20, 50_000
STEPS = 10  # in one call
RULES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {  # class, settings, PyTorch's
    "SGD": ("SGD", {}, {}),
    "SGD, momentum": ("SGD", {"momentum": 0.9, "dampening": 0}, {"momentum": 0.9}),
    "SGD, damped": (
        "SGD",
        {"momentum": 0.9, "dampening": 0.9},
        {"momentum": 0.9, "dampening": 0.9},
    ),
    "Adam": ("Adam", {}, {}),
    "AdamW": ("AdamW", {}, {}),
}


def values_and_gradients() -> list[tuple[Any, Any]]:
    """Return the arrays of each parameter and of its gradient, which is the same in every step."""
    rng = np.random.default_rng(0)
    draws = rng.standard_normal((PARAMETERS, 2, SIZE), dtype=np.float32)
    return [(value, gradient) for value, gradient in draws]


def in_hw2(rule: str, device: Any = None) -> Callable[[], Any]:
    """Return a function that takes `STEPS` steps with hw2, and returns the last parameter."""
    from needle_hw1 import Tensor
    from needle_hw2 import optim

    kind, settings, _ = RULES[rule]
    params = []
    for value, gradient in values_and_gradients():
        parameter = Tensor(value, device=device)
        parameter.grad = Tensor(gradient, device=device, requires_grad=False)
        params.append(parameter)
    optimizer = getattr(optim, kind)(params, lr=0.001, **settings)
    return partial(take_steps, optimizer.step, params[-1].numpy)


def in_hw2_on_hw3(rule: str) -> Callable[[], Any]:
    """Return the same on arrays of hw3's C++ device, whose library has kernels for steps."""
    import needle_hw3 as nd

    nd.set_num_threads(1)
    return in_hw2(rule, nd.cpu())


def in_torch(rule: str, **variant: bool) -> Callable[[], Any]:
    """Return a function that takes `STEPS` steps with PyTorch, and returns the last parameter."""
    import torch

    torch.set_num_threads(1)
    kind, _, settings = RULES[rule]
    params = []
    for value, gradient in values_and_gradients():
        parameter = torch.tensor(value, requires_grad=True)
        parameter.grad = torch.tensor(gradient)
        params.append(parameter)
    optimizer = getattr(torch.optim, kind)(params, lr=0.001, **settings, **variant)
    return partial(take_steps, optimizer.step, params[-1].detach().numpy)


def take_steps(step: Callable[[], Any], result: Callable[[], Any]) -> Any:
    """Step, and return the result."""
    for _ in range(STEPS):
        step()
    return result()


def main() -> int:
    """Print a table for each rule; 0 if the parameters agree."""
    for rule in RULES:
        setups = {
            "PyTorch": partial(in_torch, rule),
            "PyTorch, foreach": partial(in_torch, rule, foreach=True),
            "PyTorch, fused": partial(in_torch, rule, fused=True),
            "hw2": partial(in_hw2, rule),
            "hw2 on hw3": partial(in_hw2_on_hw3, rule),
        }
        results = [setup()() for setup in setups.values()]
        for result in results:
            np.testing.assert_allclose(result, results[0], rtol=1e-4, atol=1e-6)
        title = f"{rule}: {STEPS} steps of {PARAMETERS} x {SIZE:,} float32"
        timings = timing.interleave(setups, rounds=25, warmup=3)
        timing.show(title, timings, baseline="PyTorch")
    return 0


if __name__ == "__main__":
    sys.exit(main())
