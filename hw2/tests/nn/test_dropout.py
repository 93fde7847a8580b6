"""Dropout: its mask, its modes, its gradient."""

import math

import numpy as np
import pytest

from needle_hw2 import Tensor, nn
from needle_shared.testing import assert_close, gradient_check

pytestmark = pytest.mark.usefixtures("global_generator")


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(), (7,), (3, 4), (2, 0), (2, 3, 4)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_keeps_what_is_drawn_at_most_one_minus_p(
    global_generator, device, rng, p, shape, dtype
):
    x = np.asarray(rng.standard_normal(shape), dtype)
    layer = nn.Dropout(p)
    global_generator.seed(2)
    y = layer(Tensor(x, device=device))
    after = global_generator.rand()
    global_generator.seed(2)
    mask = np.asarray(global_generator.rand(*shape)) <= 1 - p
    assert after == global_generator.rand()
    assert y.dtype == dtype
    assert_close(y, (x * mask / (1 - p)).astype(dtype))


def test_dropout_draws_for_each_call(global_generator):
    global_generator.seed(0)
    layer, x = nn.Dropout(), Tensor(np.ones(50))
    assert layer.p == 0.5
    first, second = layer(x).numpy(), layer(x).numpy()
    assert (first != second).any()
    assert set(first) | set(second) == {0.0, 2.0}


def test_dropout_of_everything_and_of_nothing(global_generator):
    x = Tensor(np.arange(1.0, 6.0))
    assert_close(nn.Dropout(0.0)(x), x)
    gone = nn.Dropout(1.0)(x)
    assert_close(gone, np.zeros(5))
    gone.sum().backward()
    assert_close(x.grad, np.zeros(5))


def test_dropout_does_nothing_and_draws_nothing_in_evaluation(global_generator):
    before = global_generator.get_state()[1].copy()
    layer, x = nn.Dropout(0.9).eval(), Tensor(np.ones(9))
    assert layer(x) is x
    np.testing.assert_array_equal(global_generator.get_state()[1], before)
    assert layer.train()(x) is not x


def test_gradient_of_dropout_goes_through_what_was_kept(leaf, global_generator, rng):
    layer, x = nn.Dropout(0.4), leaf((4, 5))

    def with_one_mask(t):
        global_generator.seed(3)
        return layer(t)

    gradient_check(with_one_mask, x)
    y = with_one_mask(x)
    y.backward()
    assert_close(x.grad, np.where(y.numpy() == 0, 0.0, 1 / 0.6))


def test_expected_value_of_dropout_is_its_input(global_generator):
    # The mean of n kept-or-zeroed ones has standard deviation sqrt(p / (1 - p) / n).
    global_generator.seed(5)
    n, p = 100_000, 0.3
    mean = nn.Dropout(p)(Tensor(np.ones(n))).numpy().mean()
    assert abs(mean - 1) < 5 * math.sqrt(p / (1 - p) / n)


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, math.inf])
def test_probability_of_dropout_lies_between_zero_and_one(p):
    with pytest.raises(ValueError, match=rf"\[0, 1\], got {p}"):
        nn.Dropout(p)
