"""Initial weights: the formulas, the course's draws, moments, generators, shapes, and errors."""

import math

import numpy as np
import pytest

import needle_hw1 as hw1
import needle_hw2 as ndl
from needle_hw2 import Tensor, init
from needle_shared.testing import assert_close

pytestmark = pytest.mark.usefixtures("global_generator")

# Each with the bound or standard deviation of its formula, written out for gain 1 (xavier) and
# for a ReLU (kaiming).
UNIFORM = {
    init.xavier_uniform: lambda fan_in, fan_out: math.sqrt(6 / (fan_in + fan_out)),
    init.kaiming_uniform: lambda fan_in, fan_out: math.sqrt(6 / fan_in),
}
NORMAL = {
    init.xavier_normal: lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)),
    init.kaiming_normal: lambda fan_in, fan_out: math.sqrt(2 / fan_in),
}
EVERY = [*UNIFORM, *NORMAL]
KAIMING = [init.kaiming_uniform, init.kaiming_normal]
XAVIER = [init.xavier_uniform, init.xavier_normal]
each = pytest.mark.parametrize("make", EVERY, ids=lambda make: make.__name__)


def drawn(make, shape, scale, random):
    """Return what the course's rule makes of one draw from `random`, in float64."""
    if make in UNIFORM:
        return random.rand(*shape) * (2 * scale) - scale
    return random.randn(*shape) * scale


def scale_of(make, fan_in, fan_out):
    return {**UNIFORM, **NORMAL}[make](fan_in, fan_out)


