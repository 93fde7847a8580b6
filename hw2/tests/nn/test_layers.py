"""Linear, activations, Identity and Flatten."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_hw1.array_api import to_numpy
from needle_hw2 import Tensor, nn
from needle_hw2.nn import Parameter
from needle_shared.testing import arrays, assert_close, shapes

pytestmark = pytest.mark.usefixtures("global_generator")


@pytest.mark.parametrize("shape", [(4, 3), (1, 3), (3,), (0, 3), (2, 4, 3), (1, 2, 1, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_is_an_affine_map_of_the_last_axis(leaf, device, module_check, shape, bias):
    layer = nn.Linear(3, 2, bias=bias, dtype="float64", device=device)
    module_check(
        layer,
        lambda x, weight, bias=0.0: x @ weight + np.reshape(bias, -1),
        leaf(shape, device),
    )


@pytest.mark.parametrize("sizes", [(1, 1), (1, 4), (4, 1)])
def test_linear_of_one_feature(leaf, module_check, sizes):
    layer = nn.Linear(*sizes, dtype="float64")
    module_check(layer, lambda x, weight, bias: x @ weight + bias, leaf((3, sizes[0])))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_linear_draws_its_weight_first_and_then_its_bias(global_generator, device, dtype):
    global_generator.seed(1)
    layer = nn.Linear(5, 3, device=device, dtype=dtype)
    after = global_generator.rand()
    global_generator.seed(1)
    bound = math.sqrt(6 / 5)
    # Draws are of the device's dtype, whatever that of the layer is.
    weight = to_numpy(device.rand(5, 3) * (2 * bound) - bound)
    bound = math.sqrt(6 / 3)  # the bias is drawn as weights of `out_features` inputs
    bias = to_numpy(device.rand(3, 1) * (2 * bound) - bound)
    assert after == global_generator.rand()
    assert_close(layer.weight, weight.astype(dtype))
    assert_close(layer.bias, bias.reshape(1, 3).astype(dtype))
    assert layer.bias.shape == (1, 3)
    for p in layer.parameters():
        assert type(p) is Parameter
        assert p.is_leaf()
        assert p.dtype == dtype
        assert p.device == device
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]


def test_linear_without_bias_makes_one_draw(global_generator):
    global_generator.seed(1)
    layer = nn.Linear(5, 3, bias=False)
    after = global_generator.rand()
    global_generator.seed(1)
    global_generator.rand(5, 3)
    assert after == global_generator.rand()
    assert layer.bias is None
    assert len(layer.parameters()) == 1


@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 4, 3)])
def test_bias_may_be_replaced_by_one_of_shape_out(leaf, shape):
    layer = nn.Linear(3, 2, dtype="float64")
    layer.bias.data = Tensor([0.5, -0.5])
    x = leaf(shape)
    expected = x.numpy() @ layer.weight.numpy() + [0.5, -0.5]
    assert_close(layer(x), expected)
    layer(x).backward()
    rows = math.prod(shape[:-1])
    assert_close(layer.bias.grad, [rows, rows])


def test_linear_is_float32_unless_said_otherwise():
    layer = nn.Linear(3, 2)
    assert layer(Tensor(np.ones((4, 3), "float32"))).dtype == "float32"
    assert layer(Tensor(np.ones((4, 3)))).dtype == "float64"


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(4, 2), (4, 4), (2,), (3, 1), (4, 0), (3, 4, 5)])
def test_linear_names_both_sizes_that_do_not_fit(shape, bias):
    layer = nn.Linear(3, 2, bias=bias)
    with pytest.raises(ValueError, match=rf"takes 3 features, got {shape[-1]}:") as caught:
        layer(Tensor(np.ones(shape)))
    assert str(shape) in str(caught.value)
    with pytest.raises(ValueError, match="takes 3 features, got none"):
        layer(Tensor(1.0))


@pytest.mark.parametrize(("sizes", "message"), [
    ((0, 2), "0"), ((2, 0), "0"), ((-1, 2), "-1"), ((2, -3), "-3")
])  # fmt: skip
def test_linear_of_no_features_is_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        nn.Linear(*sizes)


@given(st.data())
def test_linear_is_linear(data):
    layer = nn.Linear(3, 2, bias=False, dtype="float64")
    shape = (*data.draw(shapes(max_dims=2, max_side=3)), 3)
    x, y = (Tensor(data.draw(arrays(shape))) for _ in range(2))
    assert_close(layer(x * 2.0 + y), layer(x) * 2.0 + layer(y), atol=1e-9)


ACTIVATIONS = [
    (nn.ReLU, lambda x: np.maximum(x, 0)),
    (nn.Sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    (nn.Tanh, np.tanh),
    (nn.Identity, lambda x: x),
]


@pytest.mark.parametrize("case", ACTIVATIONS, ids=lambda case: case[0].__name__)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 1, 3)])
def test_activations(device, draw, module_check, case, shape):
    make, reference = case
    for module in (make(), make().eval()):
        module_check(module, reference, Tensor(draw(shape), device=device))
        assert module.parameters() == []
        assert module(Tensor(draw(shape, dtype="float32"), device=device)).dtype == "float32"


@pytest.mark.parametrize(("shape", "flat"), [
    ((2, 3), (2, 3)), ((2, 3, 4), (2, 12)), ((2, 1, 3, 2), (2, 6)), ((5,), (5, 1)),
    ((0, 3, 4), (0, 12)), ((2, 0, 4), (2, 0)), ((1, 1), (1, 1)),
])  # fmt: skip
def test_flatten_keeps_the_batch(leaf, device, module_check, shape, flat):
    module_check(nn.Flatten(), lambda x: x.reshape(flat), leaf(shape, device))


def test_flatten_needs_a_batch():
    with pytest.raises(ValueError, match="0-d"):
        nn.Flatten()(Tensor(1.0))
