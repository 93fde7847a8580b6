"""The rules of the optimisers against sums over all gradients so far, in float64."""

import numpy as np
import pytest

from needle_hw1 import Tensor
from needle_hw2 import optim
from needle_shared.testing import assert_close

SHAPES = [(), (0,), (1,), (3,), (2, 3, 4), (5, 1)]
STEPS = 10


def decayed_sum(factor, terms):
    """Return sum_i factor^(t - i) terms_i: every term so far, the newest with weight 1."""
    return sum(factor ** (len(terms) - 1 - i) * term for i, term in enumerate(terms))


def sgd(p, draw, lr=0.01, momentum=0.0, weight_decay=0.0, dampening=None, nesterov=False):
    terms = []
    for _ in range(STEPS):
        g = draw() + weight_decay * p
        first = dampening is not None and not terms
        share = 1 - (momentum if dampening is None else dampening)
        terms.append(g if first else share * g)
        velocity = decayed_sum(momentum, terms)
        p = p - lr * (g + momentum * velocity if nesterov else velocity)
    return p


def adam(p, draw, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, decoupled=False):
    gradients = []
    for t in range(1, STEPS + 1):
        gradients.append(draw() + (0 if decoupled else weight_decay * p))
        mean = (1 - beta1) * decayed_sum(beta1, gradients) / (1 - beta1**t)
        mean_square = decayed_sum(beta2, [g**2 for g in gradients]) * (1 - beta2) / (1 - beta2**t)
        p = (1 - lr * weight_decay) * p if decoupled else p
        p = p - lr * mean / (np.sqrt(mean_square) + eps)
    return p


def adamw(p, draw, weight_decay=0.01, **settings):
    return adam(p, draw, weight_decay=weight_decay, decoupled=True, **settings)


CASES = [
    (optim.SGD, sgd, {}),
    (optim.SGD, sgd, {"lr": 0.3}),
    (optim.SGD, sgd, {"lr": 0.0}),
    (optim.SGD, sgd, {"lr": 0.1, "weight_decay": 0.2}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.2}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9, "dampening": 0}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9, "dampening": 0, "nesterov": True}),
    (optim.Adam, adam, {}),
    (optim.Adam, adam, {"lr": 0.1, "weight_decay": 0.2}),
    (optim.Adam, adam, {"lr": 0.1, "beta1": 0.5, "beta2": 0.6, "eps": 0.1}),
    (optim.Adam, adam, {"beta1": 0.0, "beta2": 0.0}),
    (optim.AdamW, adamw, {}),
    (optim.AdamW, adamw, {"lr": 0.1, "weight_decay": 0.5, "beta1": 0.7, "eps": 0.01}),
    (optim.AdamW, adamw, {"lr": 0.1, "weight_decay": 0.0}),
]


def name_of(case):
    kind, _, settings = case
    return "-".join([kind.__name__, *(f"{name}={value}" for name, value in settings.items())])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_ten_steps_follow_the_formula(case, dtype, device, rng):
    kind, formula, settings = case
    starts = [np.asarray(rng.standard_normal(shape), dtype=dtype) for shape in SHAPES]
    gradients = [
        [np.asarray(rng.standard_normal(shape), dtype=dtype) for _ in range(STEPS)]
        for shape in SHAPES
    ]
    params = [Tensor(start, device=device) for start in starts]
    optimizer = kind(params, **settings)
    for step in range(STEPS):
        for parameter, drawn in zip(params, gradients, strict=True):
            parameter.grad = Tensor(drawn[step], device=device, requires_grad=False)
        optimizer.step()
    for parameter, start, drawn in zip(params, starts, gradients, strict=True):
        remaining = iter(np.asarray(drawn, dtype="float64"))
        expected = formula(start.astype("float64"), lambda: next(remaining), **settings)  # noqa: B023
        assert_close(parameter, np.asarray(expected), atol=2e-5 if dtype == "float32" else None)
        assert parameter.dtype == dtype
        assert parameter.device == device


