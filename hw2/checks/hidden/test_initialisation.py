"""Question `initialisation`: kernels, fans that are given beside a shape, and the options."""

import numpy as np
import pytest

NAMES = ["xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"]


def weights_of(name, generator, shape, fan_in, fan_out):
    fans = fan_in + fan_out if name.startswith("xavier") else fan_in
    if name.endswith("uniform"):
        return (2 * generator.random_sample(shape) - 1) * np.sqrt(6 / fans)
    return generator.standard_normal(shape) * np.sqrt(2 / fans)


@pytest.mark.points(1, part="initialisation", hidden=True)
@pytest.mark.parametrize("name", NAMES[:2])
def test_xavier_of_a_kernel(stage, judge, rng, name):
    k, n, p = (int(size) for size in rng.integers((2, 2, 6), (4, 5, 9)))
    seed = int(rng.integers(2**31))
    np.random.seed(seed)
    weights = getattr(stage.init, name)(shape=(k, 3, n, p), dtype="float64")
    judge.close(
        "weights",
        weights,
        want=lambda: weights_of(
            name, np.random.RandomState(seed), (k, 3, n, p), 3 * k * n, 3 * k * p
        ),
    )


@pytest.mark.points(1, part="initialisation", hidden=True)
@pytest.mark.parametrize("name", NAMES[2:])
def test_kaiming_of_a_kernel_with_its_own_fan_in(stage, judge, rng, name):
    fan_in, n, p = (int(size) for size in rng.integers((20, 2, 6), (40, 5, 9)))
    seed = int(rng.integers(2**31))
    np.random.seed(seed)
    weights = getattr(stage.init, name)(
        fan_in, shape=(3, 3, n, p), dtype="float64", requires_grad=True
    )
    judge.close(
        "weights",
        weights,
        want=lambda: weights_of(name, np.random.RandomState(seed), (3, 3, n, p), fan_in, p),
    )
    judge.value("requires a gradient", weights.requires_grad, want=lambda: True)
    judge.close(
        "the next draw", np.random.rand(2), want=lambda: after(name, seed, (3, 3, n, p), (2,))
    )


def after(name, seed, shape, then):
    generator = np.random.RandomState(seed)
    weights_of(name, generator, shape, 1, 1)
    return generator.random_sample(then)
