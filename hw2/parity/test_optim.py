"""Ten steps of every optimiser, clipping and schedules, against PyTorch's."""

import math
from functools import partial
from itertools import product

import numpy as np
import pytest
import torch

from needle_hw1 import Tensor
from needle_hw2 import optim
from needle_shared.testing import assert_close

SHAPES = [(), (0,), (3,), (2, 3, 4)]
STEPS = 10
STATE = {  # our names for PyTorch's
    "velocity": "momentum_buffer",
    "step": "step",
    "first_moment": "exp_avg",
    "second_moment": "exp_avg_sq",
}


def grid(**choices):
    """Return a dict of settings for every combination of the choices."""
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


SGD = [
    *grid(lr=[0.3], weight_decay=[0, 0.1], dampening=[0, 0.5]),
    *grid(lr=[0.01, 0.3], momentum=[0.5, 0.9], weight_decay=[0, 0.1], dampening=[0, 0.3]),
    *grid(lr=[0.3], momentum=[0.9], weight_decay=[0, 0.1], dampening=[0], nesterov=[True]),
]
ADAM = grid(
    lr=[0.001, 0.1], betas=[(0.9, 0.999), (0.5, 0.6)], eps=[1e-8, 0.1], weight_decay=[0, 0.1]
)


def adam_settings(settings):
    """Return PyTorch's settings of Adam by our names."""
    others = {name: value for name, value in settings.items() if name != "betas"}
    beta1, beta2 = settings["betas"]
    return {**others, "beta1": beta1, "beta2": beta2}


PAIRS = [
    *((partial(optim.SGD, **s), partial(torch.optim.SGD, **s)) for s in SGD),
    *((partial(optim.Adam, **adam_settings(s)), partial(torch.optim.Adam, **s)) for s in ADAM),
    *((partial(optim.AdamW, **adam_settings(s)), partial(torch.optim.AdamW, **s)) for s in ADAM),
    (partial(optim.AdamW, lr=0.1), partial(torch.optim.AdamW, lr=0.1)),  # the default decay
]
every_pair = pytest.mark.parametrize(
    ("mine", "theirs"),
    PAIRS,
    ids=[f"{theirs.func.__name__}-{theirs.keywords}" for _, theirs in PAIRS],
)
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


@pytest.fixture
def draw(rng):
    """Draw an array for each shape."""
    return lambda dtype: [np.asarray(rng.standard_normal(s), dtype=dtype) for s in SHAPES]


@pytest.fixture
def leaves(draw):
    """Make parameters with the same values here and in PyTorch."""

    def make(dtype):
        values = draw(dtype)
        return [Tensor(x) for x in values], [torch.tensor(x, requires_grad=True) for x in values]

    return make


def set_grads(ours, torchs, arrays, skipped=()):
    for position, (a, b, array) in enumerate(zip(ours, torchs, arrays, strict=True)):
        skip = position in skipped
        a.grad = None if skip else Tensor(array)
        b.grad = None if skip else torch.tensor(array)


def compare(ours, torchs, dtype):
    for a, b in zip(ours, torchs, strict=True):
        assert a.dtype == dtype
        assert_close(a, b.detach(), rtol=1e-5 if dtype == "float32" else 1e-12)


@every_dtype
@every_pair
def test_ten_steps_with_skipped_parameters_equal_pytorchs(mine, theirs, dtype, leaves, draw):
    ours, torchs = leaves(dtype)
    a, b = mine(ours), theirs(torchs)
    for step in range(STEPS):
        # Each parameter misses some steps, one of them the first.
        set_grads(ours, torchs, draw(dtype), {i for i in range(4) if (step + i) % 4 == 2})
        a.step()
        b.step()
        compare(ours, torchs, dtype)
    for position, parameter in enumerate(torchs):
        for name, value in a.state_dict()["state"].get(position, {}).items():
            assert_close(value, np.asarray(b.state[parameter][STATE[name]], dtype=None))


@every_dtype
@pytest.mark.parametrize("settings", grid(momentum=[0.5, 0.9], weight_decay=[0, 0.1]))
def test_damped_sgd_equals_pytorchs_from_a_velocity_of_zero(settings, dtype, leaves, draw):
    ours, torchs = leaves(dtype)
    a = optim.SGD(ours, lr=0.3, **settings)
    b = torch.optim.SGD(torchs, lr=0.3, dampening=settings["momentum"], **settings)
    for parameter in torchs:
        b.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    for _ in range(STEPS):
        set_grads(ours, torchs, draw(dtype))
        a.step()
        b.step()
        compare(ours, torchs, dtype)