@each
@pytest.mark.parametrize("fans", [(1, 1), (5, 3), (3, 5), (784, 100)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_are_one_draw_of_the_global_generator_scaled(global_generator, make, fans, dtype):
    global_generator.seed(7)
    weights = make(*fans, dtype=dtype)
    after = global_generator.rand()
    global_generator.seed(7)
    expected = drawn(make, fans, scale_of(make, *fans), global_generator)
    assert after == global_generator.rand()
    assert weights.shape == fans
    assert weights.dtype == dtype
    assert_close(weights, expected, rtol=1e-7 if dtype == "float32" else 1e-14)


@each
@pytest.mark.parametrize("fans", [(300, 200), (50, 900)])
def test_moments_are_those_of_the_distribution(global_generator, make, fans):
    # Of n draws with standard deviation s, the mean deviates by s/sqrt(n), and the variance by
    # s^2 sqrt((kurtosis - 1)/n): kurtosis 9/5 for uniform numbers, 3 for normal ones. Five of
    # these deviations are exceeded in one of 1.7 million experiments, and the seed is fixed.
    global_generator.seed(0)
    values = make(*fans, dtype="float64").numpy()
    n = values.size
    scale = scale_of(make, *fans)
    variance = scale**2 / 3 if make in UNIFORM else scale**2
    kurtosis = 9 / 5 if make in UNIFORM else 3
    assert abs(values.mean()) < 5 * math.sqrt(variance / n)
    assert abs(values.var() - variance) < 5 * variance * math.sqrt((kurtosis - 1) / n)
    fourth = (values**4).mean() / values.var() ** 2
    assert abs(fourth - kurtosis) < 0.1
    if make in UNIFORM:
        assert np.abs(values).max() <= scale
        assert np.abs(values).max() > scale * (1 - 20 / n)  # missed by exp(-20) of all draws


def test_activations_keep_their_variance_through_layers(global_generator):
    # What the formulas are for: ten layers of 500 units, He with ReLU, Glorot without.
    global_generator.seed(1)
    signal = global_generator.randn(200, 500)
    for make in EVERY:
        follow = (lambda x: np.maximum(x, 0)) if make in KAIMING else (lambda x: x)
        x = signal
        for _ in range(10):
            x = follow(x) @ make(500, 500, dtype="float64").numpy()
        assert 0.5 < x.var() < 2.0


@each
def test_generator_of_the_user_leaves_the_global_one_alone(global_generator, make):
    before = global_generator.get_state()[1].copy()
    weights = make(4, 3, rng=np.random.default_rng(5), dtype="float64")
    np.testing.assert_array_equal(global_generator.get_state()[1], before)
    again = np.random.default_rng(5)
    draw = again.random((4, 3)) * 2 - 1 if make in UNIFORM else again.standard_normal((4, 3))
    assert_close(weights, draw * scale_of(make, 4, 3))


@each
def test_options_go_to_the_tensor(device, make):
    weights = make(3, 2, device=device, dtype="float64", requires_grad=True)
    assert weights.requires_grad
    assert weights.is_leaf()
    assert weights.device == device
    assert weights.dtype == "float64"
    plain = make(3, 2)
    assert not plain.requires_grad
    assert plain.dtype == "float32"
    with pytest.raises(TypeError, match="sparse"):
        make(3, 2, sparse=True)


@each
@pytest.mark.parametrize("shape", [(3, 3, 4, 8), (5, 4, 8), (4, 8)])
def test_shape_form_computes_the_fans(global_generator, make, shape):
    *positions, inputs, outputs = shape
    window = math.prod(positions)
    scale = scale_of(make, window * inputs, window * outputs)
    global_generator.seed(3)
    weights = make(shape=shape, dtype="float64")
    global_generator.seed(3)
    assert_close(weights, drawn(make, shape, scale, global_generator))


@each
def test_fans_beside_a_shape_are_used_for_the_scale_only(global_generator, make):
    for given, fans in [
        ({"fan_in": 36, "fan_out": 72}, (36, 72)), ({"fan_in": 36}, (36, 8)),
        ({"fan_out": 72}, (4, 72)),
    ]:  # fmt: skip
        global_generator.seed(3)
        weights = make(shape=(4, 8), dtype="float64", **given)
        global_generator.seed(3)
        assert_close(weights, drawn(make, (4, 8), scale_of(make, *fans), global_generator))


@each
def test_shape_may_have_one_axis_where_the_fans_are_given(make):
    assert make(6, 5, shape=(5,)).shape == (5,)


@pytest.mark.parametrize("make", XAVIER)
def test_gain_of_xavier_is_a_factor(global_generator, make):
    global_generator.seed(4)
    plain = make(5, 4, dtype="float64")
    for scaled in (lambda: make(5, 4, 2.5, dtype="float64"),
                   lambda: make(5, 4, gain=2.5, dtype="float64")):  # fmt: skip
        global_generator.seed(4)
        assert_close(scaled(), plain * 2.5)


@pytest.mark.parametrize("make", KAIMING)
@pytest.mark.parametrize("name", ["relu", "linear", "tanh", "sigmoid"])
def test_nonlinearity_of_kaiming_chooses_the_gain(global_generator, make, name):
    global_generator.seed(4)
    relu = make(5, 4, dtype="float64")
    global_generator.seed(4)
    other = make(5, 4, name, dtype="float64")
    assert_close(other, relu * (init.gain(name) / math.sqrt(2)))


def test_gains_are_those_of_the_field():
    assert init.gain("relu") == math.sqrt(2)
    assert init.gain("tanh") == 5 / 3
    assert init.gain("linear") == init.gain("sigmoid") == 1.0


@pytest.mark.parametrize("make", KAIMING)
def test_unknown_nonlinearity_is_named(make):
    for call in (lambda: make(5, 4, "swish"), lambda: make(5, 4, nonlinearity="swish")):
        with pytest.raises(ValueError, match=r"'swish'.*relu"):
            call()
    with pytest.raises(ValueError, match="'swish'"):
        init.gain("swish")


@pytest.mark.parametrize(("shape", "expected"), [
    ((4, 8), (4, 8)), ((3, 5, 4, 8), (60, 120)), ((2, 4, 8), (8, 16)), ([4, 8], (4, 8)),
    ((0, 4, 8), (0, 0)),
])  # fmt: skip
def test_fans_are_products_of_window_and_channels(shape, expected):
    assert init.fans(shape) == expected


@pytest.mark.parametrize("shape", [(), (3,)])
def test_fans_need_two_axes(shape):
    with pytest.raises(ValueError, match="two axes"):
        init.fans(shape)


@each
def test_bad_fans_are_named_and_nothing_is_drawn(global_generator, make):
    before = global_generator.get_state()[1].copy()
    for arguments, message in [
        ((0, 3), "fan_in 0"), ((3, 0), "fan_out 0"), ((-2, 3), "fan_in -2"),
        ((3, -2), "fan_out -2"),
        ((), "None and None"), ((3,), "3 and None"), ((None, 3), "None and 3"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            make(*arguments)
    for shape in [(0, 3), (3, 0), (0, 2, 2), (3,), ()]:
        with pytest.raises(ValueError, match=r"fan|axes"):
            make(shape=shape)
    np.testing.assert_array_equal(global_generator.get_state()[1], before)


def test_everything_of_hw1s_initialisers_is_here_too():
    names = [name for name in vars(hw1.init) if not name.startswith("_")]
    from_there = {
        n for n in names if getattr(vars(hw1.init)[n], "__module__", "") == "needle_hw1.init"
    }
    assert from_there == {"rand", "randn", "randb", "constant", "ones", "zeros", "one_hot",
                          "zeros_like", "ones_like"}  # fmt: skip
    for name in from_there:
        assert getattr(init, name) is getattr(hw1.init, name)
    assert ndl.init is init
    assert isinstance(init.rand(2), Tensor)
