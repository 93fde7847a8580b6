"""Schedules against their formulas, and going on from a saved state."""

import json
import math

import numpy as np
import pytest

from needle_hw2 import optim
from needle_shared.testing import assert_close


@pytest.fixture
def optimizer(make_params):
    """Return an optimiser of two groups with rates 0.5 and 2."""
    a, b = make_params((1,), (2,))
    return optim.SGD([{"params": [a]}, {"params": [b], "lr": 2.0}], lr=0.5)


def rates(scheduler, steps):
    """Return the rates of both groups, before the first of so many steps and after each."""
    found = [[group["lr"] for group in scheduler.optimizer.param_groups]]
    for _ in range(steps):
        scheduler.step()
        found.append([group["lr"] for group in scheduler.optimizer.param_groups])
        assert scheduler.last_lr == found[-1]
    return found


def of_both(factors):
    return [[0.5 * factor, 2.0 * factor] for factor in factors]


def test_step_lr_multiplies_after_every_step_size_steps(optimizer):
    found = rates(optim.StepLR(optimizer, 3, gamma=0.5), 8)
    assert found == of_both([1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25])


def test_step_lr_divides_by_ten_unless_told_otherwise(optimizer):
    assert_close(rates(optim.StepLR(optimizer, 1), 3), of_both([1, 0.1, 0.01, 0.001]))


def test_cosine_goes_to_the_minimum_and_stays(optimizer):
    found = rates(optim.CosineLR(optimizer, 4), 6)
    half = math.sqrt(0.5)
    assert_close(found, of_both([1, (1 + half) / 2, 0.5, (1 - half) / 2, 0, 0, 0]))
    assert found[-1] == [0.0, 0.0]


def test_cosine_goes_to_min_lr_from_each_rate(optimizer):
    found = rates(optim.CosineLR(optimizer, 2, min_lr=0.1), 4)
    assert_close(found, [[0.5, 2.0], [0.3, 1.05], [0.1, 0.1], [0.1, 0.1], [0.1, 0.1]])


def test_warmup_rises_to_the_rate_and_stays(optimizer):
    found = rates(optim.LinearWarmup(optimizer, 4), 6)
    assert_close(found, of_both([0.25, 0.5, 0.75, 1, 1, 1, 1]))


def test_warmup_of_one_step_changes_nothing(optimizer):
    assert rates(optim.LinearWarmup(optimizer, 1), 2) == of_both([1, 1, 1])


def test_warmup_hands_over_without_repeating_the_whole_rate(optimizer):
    schedule = optim.LinearWarmup(optimizer, 2, then=optim.StepLR(optimizer, 1, gamma=0.5))
    assert rates(schedule, 4) == of_both([0.5, 1, 0.5, 0.25, 0.125])


def test_warmup_before_a_warmup_knows_the_whole_rate(optimizer):
    inner = optim.LinearWarmup(optimizer, 4)
    assert_close(
        rates(optim.LinearWarmup(optimizer, 2, then=inner), 3), of_both([0.5, 1, 0.5, 0.75])
    )


def test_optimiser_steps_with_the_scheduled_rate(make_params):
    (p,) = make_params((3,), dtype="float64")
    start, gradient = p.numpy(), p.grad.numpy()
    optimizer = optim.SGD([p], lr=1.0)
    schedule = optim.LinearWarmup(optimizer, 4)
    for _ in range(5):
        optimizer.step()
        schedule.step()
    assert_close(p, start - (0.25 + 0.5 + 0.75 + 1 + 1) * gradient)


def test_rate_that_is_assigned_lasts_until_the_next_step(optimizer):
    schedule = optim.StepLR(optimizer, 2, gamma=0.5)
    optimizer.lr = 7.0
    schedule.step()
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 2.0]


SCHEDULES = {
    "step": lambda optimizer: optim.StepLR(optimizer, 3, gamma=0.7),
    "cosine": lambda optimizer: optim.CosineLR(optimizer, 7, min_lr=0.01),
    "warmup": lambda optimizer: optim.LinearWarmup(optimizer, 3),
    "warmup, then cosine": lambda optimizer: optim.LinearWarmup(
        optimizer, 3, then=optim.CosineLR(optimizer, 4)
    ),
}


