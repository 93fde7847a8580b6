"""Rules of hw4's sources: the direction of imports, documentation, and what an import brings."""

import inspect
from pathlib import Path

import pytest

import needle_hw2 as hw2
import needle_hw3 as hw3
import needle_hw4 as ndl
from needle_shared.testing import (
    modules_loaded_with,
    packages_brought_by_import,
    run_python,
    source_files,
    undocumented_names,
    untyped_functions,
)

# Each part of the package, and the parts that it may import.
BELOW = {
    "ops": set(),
    "nn": {"ops"},
    "models": {"nn", "ops"},
    "data": set(),
}

OPERATORS = """
    Stack Split Concat Permute Flip Dilate UnDilate Pad Conv Softmax Take MaxPool2d AvgPool2d
    RNNSequence LSTMSequence stack split concat permute flip dilate undilate pad conv softmax
    take max_pool2d avg_pool2d attention_weights tanh TensorTuple
"""
MODULES = """
    Conv BatchNorm2d MaxPool2d AvgPool2d Embedding RNNCell RNN LSTMCell LSTM MultiHeadAttention
    AttentionLayer TransformerLayer Transformer
"""

ERRORS = """
import numpy as np
import needle_hw4 as ndl
from needle_hw4 import Tensor, models, nn, ops

x = Tensor(np.ones((4, 3), "float32"))
calls = [
    lambda: ops.stack([x, Tensor([1.0])]),
    lambda: ops.split(x, 2),
    lambda: ops.pad(x, [(0, -1), (0, 0)]),
    lambda: ops.dilate(x, 0, -1),
    lambda: ops.conv(x, x),
    lambda: ops.conv(x, x, stride=0),
    lambda: ops.take(x, 4),
    lambda: ops.take(x, 0.5),
    lambda: ops.Stack(0)(x),
    lambda: ops.RNNSequence("sin"),
    lambda: nn.Conv(3, 4, 0),
    lambda: nn.Conv(3, 4, 3)(x),
    lambda: nn.BatchNorm2d(3)(x),
    lambda: nn.RNN(3, 4)(x),
    lambda: nn.LSTMCell(2, 4)(x),
    lambda: nn.MultiHeadAttention()(x, x, x),
    lambda: nn.Transformer(3, 4, 1)(x),
    lambda: models.LanguageModel(2, 3, 4, seq_model="gru"),
]
for call in calls:
    try:
        call()
    except Exception as error:
        print(type(error).__name__)
    else:
        print("nothing")
"""
KINDS = """
    ValueError AxisError ValueError ValueError ValueError ValueError IndexError TypeError TypeError
    ValueError ValueError ValueError ValueError ValueError ValueError ValueError ValueError
    ValueError
"""


def public_names(module):
    return {name for name in vars(module) if not name.startswith("_")}


@pytest.mark.parametrize("part", BELOW)
def test_part_imports_only_the_parts_below_it(part):
    # `from needle_hw4 import ops` in a part needs no more than the package's folder.
    parts = {name.split(".")[1] for name in modules_loaded_with(ndl, f"needle_hw4.{part}")}
    assert part in parts
    assert parts <= BELOW[part] | {part}


def test_import_brings_the_stages_below_and_no_more():
    brought = packages_brought_by_import("needle_hw4", "needle_hw4.models")
    stages = {"needle_hw1", "needle_hw2", "needle_hw3", "needle_hw4"}
    assert stages <= brought <= stages | {"safetensors"}


def test_every_public_name_of_hw2_is_here_and_the_same():
    changed = {"all_devices", "cpu", "CPUDevice"}  # hw4's are those of hw3
    for name in public_names(hw2) - changed:
        value = getattr(hw2, name)
        assert inspect.ismodule(value) or getattr(ndl, name) is value, name
    for part in ("ops", "nn", "init", "optim", "data"):
        mine, theirs = getattr(ndl, part), getattr(hw2, part)
        for name in public_names(theirs):
            value = getattr(theirs, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                is_own = value.__module__.startswith(theirs.__name__)
                assert not is_own or getattr(mine, name) is value, f"{part}.{name}"


def test_everything_of_the_interface_is_there():
    for name in OPERATORS.split():
        assert getattr(ndl.ops, name) is getattr(ndl, name)
    for name in MODULES.split():
        assert hasattr(ndl.nn, name)
    for name in ("cpu", "cpu_numpy", "cuda", "all_devices"):
        assert getattr(ndl, name) is getattr(hw3, name)


def test_every_name_of_the_operators_is_at_the_top_too():
    own = {name for name in public_names(ndl.ops) if inspect.isclass(vars(ndl.ops)[name])
           or inspect.isfunction(vars(ndl.ops)[name])}  # fmt: skip
    for name in own - {"ScalarOp"}:
        assert getattr(ndl, name) is getattr(ndl.ops, name), name


def test_import_makes_the_best_device_the_default():
    code = "import needle_hw4 as ndl; print(ndl.Tensor([1.0]).device, ndl.init.rand(1).device)"
    best = repr(hw3.default_device())
    assert run_python(code).split() == [best, best]


def test_package_is_marked_as_typed():
    assert Path(ndl.__file__).with_name("py.typed").exists()


def test_every_module_class_function_and_method_is_documented():
    assert undocumented_names(ndl) == []


@pytest.mark.parametrize(
    "file", source_files(ndl), ids=lambda file: f"{file.parent.name}.{file.stem}"
)
def test_result_of_every_function_is_typed(file):
    assert untyped_functions(file) == []


@pytest.mark.parametrize("options", [(), ("-O",)], ids=str)
def test_errors_are_raised_without_assertions_too(options):
    assert run_python(ERRORS, options=options).split() == KINDS.split()
