"""Question `initialisation`: the distribution of the first weights.

Each function makes one draw from NumPy's global generator, so a seed decides the weights.
"""

import numpy as np
import pytest

GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": np.sqrt(2)}


def uniform(seed, shape, bound):
    draw = np.random.RandomState(seed).rand(*shape)
    return ((2 * draw - 1) * bound).astype("float32")


def normal(seed, shape, std):
    return (np.random.RandomState(seed).randn(*shape) * std).astype("float32")


def sizes(rng):
    return int(rng.integers(3, 12)), int(rng.integers(15, 40)), int(rng.integers(2**31))


@pytest.mark.points(1, part="initialisation")
def test_xavier_uniform(stage, judge, rng):
    n, p, seed = sizes(rng)
    np.random.seed(seed)
    weights = stage.init.xavier_uniform(n, p)
    judge.close("weights", weights, want=lambda: uniform(seed, (n, p), np.sqrt(6 / (n + p))))


@pytest.mark.points(1, part="initialisation")
def test_xavier_normal(stage, judge, rng):
    n, p, seed = sizes(rng)
    np.random.seed(seed)
    weights = stage.init.xavier_normal(n, p)
    judge.close("weights", weights, want=lambda: normal(seed, (n, p), np.sqrt(2 / (n + p))))


@pytest.mark.points(1, part="initialisation")
def test_kaiming_uniform(stage, judge, rng):
    n, p, seed = sizes(rng)
    np.random.seed(seed)
    weights = stage.init.kaiming_uniform(n, p)
    judge.close("weights", weights, want=lambda: uniform(seed, (n, p), np.sqrt(6 / n)))


@pytest.mark.points(1, part="initialisation")
def test_kaiming_normal(stage, judge, rng):
    n, p, seed = sizes(rng)
    np.random.seed(seed)
    weights = stage.init.kaiming_normal(n, p)
    judge.close("weights", weights, want=lambda: normal(seed, (n, p), np.sqrt(2 / n)))


@pytest.mark.points(1, part="initialisation")
def test_xavier_gain(stage, judge, rng):
    n, p, seed = sizes(rng)
    gain = float(rng.uniform(1.5, 3))
    np.random.seed(seed)
    drawn = stage.init.xavier_uniform(n, p, gain=gain)
    judge.close(
        "uniform",
        drawn,
        want=lambda: uniform(seed, (n, p), gain * np.sqrt(6 / (n + p))),
    )
    np.random.seed(seed)
    other = stage.init.xavier_normal(n, p, gain=gain)
    judge.close(
        "normal",
        other,
        want=lambda: normal(seed, (n, p), gain * np.sqrt(2 / (n + p))),
    )
    judge.value(
        "dtypes",
        [weights.numpy().dtype.name for weights in (drawn, other)],
        want=lambda: ["float32", "float32"],
    )


@pytest.mark.points(1, part="initialisation")
@pytest.mark.parametrize("nonlinearity", ["tanh", "linear"])
def test_kaiming_nonlinearity(stage, judge, rng, nonlinearity):
    n, p, seed = sizes(rng)
    np.random.seed(seed)
    drawn = stage.init.kaiming_uniform(n, p, nonlinearity)
    judge.close(
        "uniform",
        drawn,
        want=lambda: uniform(seed, (n, p), GAINS[nonlinearity] * np.sqrt(3 / n)),
    )
    np.random.seed(seed)
    other = stage.init.kaiming_normal(n, p, nonlinearity)
    judge.close(
        "normal",
        other,
        want=lambda: normal(seed, (n, p), GAINS[nonlinearity] / np.sqrt(n)),
    )
    judge.value(
        "dtypes",
        [weights.numpy().dtype.name for weights in (drawn, other)],
        want=lambda: ["float32", "float32"],
    )
