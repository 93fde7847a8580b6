"""Batch and layer normalisation: formulas, gradients, modes, running statistics, errors."""

import math

import numpy as np
import pytest
from hypothesis import given

import needle_hw2 as ndl
from needle_hw2 import Tensor, nn
from needle_shared.testing import arrays, assert_close


def normalized(axis, eps=1e-5):
    """Return the formula, in NumPy."""

    def reference(x, weight, bias):
        mean = x.mean(axis=axis, keepdims=True)
        variance = ((x - mean) ** 2).mean(axis=axis, keepdims=True)
        return weight * (x - mean) / np.sqrt(variance + eps) + bias

    return reference


def with_random_state(layer, rng):
    """Give a layer other weights than ones, and other statistics than 0 and 1."""
    state = layer.state_dict()
    layer.load_state_dict({k: rng.uniform(0.5, 2.0, v.shape) for k, v in state.items()})
    return layer


@pytest.fixture
def make(device, rng):
    def make(kind, *arguments, **options):
        layer = kind(*arguments, **{"dtype": "float64", "device": device, **options})
        return with_random_state(layer, rng)

    return make


@pytest.mark.parametrize("shape", [(2, 3), (5, 1), (7, 4)])
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_batch_norm_in_training_normalises_over_the_batch(
    make, rng, device, module_check, shape, eps
):
    layer = make(nn.BatchNorm1d, shape[1], eps)
    x = Tensor(rng.standard_normal(shape) * 3 + 1, device=device)
    module_check(layer, normalized(0, eps), x)


@pytest.mark.parametrize("shape", [(1, 3), (5, 2), (0, 3)])
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_batch_norm_in_evaluation_uses_the_running_statistics(
    make, rng, device, module_check, shape, eps
):
    layer = make(nn.BatchNorm1d, shape[1], eps).eval()
    mean, variance = layer.running_mean.numpy(), layer.running_var.numpy()
    x = Tensor(rng.standard_normal(shape), device=device)
    module_check(
        layer,
        lambda x, weight, bias: weight * (x - mean) / np.sqrt(variance + eps) + bias,
        x,
    )
    assert_close(layer.running_mean, mean, rtol=0, atol=0)
    assert_close(layer.running_var, variance, rtol=0, atol=0)