def test_settings_are_taken_in_the_order_of_the_course(make_params):
    (parameter,) = make_params((2,))
    group = optim.SGD([parameter], 0.1, 0.2, 0.3).param_groups[0]
    assert [group[name] for name in ("lr", "momentum", "weight_decay")] == [0.1, 0.2, 0.3]
    for kind in (optim.Adam, optim.AdamW):
        group = kind([parameter], 0.1, 0.2, 0.3, 0.4, 0.5).param_groups[0]
        names = ("lr", "beta1", "beta2", "eps", "weight_decay")
        assert [group[name] for name in names] == [0.1, 0.2, 0.3, 0.4, 0.5]


def test_first_damped_step_is_short_and_the_first_undamped_one_is_not():
    steps = {}
    for dampening in (None, 0, 0.5):
        p = Tensor(np.zeros(1))
        p.grad = Tensor(np.ones(1))
        optim.SGD([p], lr=1.0, momentum=0.75, dampening=dampening).step()
        steps[dampening] = -p.item()
    assert steps == {None: 0.25, 0: 1.0, 0.5: 1.0}


def test_momentum_that_is_switched_on_later_starts_from_that_step():
    p = Tensor(np.zeros(1))
    optimizer = optim.SGD([p], lr=1.0)
    p.grad = Tensor(np.ones(1))
    optimizer.step()
    optimizer.param_groups[0]["momentum"] = 0.5
    optimizer.step()
    assert p.item() == -1.5


def test_adam_counts_the_steps_of_each_parameter(make_params):
    a, b = make_params((2,), (2,), dtype="float64")
    alone = Tensor(b)  # sees only the steps in which b has a gradient
    optimizer, other = optim.Adam([a, b]), optim.Adam([alone])
    for step in range(6):
        b.grad = a.grad if step % 3 == 2 else None
        optimizer.step()
        if b.grad is not None:
            alone.grad = b.grad
            other.step()
    assert [optimizer.state[i]["step"] for i in range(2)] == [6, 2]
    assert np.array_equal(b.numpy(), alone.numpy())


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW])
def test_parameter_without_gradient_keeps_value_and_state(kind, make_params):
    params = make_params((3,), (2,))
    settings = {"momentum": 0.9} if kind is optim.SGD else {}
    optimizer = kind(params, weight_decay=0.5, **settings)
    optimizer.step()
    params[1].grad = None
    array, state = params[1].cached_data, optimizer.state_dict()["state"]
    optimizer.step()
    assert params[1].cached_data is array
    after = optimizer.state_dict()["state"]
    for name, value in state[1].items():
        assert np.array_equal(np.asarray(after[1][name]), np.asarray(value))
    assert not all(
        np.array_equal(np.asarray(after[0][name]), np.asarray(value))
        for name, value in state[0].items()
    )


def test_adam_goes_on_where_gradients_vanish_or_overflow():
    p = Tensor(np.zeros(3), dtype="float32")
    p.grad = Tensor(np.array([0.0, 1e30, 1e-30]), dtype="float32")
    optim.Adam([p], lr=0.1).step()  # squares are 0, inf and 0 in float32
    assert p.numpy()[0] == 0
    assert np.isfinite(p.numpy()).all()


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW])
def test_optimiser_finds_the_minimum_of_a_quadratic_function(kind, device):
    target = Tensor(np.array([3.0, -2.0, 0.5]), device=device, requires_grad=False)
    p = Tensor(np.zeros(3), device=device)
    settings = {"momentum": 0.9} if kind is optim.SGD else {"weight_decay": 0.0}
    optimizer = kind([p], lr=0.1, **settings)
    for _ in range(500):
        optimizer.reset_grad()
        ((p - target) ** 2).sum().backward(create_graph=False)
        optimizer.step()
    assert_close(p, target.numpy(), atol=1e-4)