@pytest.mark.parametrize("done", [0, 2, 5])
@pytest.mark.parametrize("make", SCHEDULES.values(), ids=SCHEDULES)
def test_schedule_goes_on_from_its_state(make, done, make_params):
    schedules = []
    for lr in (0.5, 99.0):  # the second optimiser starts from another rate
        a, b = make_params((1,), (2,))
        schedules.append(make(optim.SGD([{"params": [a]}, {"params": [b], "lr": 2.0}], lr=lr)))
    first, second = schedules
    rates(first, done)
    saved = json.loads(json.dumps(first.state_dict()))
    second.load_state_dict(saved)
    assert rates(second, 6) == rates(first, 6)


def test_state_does_not_change_with_later_steps(optimizer):
    schedule = optim.StepLR(optimizer, np.int64(2))
    saved = schedule.state_dict()
    schedule.step()
    saved["initial_lrs"][0] = 5.0
    assert saved["count"] == 0
    assert type(saved["settings"]["step_size"]) is int
    assert schedule.state_dict()["initial_lrs"] == [0.5, 2.0]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"scheduler": "CosineLR"}, ValueError, "scheduler of the state is CosineLR, .* StepLR"),
        ({"settings": {"step_size": 2, "gamma": 0.1}}, ValueError, "settings of the state is"),
        ({"count": -1}, ValueError, "count of the state is a whole number, .* got -1"),
        ({"count": 1.0}, ValueError, "count of the state is a whole number, .* got 1.0"),
        ({"initial_lrs": [1.0]}, ValueError, "has 2 parameter groups, the schedule 1"),
        ({"initial_lrs": None}, TypeError, "initial_lrs of the state is a list, got None"),
        ({"initial_lrs": [1.0, -1.0]}, ValueError, "initial lr is in"),
        ({"other": 1}, ValueError, "the state has the unknown other"),
    ],
)
def test_state_that_does_not_fit_is_refused_and_changes_nothing(changes, error, message, optimizer):
    schedule = optim.StepLR(optimizer, 3)
    schedule.step()
    before = schedule.state_dict()
    with pytest.raises(error, match=message):
        schedule.load_state_dict({**before, "count": 7, **changes})
    assert schedule.state_dict() == before
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 2.0]


def test_state_of_other_settings_of_the_inner_schedule_is_refused(optimizer):
    saved = optim.LinearWarmup(optimizer, 2, then=optim.StepLR(optimizer, 3)).state_dict()
    optimizer.lr = 0.5
    for then in (None, optim.StepLR(optimizer, 4)):
        with pytest.raises(ValueError, match="settings of the state"):
            optim.LinearWarmup(optimizer, 2, then=then).load_state_dict(saved)


def test_group_that_is_added_later_is_an_error(optimizer, make_params):
    schedule = optim.StepLR(optimizer, 3)
    optimizer.add_param_group({"params": make_params((1,))})
    with pytest.raises(ValueError, match="has 3 parameter groups, the schedule 2"):
        schedule.step()
    assert schedule.count == 0


@pytest.mark.parametrize("value", [0, -1, 2.0, "3"])
def test_number_of_steps_is_a_positive_integer(value, optimizer):
    for make in (optim.StepLR, optim.CosineLR, optim.LinearWarmup):
        with pytest.raises(ValueError, match=f"whole number, at least 1, got {value}"):
            make(optimizer, value)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_factor_and_minimum_are_checked(value, optimizer):
    with pytest.raises(ValueError, match="gamma is in"):
        optim.StepLR(optimizer, 2, gamma=value)
    with pytest.raises(ValueError, match="min_lr is in"):
        optim.CosineLR(optimizer, 2, min_lr=value)


def test_schedule_is_for_an_optimiser(optimizer, make_params):
    with pytest.raises(TypeError, match="for an optimiser, not for list"):
        optim.StepLR(make_params((1,)), 2)
    with pytest.raises(TypeError, match="then is a schedule, not SGD"):
        optim.LinearWarmup(optimizer, 2, then=optimizer)
    other = optim.StepLR(optim.SGD(make_params((1,))), 2)
    with pytest.raises(ValueError, match="for the same optimiser"):
        optim.LinearWarmup(optimizer, 2, then=other)
    stepped = optim.StepLR(optimizer, 2)
    stepped.step()
    with pytest.raises(ValueError, match="begins at 0, it is at 1"):
        optim.LinearWarmup(optimizer, 2, then=stepped)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 2.0]
