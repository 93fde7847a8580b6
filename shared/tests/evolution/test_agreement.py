"""The rules by which losses and errors agree."""

import math

import numpy as np
import pytest

from needle_shared.evolution.agreement import (
    KINKED,
    SMOOTH,
    WINDOW,
    Tolerance,
    error_bound,
    first_difference,
    largest_difference,
    relative_bound,
    windows_beyond,
)

BOUND = 1e-4
TOLERANCE = Tolerance(BOUND)
LOSSES = [2.0 / (1 + step) for step in range(40 * WINDOW)]


def changed(*steps, by):
    return [loss * (1 + by) if step in steps else loss for step, loss in enumerate(LOSSES)]


def test_float32_forward_passes_stay_within_the_bound_of_their_sizes():
    rng = np.random.default_rng(0)
    for inputs, hidden in [(1, 1), (3, 50), (784, 1), (784, 100), (2000, 400)]:
        X = rng.random((100, inputs))
        W1, W2 = rng.standard_normal((inputs, hidden)), rng.standard_normal((hidden, 10))
        y = rng.integers(0, 10, 100)

        def loss(dtype, X=X, W1=W1, W2=W2, y=y):
            logits = np.maximum(X.astype(dtype) @ W1.astype(dtype), 0) @ W2.astype(dtype)
            logits -= logits.max(axis=1, keepdims=True)
            return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(100), y]))

        assert loss(np.float32) == pytest.approx(
            loss(np.float64), rel=relative_bound(inputs, hidden), abs=1e-6
        )


def test_the_bound_is_twice_the_rounding_error_of_both_products():
    assert relative_bound(784, 100) == 2 * 884 * np.finfo(np.float32).eps / 2


def test_rounding_errors_agree():
    noise = np.random.default_rng(1).uniform(-BOUND, BOUND, len(LOSSES))
    losses = [loss * (1 + error) for loss, error in zip(LOSSES, noise, strict=True)]
    assert first_difference(losses, LOSSES, TOLERANCE) is None


def test_losses_near_zero_agree_within_the_rounding_of_a_logit():
    assert first_difference([0.0] * 10, [5e-7] * 10, TOLERANCE) is None
    assert first_difference([0.0] * 10, [5e-6] * 10, TOLERANCE) == 0


def test_differences_pass_in_a_twentieth_of_the_windows_and_not_in_more():
    two_windows = (7, 8, 9, 100)
    assert first_difference(changed(*two_windows, by=1e-3), LOSSES, TOLERANCE) is None
    assert windows_beyond(changed(*two_windows, by=1e-3), LOSSES, TOLERANCE) == 2
    three_windows = (7, 100, 150)
    assert first_difference(changed(*three_windows, by=1e-3), LOSSES, TOLERANCE) == 7


def test_no_kink_is_that_large():
    assert first_difference(changed(50, by=0.02), LOSSES, TOLERANCE) == 50


def test_one_window_alone_has_no_kink_to_spare():
    assert first_difference([1.0, 1.001], [1.0, 1.0], TOLERANCE) == 1


def beyond(*windows, by):
    return changed(*(3 * window + 2 for window in windows), by=by)[:27]


def test_of_a_smooth_network_no_window_may_be_beyond_the_bound():
    assert first_difference(beyond(by=0), LOSSES[:27], SMOOTH) is None
    assert first_difference(beyond(4, by=1e-4), LOSSES[:27], SMOOTH) == 14


def test_of_a_network_with_kinks_two_thirds_of_the_windows_may_be_beyond_the_bound():
    assert first_difference(beyond(*range(6), by=0.05), LOSSES[:27], KINKED) is None
    assert windows_beyond(beyond(*range(6), by=0.05), LOSSES[:27], KINKED) == 6
    assert first_difference(beyond(*range(7), by=1e-4), LOSSES[:27], KINKED) == 2
    assert first_difference(beyond(8, by=0.2), LOSSES[:27], KINKED) == 26


def test_a_difference_is_found_on_either_side():
    assert first_difference(changed(*range(3, 200), by=-1e-3), LOSSES, TOLERANCE) == 3


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_losses_that_are_not_finite_agree_with_nothing(wrong):
    losses = [1.0, wrong, 1.0]
    assert first_difference(losses, [1.0] * 3, TOLERANCE) == 1
    assert first_difference([1.0] * 3, losses, TOLERANCE) == 1
    assert first_difference(losses, losses, TOLERANCE) == 1


def test_different_numbers_of_losses_cannot_be_compared():
    with pytest.raises(ValueError, match="2 losses cannot be compared with 3"):
        first_difference([1.0] * 2, [1.0] * 3, TOLERANCE)


def test_no_losses_agree():
    assert first_difference([], [], TOLERANCE) is None
    assert largest_difference([], []) == 0


def test_largest_difference_is_relative():
    assert largest_difference([2.0, 0.11], [2.1, 0.1]) == pytest.approx(0.1)


def test_error_bound_is_two_standard_deviations_but_at_least_one_image():
    draws = np.random.default_rng(2).binomial(10_000, 0.03, 100_000) / 10_000
    assert error_bound(0.03, 10_000) == pytest.approx(2 * draws.std(), rel=0.02)
    assert error_bound(0.0, 297) == 1 / 297
