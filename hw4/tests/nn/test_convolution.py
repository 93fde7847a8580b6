"""Convolution, pooling and batch normalisation of images (N, C, H, W)."""

import numpy as np
import pytest

import needle_hw4 as ndl
from needle_hw4 import Tensor, nn, ops
from needle_shared.testing import assert_close


def conv_by_op(settings):
    """Return a function of NumPy's arrays: the op, which has its own tests, on renamed axes."""

    def reference(x, weight, bias=0.0):
        y = ops.conv(Tensor(x.transpose(0, 2, 3, 1)), Tensor(weight), **settings).numpy()
        return y.transpose(0, 3, 1, 2) + np.reshape(bias, (1, -1, 1, 1))

    return reference


CONVS = [
    # arguments of Conv, its options, settings of the op, image
    ((2, 3, 3), {}, {"padding": 1}, (2, 2, 4, 3)),
    ((2, 3, 3, 2), {"bias": False}, {"padding": 1, "stride": 2}, (1, 2, 5, 4)),
    ((1, 2, 1, 2), {}, {"padding": 0, "stride": 2}, (1, 1, 3, 3)),
    ((1, 2, 2), {}, {"padding": 1}, (1, 1, 3, 3)),
    ((1, 1, 5), {"padding": 1}, {"padding": 1}, (1, 1, 4, 5)),
    ((1, 1, 3), {"padding": (0, 2)}, {"padding": (0, 2)}, (1, 1, 4, 3)),
    ((4, 2, 3), {"groups": 2}, {"padding": 1, "groups": 2}, (1, 4, 3, 3)),
    ((2, 1, 3), {"dilation": 2}, {"padding": 1, "dilation": 2}, (1, 2, 4, 4)),
]


@pytest.mark.parametrize(("arguments", "options", "settings", "shape"), CONVS, ids=str)
def test_conv_is_the_op_on_images_with_channels_first(
    here, leaf, module_check, arguments, options, settings, shape
):
    layer = nn.Conv(*arguments, dtype="float64", **options)
    module_check(layer, conv_by_op(settings), leaf(*shape))


def test_conv_takes_the_first_of_a_tuple(here, leaf):
    layer = nn.Conv(2, 3, (3, 3), stride=(2, 2))
    assert (layer.kernel_size, layer.stride) == (3, 2)
    assert (layer.in_channels, layer.out_channels) == (2, 3)
    assert layer.weight.shape == (3, 3, 2, 3)
    assert layer(leaf(1, 2, 8, 6, dtype="float32")).shape == (1, 3, 4, 3)


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_odd_kernel_of_stride_1_keeps_the_size(here, leaf, size):
    assert nn.Conv(1, 2, size)(leaf(1, 1, 5, 4, dtype="float32")).shape == (1, 2, 5, 4)


def test_conv_of_no_images(here, leaf):
    x = leaf(0, 2, 4, 4, dtype="float32")
    layer = nn.Conv(2, 3, 3)
    y = layer(x)
    assert y.shape == (0, 3, 4, 4)
    y.backward(create_graph=False)
    assert_close(layer.weight.grad, np.zeros((3, 3, 2, 3), "float32"))
    assert x.grad.shape == x.shape


@pytest.mark.parametrize("shape", [(1, 3, 4, 4), (2, 4, 4), (1, 4, 4, 2), ()])
def test_conv_names_images_that_do_not_fit(here, shape):
    with pytest.raises(ValueError, match=r"Conv\(2, 3, 3, stride=1\) takes images") as caught:
        nn.Conv(2, 3, 3)(Tensor(np.ones(shape, "float32")))
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((4, 5, 3), {"groups": 2}, "groups 2 do not divide 4 and 5"),
        ((4, 6, 3), {"groups": 4}, "groups 4 do not divide 4 and 6"),
        ((4, 6, 3), {"groups": 0}, "groups 0"),
        ((0, 6, 3), {}, "0"),
        ((4, 0, 3), {}, "0"),
        ((4, 6, 0), {}, "kernel_size .* 0"),
        ((4, 6, -3), {}, "kernel_size .* -3"),
        ((4, 6, 3, 0), {}, "stride .* 0"),
        ((4, 6, 3), {"padding": -1}, "padding .* -1"),
        ((4, 6, 3), {"dilation": 0}, "dilation .* 0"),
    ],
)
def test_conv_of_impossible_sizes_is_refused(here, arguments, options, message):
    with pytest.raises(ValueError, match=message):
        nn.Conv(*arguments, **options)


def test_weights_may_be_replaced_by_plain_tensors(here):
    layer = nn.Conv(1, 1, 3)
    layer.weight = Tensor(np.ones((3, 3, 1, 1), "float32"))
    layer.bias = Tensor(np.array([10.0], "float32"))
    y = layer(Tensor(np.ones((1, 1, 3, 3), "float32")))
    assert_close(y, np.array([[[[14, 16, 14], [16, 19, 16], [14, 16, 14]]]], "float32"))
    layer.bias = None
    assert_close(layer(Tensor(np.ones((1, 1, 1, 1), "float32"))), np.ones((1, 1, 1, 1), "float32"))
    assert layer.parameters() == []


POOLS = [
    (nn.MaxPool2d, lambda w: w.max((3, 5)), ops.max_pool2d),
    (nn.AvgPool2d, lambda w: w.mean((3, 5)), ops.avg_pool2d),
]


