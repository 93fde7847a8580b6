"""`repr` as a tree, and `summary` as a table, as a reader expects them."""

import numpy as np
import pytest

import needle_hw2 as ndl
from needle_hw2 import Tensor, nn
from needle_hw2.nn import Module, Parameter

pytestmark = pytest.mark.usefixtures("global_generator")


def perceptron():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 100),
        nn.Residual(nn.Sequential(nn.Linear(100, 100, bias=False), nn.BatchNorm1d(100), nn.ReLU())),
        nn.Dropout(0.2),
        nn.Linear(100, 10),
    )


def test_repr_is_a_tree_with_counts():
    assert repr(perceptron()).splitlines() == [
        "Sequential(), 89,710 parameters",
        "├─ 0: Flatten()",
        "├─ 1: Linear(784, 100), 78,500 parameters",
        "├─ 2: Residual(), 10,200 parameters",
        "│  └─ fn: Sequential(), 10,200 parameters",
        "│     ├─ 0: Linear(100, 100, bias=False), 10,000 parameters",
        "│     ├─ 1: BatchNorm1d(100), 200 parameters",
        "│     └─ 2: ReLU()",
        "├─ 3: Dropout(p=0.2)",
        "└─ 4: Linear(100, 10), 1,010 parameters",
    ]


def test_repr_of_single_modules():
    assert repr(nn.ReLU()) == "ReLU()"
    assert repr(nn.Linear(1, 1, bias=False)) == "Linear(1, 1, bias=False), 1 parameter"
    assert repr(nn.LayerNorm1d(5)) == "LayerNorm1d(5), 10 parameters"
    assert repr(nn.SoftmaxLoss()) == "SoftmaxLoss()"
    assert repr(nn.SoftmaxLoss(0.1)) == "SoftmaxLoss(label_smoothing=0.1)"
    assert repr(nn.Sequential()) == "Sequential()"
    assert str(nn.ModuleList([nn.Tanh()])) == "ModuleList()\n└─ 0: Tanh()"
    without = nn.Linear(2, 3)
    without.bias = None
    assert repr(without) == "Linear(2, 3, bias=False), 6 parameters"


def test_repr_counts_what_is_shared_once_and_shows_it_once():
    layer = nn.Sequential(nn.Linear(2, 2))
    assert repr(nn.Sequential(layer, nn.ReLU(), layer)).splitlines() == [
        "Sequential(), 6 parameters",
        "├─ 0: Sequential(), 6 parameters",
        "│  └─ 0: Linear(2, 2), 6 parameters",
        "├─ 1: ReLU()",
        "└─ 2: Sequential(), shown above",
    ]


def test_repr_of_a_cycle_ends():
    parent = nn.ModuleList([nn.Tanh()])
    parent.append(parent)
    assert repr(parent).splitlines() == [
        "ModuleList()", "├─ 0: Tanh()", "└─ 1: ModuleList(), shown above",
    ]  # fmt: skip


class Inside(Module):
    """Modules and parameters in lists and dicts, and one that is never called."""

    def __init__(self):
        super().__init__()
        self.scales = [Parameter(np.ones(3, "float32")), Parameter(np.ones(1, "float32"))]
        self.steps = {"first": nn.Linear(4, 3), "more": [nn.Tanh()]}
        self.spare = nn.Linear(1, 1)

    def forward(self, x):
        return self.steps["more"][0](self.steps["first"](x)) * self.scales[0] * self.scales[1]


def test_repr_looks_into_lists_and_dicts():
    assert repr(Inside()).splitlines() == [
        "Inside(), 21 parameters",
        "├─ steps.first: Linear(4, 3), 15 parameters",
        "├─ steps.more.0: Tanh()",
        "└─ spare: Linear(1, 1), 2 parameters",
    ]


def rows(table):
    """Return the lines of a table as lists of cells, without rules and indentation."""
    lines = [line for line in table.splitlines() if not set(line) <= {"─"}]
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_summary_shows_shapes_and_parameters_of_every_module():
    assert rows(nn.summary(perceptron(), (32, 28, 28))) == [
        ["module", "output shape", "parameters"],
        ["Sequential", "(32, 10)"],
        ["0: Flatten", "(32, 784)"],
        ["1: Linear", "(32, 100)", "78,500"],
        ["2: Residual", "(32, 100)"],
        ["2.fn: Sequential", "(32, 100)"],
        ["2.fn.0: Linear", "(32, 100)", "10,000"],
        ["2.fn.1: BatchNorm1d", "(32, 100)", "200"],
        ["2.fn.2: ReLU", "(32, 100)"],
        ["3: Dropout", "(32, 100)"],
        ["4: Linear", "(32, 10)", "1,010"],
        ["total", "89,710"],
    ]


