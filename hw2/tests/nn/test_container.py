"""Sequential, ModuleList and Residual."""

import numpy as np
import pytest

import needle_hw2 as ndl
from needle_hw2 import Tensor, nn
from needle_hw2.nn import Module, Parameter

pytestmark = pytest.mark.usefixtures("global_generator")


def test_sequential_applies_its_modules_in_order(leaf, device, module_check):
    model = nn.Sequential(
        nn.Linear(3, 4, dtype="float64", device=device),
        nn.Tanh(),
        nn.Linear(4, 2, dtype="float64", device=device),
    )
    x = leaf((5, 3), device)
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


def test_residual_adds_its_input_and_calls_its_module_once(leaf, device, module_check):
    calls = []

    class Counted(nn.Linear):
        def forward(self, x):
            calls.append(1)
            return super().forward(x)

    block = nn.Residual(Counted(3, 3, dtype="float64", device=device))
    x = leaf((4, 3), device)
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