@pytest.mark.parametrize(("kind", "reduce", "op"), POOLS)
def test_pooling_is_of_windows_in_each_channel(here, leaf, module_check, kind, reduce, op):
    module_check(kind(2), lambda x: reduce(x.reshape(2, 3, 2, 2, 3, 2)), leaf(2, 3, 4, 6))
    x = leaf(1, 2, 7, 6)
    expected = op(ops.permute(x, (0, 2, 3, 1)), (3, 2), (2, 1), (1, 0)).numpy()
    assert_close(kind(3)(x), op(ops.permute(x, (0, 2, 3, 1)), 3).numpy().transpose(0, 3, 1, 2))
    layer = kind((3, 2), (2, 1), (1, 0))
    assert_close(layer(x), expected.transpose(0, 3, 1, 2))
    assert repr(layer) == f"{kind.__name__}((3, 2), stride=(2, 1), padding=(1, 0))"
    with pytest.raises(ValueError, match=r"\(N, C, H, W\), got \(2, 3\)"):
        layer(leaf(2, 3))


def np_batch_norm(x, mean, variance, weight, bias, eps):
    mean, variance, weight, bias = (a.reshape(1, -1, 1, 1) for a in (mean, variance, weight, bias))
    return (x - mean) / np.sqrt(variance + eps) * weight + bias


@pytest.mark.parametrize("shape", [(2, 3, 2, 2), (1, 2, 3, 1), (4, 1, 1, 1)])
def test_batch_norm_normalises_each_channel(here, leaf, randomized, module_check, shape):
    layer = randomized(nn.BatchNorm2d(shape[1], eps=0.01, dtype="float64"))

    def reference(x, weight, bias):
        return np_batch_norm(x, x.mean((0, 2, 3)), x.var((0, 2, 3)), weight, bias, 0.01)

    module_check(layer, reference, leaf(*shape))
    layer.eval()
    state = {name: value.numpy() for name, value in layer.state_dict().items()}

    def evaluated(x, weight, bias):
        return np_batch_norm(x, state["running_mean"], state["running_var"], weight, bias, 0.01)

    module_check(layer, evaluated, leaf(*shape))
    for name, value in state.items():
        np.testing.assert_array_equal(layer.state_dict()[name].numpy(), value)


@pytest.mark.parametrize("momentum", [0.1, 0.4])
def test_running_statistics_have_the_variance_over_n(here, leaf, momentum):
    layer = nn.BatchNorm2d(2, momentum=momentum, dtype="float64")
    mean, variance = np.zeros(2), np.ones(2)
    for _ in range(3):
        x = leaf(2, 2, 3, 2)
        layer(x)
        mean = (1 - momentum) * mean + momentum * x.numpy().mean((0, 2, 3))
        variance = (1 - momentum) * variance + momentum * x.numpy().var((0, 2, 3))
    assert_close(layer.running_mean, mean)
    assert_close(layer.running_var, variance)
    assert not layer.running_mean.requires_grad


def test_batch_norm_of_one_image_and_of_none(here, leaf):
    layer = nn.BatchNorm2d(2, dtype="float64")
    assert layer(leaf(1, 2, 2, 2)).shape == (1, 2, 2, 2)
    assert layer.eval()(leaf(0, 2, 2, 2)).shape == (0, 2, 2, 2)


@pytest.mark.parametrize("shape", [(2, 4, 3, 3), (2, 3), (2, 3, 4), (3, 4, 4, 3, 1)])
def test_batch_norm_names_images_that_do_not_fit(here, shape):
    with pytest.raises(
        ValueError, match=r"BatchNorm2d\(3\) takes images .*\(N, 3, H, W\)"
    ) as caught:
        nn.BatchNorm2d(3)(Tensor(np.ones(shape, "float32")))
    assert str(shape) in str(caught.value)


def deep_model():
    """Return layers one above the other: each reads a view that the one before returned."""
    return nn.Sequential(
        nn.Conv(3, 4, 3, dtype="float64"), nn.BatchNorm2d(4, dtype="float64"), nn.Tanh(),
        nn.MaxPool2d(2), nn.Conv(4, 2, 3, 2, dtype="float64"), nn.AvgPool2d(2), nn.Flatten(),
    )  # fmt: skip


def test_layers_one_above_the_other_have_the_gradients_of_their_formula(
    here, leaf, all_gradients, rng
):
    model, x = deep_model(), leaf(2, 3, 6, 6)
    y = model(x)
    assert y.shape == (2, 2)
    cotangent = Tensor(rng.standard_normal(y.shape))
    leaves = [x, *model.parameters()]
    gradients = all_gradients(y, cotangent, leaves)
    # One direction in the space of all of them: in each, the difference is the product with it.
    directions = [rng.standard_normal(g.shape) for g in gradients]
    values = [p.numpy() for p in leaves]
    ends = []
    for sign in (1, -1):
        for p, value, direction in zip(leaves, values, directions, strict=True):
            p.data = Tensor(value + sign * 1e-6 * direction)
        ends.append((model(x) * cotangent).sum().item())
    expected = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))
    assert_close((ends[0] - ends[1]) / 2e-6, expected, rtol=1e-5)


def test_lazy_images_are_the_same(here, leaf):
    model, x = deep_model(), leaf(2, 3, 6, 6)
    y = model(x)
    y.backward()
    expected = y.numpy(), x.grad.numpy()
    with ndl.lazy():
        y = model(x)
        y.backward()
        np.testing.assert_array_equal(y.numpy(), expected[0])
        np.testing.assert_array_equal(x.grad.numpy(), expected[1])