def test_columns_of_the_summary_stand_below_their_headings():
    lines = nn.summary(perceptron(), (2, 784)).splitlines()
    rules = [line for line in lines if set(line) == {"─"}]
    width = len(rules[0])
    assert len(rules) == 2
    assert rules[0] == rules[1]
    assert max(map(len, lines)) == width == len(lines[0])
    assert lines[0].index("output shape") == lines[2].index("(2, 10)")
    for line in lines[2:-2]:
        if line[-1].isdigit():
            assert len(line) == width
    assert lines[-1].endswith(" 89,710")
    assert len(lines[-1]) == width
    assert [len(line) - len(line.lstrip()) for line in lines[2:8]] == [0, 2, 2, 2, 4, 6]
    assert not any(line.endswith(" ") for line in lines)


def test_summary_counts_each_parameter_once_for_its_innermost_module():
    assert rows(nn.summary(Inside(), (2, 4)))[1:] == [
        ["Inside", "(2, 3)", "4"],
        ["steps.first: Linear", "(2, 3)", "15"],
        ["steps.more.0: Tanh", "(2, 3)"],
        ["spare: Linear", "not called", "2"],
        ["total", "21"],
    ]
    layer = nn.Linear(3, 3)
    assert rows(nn.summary(nn.Sequential(layer, nn.ReLU(), layer), (2, 3)))[1:] == [
        ["Sequential", "(2, 3)"],
        ["0: Linear", "(2, 3)", "12"],
        ["1: ReLU", "(2, 3)"],
        ["total", "12"],
    ]


def test_summary_of_a_model_without_parameters():
    assert rows(nn.summary(nn.Sequential(nn.ReLU()), (2, 3)))[1:] == [
        ["Sequential", "(2, 3)"], ["0: ReLU", "(2, 3)"], ["total", "0"],
    ]  # fmt: skip


def test_summary_names_results_that_are_no_tensors():
    class Pair(Module):
        def forward(self, x):
            return x, x

    assert rows(nn.summary(Pair(), (1,)))[1] == ["Pair", "tuple"]


def test_summary_leaves_the_model_as_it_was(global_generator, rng):
    model = perceptron()
    model[2].eval()
    model[1](Tensor(np.ones((2, 784), "float32"))).backward()
    attributes = {id(m): dict(vars(m)) for m in Module.modules(model)}
    state = {name: t.numpy() for name, t in model.state_dict().items()}
    random = global_generator.get_state()[1].copy()
    nn.summary(model, (32, 784))
    for module in Module.modules(model):
        assert vars(module) == attributes[id(module)]
    for name, tensor in model.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), state[name])
    assert model[1].weight.grad is not None
    np.testing.assert_array_equal(global_generator.get_state()[1], random)
    assert model.training
    assert not model[2].fn[1].training


def test_summary_that_fails_leaves_the_model_as_it_was():
    model = perceptron()
    with pytest.raises(ValueError, match="takes 784 features, got 785"):
        nn.summary(model, (2, 785))
    assert all("forward" not in vars(module) for module in Module.modules(model))
    assert all(module.training for module in Module.modules(model))


def test_summary_keeps_a_forward_that_was_set_on_the_object():
    model = nn.Sequential(nn.ReLU())
    model[0].forward = lambda x: x * 2
    own = model[0].forward
    assert rows(nn.summary(model, (3,)))[2] == ["0: ReLU", "(3,)"]
    assert model[0].forward is own


def test_summary_calls_the_model_in_the_dtype_and_on_the_device_of_its_parameters():
    seen = []

    class Look(Module):
        def forward(self, x):
            seen.append((x.dtype, x.device, self.training, x.requires_grad))
            return x

    nn.summary(nn.Sequential(nn.Linear(3, 2, dtype="float64"), Look()), (4, 3))
    nn.summary(Look(), (4, 3))
    assert seen == [("float64", ndl.cpu(), False, False), ("float32", ndl.cpu(), False, False)]