@pytest.mark.parametrize("momentum", [0.1, 0.5, 0.0, 1.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_running_statistics_are_averages_with_the_variance_over_n(rng, device, momentum, dtype):
    layer = nn.BatchNorm1d(3, momentum=momentum, device=device, dtype=dtype)
    mean, variance = np.zeros(3), np.ones(3)
    for step in range(4):
        x = rng.standard_normal((5, 3)) * (step + 1) + step
        layer(Tensor(x.astype(dtype), device=device))
        mean = (1 - momentum) * mean + momentum * x.mean(axis=0)
        variance = (1 - momentum) * variance + momentum * x.var(axis=0)
        assert_close(layer.running_mean.numpy(), mean.astype(dtype))
        assert_close(layer.running_var.numpy(), variance.astype(dtype))
    for statistic in (layer.running_mean, layer.running_var):
        assert statistic.dtype == dtype
        assert statistic.shape == (3,)
        assert statistic.device == device
        assert statistic.is_leaf()
        assert not statistic.requires_grad


def test_batch_norm_begins_with_ones_and_zeros():
    layer = nn.BatchNorm1d(2)
    expected = {"weight": 1.0, "bias": 0.0, "running_mean": 0.0, "running_var": 1.0}
    assert list(layer.state_dict()) == list(expected)
    for name, value in expected.items():
        tensor = getattr(layer, name)
        assert_close(tensor, np.full(2, value, "float32"))
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    assert (layer.eps, layer.momentum) == (1e-5, 0.1)


def test_layer_in_another_dtype_than_its_input_keeps_its_own_state(rng):
    x = rng.standard_normal((4, 2))
    for own, other in [("float32", "float64"), ("float64", "float32")]:
        layer = nn.BatchNorm1d(2, dtype=own)
        y = layer(Tensor(x.astype(other)))
        assert y.dtype == "float64"
        assert layer.running_mean.dtype == layer.running_var.dtype == own
        assert_close(layer.running_mean, (0.1 * x.mean(0)).astype(own), rtol=1e-5)
        y.backward()
        assert layer.weight.grad.dtype == own
        assert layer.eval()(Tensor(x.astype(other))).dtype == "float64"


def test_statistics_are_not_tracked_in_evaluation_and_again_in_training(rng):
    layer = nn.BatchNorm1d(2)
    x = Tensor(rng.standard_normal((4, 2)).astype("float32"))
    layer.eval()(x)
    assert_close(layer.running_mean, np.zeros(2, "float32"))
    with ndl.no_grad():
        layer.train()(x)
    assert (layer.running_mean.numpy() != 0).all()


def test_batch_norm_tracks_once_when_it_works_lazily(rng):
    x = Tensor(rng.standard_normal((4, 2)))
    eager, deferred = nn.BatchNorm1d(2, dtype="float64"), nn.BatchNorm1d(2, dtype="float64")
    y = eager(x)
    y.backward()
    expected = [y.numpy(), x.grad.numpy(), eager.running_mean.numpy(), eager.running_var.numpy()]
    with ndl.lazy():
        y = deferred(x)
        y.backward()
        assert_close(y, y.numpy())
    found = [y.numpy(), x.grad.numpy(), deferred.running_mean.numpy(), deferred.running_var.numpy()]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_batch_norm_works_over_another_library(second_device, rng):
    x = rng.standard_normal((4, 2)).astype("float32")
    here, there = nn.BatchNorm1d(2), nn.BatchNorm1d(2).to(second_device())
    for _ in range(2):
        y = here(Tensor(x))
        z = there(Tensor(x, device=second_device()))
    y.backward()
    z.backward(create_graph=False)
    assert_close(z.numpy(), y.numpy())
    for a, b in zip(there.state_dict().values(), here.state_dict().values(), strict=True):
        assert_close(a.numpy(), b.numpy())
    assert_close(there.weight.grad.numpy(), here.weight.grad.numpy())


@pytest.mark.parametrize("rows", [0, 1])
def test_batch_norm_refuses_a_batch_without_variance_in_training(rows):
    layer = nn.BatchNorm1d(3)
    with pytest.raises(ValueError, match=rf"at least 2 rows .* \({rows}, 3\)"):
        layer(Tensor(np.ones((rows, 3), "float32")))
    assert_close(layer.running_var, np.ones(3, "float32"))


def test_batch_norm_of_equal_rows_is_its_bias(rng):
    layer = with_random_state(nn.BatchNorm1d(3, dtype="float64"), rng)
    x = Tensor(np.tile([1e3, -5.0, 0.1], (4, 1)))
    y = layer(x)
    assert_close(y, np.tile(layer.bias.numpy(), (4, 1)), atol=1e-9)
    y.backward(Tensor(rng.standard_normal((4, 3))))
    assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize("shape", [(4, 3), (1, 3), (3,), (0, 3), (2, 5, 3)])
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_layer_norm_normalises_over_the_last_axis_in_both_modes(
    make, rng, device, module_check, shape, eps
):
    x = Tensor(rng.standard_normal(shape) * 3 + 1, device=device)
    for layer in (make(nn.LayerNorm1d, 3, eps), make(nn.LayerNorm1d, 3, eps).eval()):
        module_check(layer, normalized(-1, eps), x)


def test_layer_norm_begins_with_ones_and_zeros_and_has_no_buffers():
    layer = nn.LayerNorm1d(3)
    assert_close(layer.weight, np.ones(3, "float32"))
    assert_close(layer.bias, np.zeros(3, "float32"))
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert layer.eps == 1e-5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("create_graph", [True, False])
def test_layer_norm_of_one_feature_has_exactly_no_gradient(rng, dtype, create_graph):
    layer = nn.LayerNorm1d(1, dtype=dtype)
    layer.weight.data = Tensor(np.array([1.7], dtype))
    layer.bias.data = Tensor(np.array([0.3], dtype))
    x = Tensor((rng.standard_normal((6, 1)) * 100).astype(dtype))
    y = layer(x)
    np.testing.assert_array_equal(y.numpy(), np.full((6, 1), 0.3, dtype))
    y.backward(Tensor(rng.standard_normal((6, 1)).astype(dtype)), create_graph=create_graph)
    np.testing.assert_array_equal(x.grad.numpy(), np.zeros((6, 1), dtype))


@pytest.mark.parametrize("kind", [nn.BatchNorm1d, nn.LayerNorm1d])
def test_large_numbers_keep_their_variance(kind):
    # E[x^2] - E[x]^2 in float32 would be nothing but rounding.
    x = np.array([[1e4, 1e4 + 1], [1e4 + 1, 1e4]], "float32")
    y = kind(2, eps=0.0)(Tensor(x)).numpy()
    assert_close(y, np.array([[-1, 1], [1, -1]], "float32"))


@given(arrays((4, 3)))
def test_normalised_columns_have_mean_0_and_variance_below_1(x):
    y = nn.BatchNorm1d(3, dtype="float64")(Tensor(x)).numpy()
    variance = x.var(axis=0)
    assert_close(y.mean(axis=0), np.zeros(3), atol=1e-6)
    assert_close(y.var(axis=0), variance / (variance + 1e-5), atol=1e-6)


@given(arrays((3, 4)))
def test_layer_norm_does_not_feel_a_shift_or_a_scale(x):
    layer = nn.LayerNorm1d(4, eps=0.0, dtype="float64")
    if (x.std(axis=1) > 1e-3).all():
        assert_close(layer(Tensor(x * 8.0 + 3.0)), layer(Tensor(x)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", [(), (3,), (4, 2), (4, 4), (4, 3, 1), (2, 4, 3)])
def test_batch_norm_names_shapes_that_do_not_fit(shape):
    layer = nn.BatchNorm1d(3)
    for module in (layer, nn.BatchNorm1d(3).eval()):
        with pytest.raises(ValueError, match=r"BatchNorm1d\(3\) takes .* \(N, 3\), got") as caught:
            module(Tensor(np.ones(shape)))
        assert str(shape) in str(caught.value)
    assert_close(layer.running_mean, np.zeros(3, "float32"))


@pytest.mark.parametrize("shape", [(), (2,), (4, 2), (3, 4), (4, 3, 1)])
def test_layer_norm_names_shapes_that_do_not_fit(shape):
    with pytest.raises(ValueError, match=r"LayerNorm1d\(3\) takes .* 3\), got") as caught:
        nn.LayerNorm1d(3)(Tensor(np.ones(shape)))
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize("kind", [nn.BatchNorm1d, nn.LayerNorm1d])
def test_bad_settings_are_named(kind):
    for dim in (0, -2):
        with pytest.raises(ValueError, match=str(dim)):
            kind(dim)
    for eps in (-1e-5, math.nan):
        with pytest.raises(ValueError, match=f"eps .*{eps}"):
            kind(3, eps=eps)
    if kind is nn.BatchNorm1d:
        for momentum in (-0.1, 1.1, math.nan):
            with pytest.raises(ValueError, match=f"momentum .*{momentum}"):
                kind(3, momentum=momentum)
