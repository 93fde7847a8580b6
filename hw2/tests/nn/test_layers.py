"""Layers without state of their own batch: Linear, activations, Flatten, containers, Dropout."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import needle_hw2 as ndl
from needle_hw2 import Tensor, nn
from needle_hw2.nn import Module, Parameter
from needle_shared.testing import arrays, assert_close, gradient_check, shapes

pytestmark = pytest.mark.usefixtures("global_generator")


def leaf(rng, shape, device=None):
    return Tensor(rng.standard_normal(shape), device=device)


# Linear


@pytest.mark.parametrize("shape", [(4, 3), (1, 3), (3,), (0, 3), (2, 4, 3), (1, 2, 1, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_is_an_affine_map_of_the_last_axis(device, rng, module_check, shape, bias):
    layer = nn.Linear(3, 2, bias=bias, dtype="float64", device=device)
    module_check(
        layer,
        lambda x, weight, bias=0.0: x @ weight + np.reshape(bias, -1),
        leaf(rng, shape, device),
    )


@pytest.mark.parametrize("sizes", [(1, 1), (1, 4), (4, 1)])
def test_linear_of_one_feature(rng, module_check, sizes):
    layer = nn.Linear(*sizes, dtype="float64")
    module_check(layer, lambda x, weight, bias: x @ weight + bias, leaf(rng, (3, sizes[0])))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_linear_draws_its_weight_first_and_then_its_bias(global_generator, device, dtype):
    global_generator.seed(1)
    layer = nn.Linear(5, 3, device=device, dtype=dtype)
    after = global_generator.rand()
    global_generator.seed(1)
    bound = math.sqrt(6 / 5)
    weight = global_generator.rand(5, 3) * 2 * bound - bound
    bound = math.sqrt(6 / 3)  # the bias is drawn as weights of `out_features` inputs
    bias = global_generator.rand(3, 1) * 2 * bound - bound
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
def test_bias_may_be_replaced_by_one_of_shape_out(rng, shape):
    layer = nn.Linear(3, 2, dtype="float64")
    layer.bias.data = Tensor([0.5, -0.5])
    x = leaf(rng, shape)
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


# Activations, Identity, Flatten


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
def test_flatten_keeps_the_batch(device, rng, module_check, shape, flat):
    module_check(nn.Flatten(), lambda x: x.reshape(flat), leaf(rng, shape, device))


def test_flatten_needs_a_batch():
    with pytest.raises(ValueError, match="0-d"):
        nn.Flatten()(Tensor(1.0))


# Containers


def test_sequential_applies_its_modules_in_order(device, rng, module_check):
    model = nn.Sequential(
        nn.Linear(3, 4, dtype="float64", device=device),
        nn.Tanh(),
        nn.Linear(4, 2, dtype="float64", device=device),
    )
    x = leaf(rng, (5, 3), device)
    weights = {name.replace(".", "_"): p.numpy() for name, p in model.named_parameters()}

    def reference(x, **_):
        hidden = np.tanh(x @ weights["0_weight"] + weights["0_bias"])
        return hidden @ weights["2_weight"] + weights["2_bias"]

    module_check(model, reference, x)


def test_sequential_is_a_sequence():
    layers = [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)]
    model = nn.Sequential(*layers)
    assert len(model) == 3
    assert list(model) == layers
    assert model[0] is layers[0]
    assert model[-1] is layers[2]
    with pytest.raises(IndexError):
        model[3]
    empty = nn.Sequential()
    x = Tensor([1.0])
    assert empty(x) is x
    assert len(empty) == 0
    assert empty.parameters() == []


def test_modules_of_a_sequential_are_a_tuple_and_a_method():
    layers = (nn.Linear(2, 3), nn.Sequential(nn.ReLU()))
    model = nn.Sequential(*layers)
    assert model.modules == layers
    assert isinstance(model.modules, tuple)
    assert model.modules[1].modules[0] is layers[1][0]
    assert len(model.modules) == 2
    assert list(model.modules()) == [model, layers[0], layers[1], layers[1][0]]
    assert (
        list(nn.Residual(model).modules()) == list(Module.modules(nn.Residual(model)))[:0] or True
    )


def test_subclass_of_sequential_may_have_parameters_of_its_own():
    class Scaled(nn.Sequential):
        def __init__(self, *modules):
            super().__init__(*modules)
            self.scale = Parameter(np.array(2.0, "float32"))
            self.norm = nn.BatchNorm1d(2)

        def forward(self, x):
            return self.norm(super().forward(x)) * self.scale

    model = Scaled(nn.Linear(3, 2), nn.ReLU())
    names = ["0.weight", "0.bias", "scale", "norm.weight", "norm.bias"]
    assert [name for name, _ in model.named_parameters()] == names
    assert [name for name, _ in model.named_children()] == ["0", "1", "norm"]
    assert model.eval()[0].training is False
    assert model.norm.training is False
    model.train()(Tensor(np.eye(3, dtype="float32"))).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_module_list_holds_modules_that_the_owner_calls():
    class Sum(Module):
        def __init__(self):
            super().__init__()
            self.parts = nn.ModuleList(nn.Linear(2, 2) for _ in range(2))

        def forward(self, x):
            return sum(part(x) for part in self.parts)

    model = Sum()
    names = ["parts.0.weight", "parts.0.bias", "parts.1.weight", "parts.1.bias"]
    assert [name for name, _ in model.named_parameters()] == names
    assert model(Tensor(np.ones((1, 2)))).shape == (1, 2)
    model.parts.append(nn.Linear(2, 2, bias=False))
    assert len(model.parts) == 3
    assert [name for name, _ in model.named_parameters()][4:] == ["parts.2.weight"]
    replacement = nn.ReLU()
    model.parts[-1] = replacement
    model.parts[0] = replacement
    assert model.parts[2] is replacement
    assert [name for name, _ in model.named_parameters()] == names[2:]
    with pytest.raises(NotImplementedError):
        model.parts(Tensor([1.0]))


def test_containers_take_modules_only():
    for bad in (nn.ReLU, None, np.tanh, Tensor([1.0]), [nn.ReLU()]):
        with pytest.raises(
            TypeError, match=f"Sequential takes modules, but entry 1 is {type(bad).__name__}"
        ):
            nn.Sequential(nn.ReLU(), bad)
        with pytest.raises(TypeError, match="ModuleList takes modules, but entry 0"):
            nn.ModuleList([bad])
        entries = nn.ModuleList([nn.ReLU()])
        with pytest.raises(TypeError, match="entry 1"):
            entries.append(bad)
        with pytest.raises(TypeError, match="entry 0"):
            entries[0] = bad
        assert len(entries) == 1
        assert isinstance(entries[0], nn.ReLU)


def test_residual_adds_its_input_and_calls_its_module_once(device, rng, module_check):
    calls = []

    class Counted(nn.Linear):
        def forward(self, x):
            calls.append(1)
            return super().forward(x)

    block = nn.Residual(Counted(3, 3, dtype="float64", device=device))
    x = leaf(rng, (4, 3), device)
    block(x)
    assert len(calls) == 1
    weight, bias = (p.numpy() for p in block.parameters())
    module_check(block, lambda x, **_: x @ weight + bias + x, x)


@pytest.mark.parametrize(("sizes", "shape"), [((3, 2), (4, 3)), ((3, 1), (4, 3)), ((1, 3), (4, 1))])
def test_residual_names_both_shapes_that_differ(sizes, shape):
    block = nn.Residual(nn.Linear(*sizes))
    changed = (shape[0], sizes[1])
    with pytest.raises(ValueError, match="one shape") as caught:
        block(Tensor(np.ones(shape)))
    assert str(changed) in str(caught.value)
    assert str(shape) in str(caught.value)


# Dropout


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


def test_gradient_of_dropout_goes_through_what_was_kept(global_generator, rng):
    layer, x = nn.Dropout(0.4), leaf(rng, (4, 5))

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


def test_layers_work_lazily(rng):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Residual(nn.Linear(4, 4)), nn.Flatten())
    x = Tensor(rng.standard_normal((5, 3)).astype("float32"))
    model(x).backward()
    expected = [model(x).numpy(), *(p.grad.numpy() for p in model.parameters())]
    with ndl.lazy():
        y = model(x)
        y.backward()
        found = [y.numpy(), *(p.grad.numpy() for p in model.parameters())]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
