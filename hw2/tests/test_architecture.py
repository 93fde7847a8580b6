"""Rules of hw2's sources: the direction of imports, documentation, and what an import brings."""

import inspect
from pathlib import Path

import pytest

import needle_hw1 as hw1
import needle_hw2 as ndl
from needle_hw2 import init, nn, ops
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
    "kernels": set(),
    "ops": {"kernels"},
    "init": set(),
    "nn": {"ops", "init", "kernels"},
    "optim": {"kernels"},
    "data": set(),
    "checkpoint": {"nn", "ops", "init", "optim", "kernels"},
}

OPERATORS = """
    LogSumExp LogSoftmax Max Min Mean Sqrt Tanh Sigmoid Softplus MakeTensorTuple TupleGetItem
    FusedAddScalars logsumexp logsoftmax max min mean sqrt tanh sigmoid softplus make_tuple
    tuple_get_item fused_add_scalars
"""
MODULES = """
    Parameter Module Identity Linear Flatten ReLU Sigmoid Tanh Sequential ModuleList Residual
    SoftmaxLoss MSELoss BCEWithLogitsLoss BatchNorm1d LayerNorm1d Dropout summary
"""

ERRORS = """
import numpy as np
import needle_hw2 as ndl
from needle_hw2 import Tensor, init, nn

x, pair = Tensor(np.ones((4, 3))), ndl.make_tuple(Tensor([1.0]), Tensor([2.0]))
calls = [
    lambda: init.kaiming_uniform(3, 4, "swish"),
    lambda: init.xavier_normal(0, 3),
    lambda: ndl.max(Tensor(np.ones((0, 3)))),
    lambda: ndl.logsoftmax(x, 2),
    lambda: pair[2],
    lambda: pair + ndl.make_tuple(x),
    lambda: nn.Linear(2, 2)(x),
    lambda: nn.BatchNorm1d(3)(Tensor(np.ones((1, 3)))),
    lambda: nn.Dropout(2.0),
    lambda: nn.Residual(nn.Linear(3, 2))(x),
    lambda: nn.SoftmaxLoss()(x, Tensor([0, 1, 2, 3])),
    lambda: nn.SoftmaxLoss()(x, Tensor([0.5, 1, 2, 0])),
    lambda: nn.MSELoss()(x, Tensor([1.0])),
    lambda: nn.Sequential(x),
    lambda: nn.Linear(2, 2).load_state_dict({}),
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
    ValueError ValueError ValueError AxisError IndexError ValueError ValueError ValueError
    ValueError ValueError IndexError TypeError ValueError TypeError ValueError
"""


def public_names(module):
    return {name for name in vars(module) if not name.startswith("_")}


@pytest.mark.parametrize("part", BELOW)
def test_part_imports_only_the_parts_below_it(part):
    loaded = modules_loaded_with(ndl, f"needle_hw2.{part}")
    parts = {name.split(".")[1] for name in loaded}
    assert part in parts
    assert parts <= BELOW[part] | {part}


def test_import_brings_little_and_changes_nothing():
    brought = packages_brought_by_import("needle_hw2", "needle_hw2.apps.mlp_resnet")
    assert {"needle_hw1", "needle_hw2"} <= brought <= {"needle_hw1", "needle_hw2", "safetensors"}


def test_every_public_name_of_hw1_is_here_and_the_same():
    assert ndl.autograd is hw1.autograd
    for name in public_names(hw1):
        value = getattr(hw1, name)
        assert inspect.ismodule(value) or getattr(ndl, name) is value, name
    for mine, theirs in [(init, hw1.init), (ops, hw1.ops)]:
        for name in public_names(theirs):
            value = getattr(theirs, name)
            if name[0].isupper() or inspect.isfunction(value):
                is_own = getattr(value, "__module__", "").startswith(theirs.__name__)
                assert not is_own or getattr(mine, name) is value, name


def test_everything_of_the_interface_is_there():
    for name in OPERATORS.split():
        assert hasattr(ndl, name)
        assert getattr(ops, name) is getattr(ndl, name)
    for name in MODULES.split():
        assert hasattr(nn, name)
    for name in ["xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "fans"]:
        assert hasattr(init, name)
    assert ndl.nn is nn
    assert ndl.init is init
    assert ndl.ops is ops


def test_every_name_of_the_operators_is_at_the_top_too():
    own = {name for name in public_names(ops) if inspect.isclass(vars(ops)[name])
           or inspect.isfunction(vars(ops)[name])}  # fmt: skip
    for name in own - {"ScalarOp"}:
        assert getattr(ndl, name) is getattr(ops, name), name


def test_package_is_marked_as_typed():
    assert Path(ndl.__file__).with_name("py.typed").exists()


def test_every_module_class_function_and_method_is_documented():
    assert undocumented_names(ndl) == []


@pytest.mark.parametrize(
    "file", source_files(ndl), ids=lambda file: f"{file.parent.name}.{file.stem}"
)
def test_result_of_every_function_is_typed(file):
    assert untyped_functions(file) == []


@pytest.mark.parametrize("options", [(), ("-O",), ("-OO",)], ids=str)
def test_errors_are_raised_without_assertions_too(options):
    assert run_python(ERRORS, options=options).split() == KINDS.split()