@every_dtype
def test_groups_equal_pytorchs(dtype, leaves, draw):
    ours, torchs = leaves(dtype)
    a, b = (
        kind([{"params": params[:2], "lr": 0.1}, {"params": params[2:], "weight_decay": 0.2}])
        for kind, params in ((optim.AdamW, ours), (partial(torch.optim.AdamW, lr=0.01), torchs))
    )
    for _ in range(STEPS):
        set_grads(ours, torchs, draw(dtype))
        a.step()
        b.step()
    compare(ours, torchs, dtype)


@every_dtype
@pytest.mark.parametrize("max_norm", [0.0, 0.25, 3.0, 1e6, math.inf])
def test_clipping_by_norm_equals_pytorchs(max_norm, dtype, leaves, draw):
    ours, torchs = leaves(dtype)
    set_grads(ours, torchs, draw(dtype), skipped={2})
    norm = optim.clip_grad_norm(ours, max_norm)
    assert_close(norm, torch.nn.utils.clip_grad_norm_(torchs, max_norm).item(), rtol=1e-6)
    for a, b in zip(ours, torchs, strict=True):
        assert (a.grad is None) == (b.grad is None)
        if a.grad is not None:
            assert_close(a.grad, b.grad)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_clipping_of_what_is_not_finite_equals_pytorchs(value, leaves, draw):
    ours, torchs = leaves("float64")
    arrays = draw("float64")
    arrays[2][1] = value
    set_grads(ours, torchs, arrays)
    norm = optim.clip_grad_norm(ours, 1.0)
    assert_close(norm, torch.nn.utils.clip_grad_norm_(torchs, 1.0).item())
    for a, b in zip(ours, torchs, strict=True):
        assert_close(a.grad, b.grad)


@every_dtype
@pytest.mark.parametrize("limit", [0.0, 0.5, 100.0, math.inf])
def test_clipping_by_value_equals_pytorchs(limit, dtype, leaves, draw):
    ours, torchs = leaves(dtype)
    set_grads(ours, torchs, draw(dtype))
    optim.clip_grad_value(ours, limit)
    torch.nn.utils.clip_grad_value_(torchs, limit)
    for a, b in zip(ours, torchs, strict=True):
        assert np.array_equal(a.grad.numpy(), b.grad.numpy())


def warmup_then_cosine(optimizer):
    rising = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1 / 4, total_iters=3)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=6)
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [rising, falling], milestones=[3])


SCHEDULES = {
    "StepLR": (
        lambda optimizer: optim.StepLR(optimizer, 3, gamma=0.5),
        lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 3, gamma=0.5),
        20,
    ),
    "CosineLR": (
        lambda optimizer: optim.CosineLR(optimizer, 9, min_lr=0.01),
        lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 9, eta_min=0.01),
        9,  # PyTorch's rises again
    ),
    "LinearWarmup": (
        lambda optimizer: optim.LinearWarmup(optimizer, 5),
        lambda optimizer: torch.optim.lr_scheduler.LinearLR(optimizer, 1 / 5, total_iters=4),
        20,
    ),
    "LinearWarmup, then CosineLR": (
        lambda optimizer: optim.LinearWarmup(optimizer, 4, then=optim.CosineLR(optimizer, 6)),
        warmup_then_cosine,
        9,
    ),
}


@pytest.mark.filterwarnings("ignore:The epoch parameter")  # inside of SequentialLR
@pytest.mark.parametrize(("mine", "theirs", "steps"), SCHEDULES.values(), ids=SCHEDULES)
def test_schedule_of_two_groups_equals_pytorchs(mine, theirs, steps, leaves):
    ours, torchs = leaves("float64")
    optimizers = [
        kind([{"params": params[:2]}, {"params": params[2:], "lr": 2.0}], lr=0.5)
        for kind, params in ((optim.SGD, ours), (torch.optim.SGD, torchs))
    ]
    schedules = mine(optimizers[0]), theirs(optimizers[1])
    for _ in range(steps + 1):
        assert_close(schedules[0].last_lr, schedules[1].get_last_lr())
        assert [group["lr"] for group in optimizers[0].param_groups] == schedules[0].last_lr
        for moving in (*optimizers, *schedules):
            moving.step()
