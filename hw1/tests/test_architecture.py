"""Rules of hw1's sources: the direction of imports, and documentation of all that is public."""

from pathlib import Path

import pytest

import needle_hw1 as ndl
from needle_hw1 import autograd, init, ops
from needle_hw1.apps import simple_ml as app
from needle_shared.testing import (
    modules_loaded_with,
    packages_brought_by_import,
    source_files,
    undocumented_names,
    untyped_functions,
)

OPS = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name == "needle_hw1.tensor":
            raise ImportError("an op imports tensor")
sys.meta_path.insert(0, Refuse())
import types
package = types.ModuleType("needle_hw1")  # without its __init__, which imports everything
package.__path__ = [sys.argv[1]]
sys.modules["needle_hw1"] = package
import needle_hw1.ops
print(sorted(name for name in sys.modules if name.startswith("needle_hw1.ops.")))
"""

OPS = """
    EWiseAdd AddScalar EWiseMul MulScalar EWisePow PowerScalar EWiseDiv DivScalar Transpose Reshape
    BroadcastTo Summation MatMul Negate Log Exp ReLU add add_scalar multiply mul_scalar power
    power_scalar divide divide_scalar transpose reshape broadcast_to summation matmul negate log
    exp relu
"""
OTHERS = """
    Op Value TensorOp Tensor cpu all_devices default_device init ops autograd ones zeros ones_like
    zeros_like draw_graph no_grad lazy use_device set_default_device
"""


def test_ops_are_imported_without_tensor():
    loaded = modules_loaded_with(ndl, "needle_hw1.ops")
    assert "needle_hw1.ops.linalg" in loaded
    assert "needle_hw1.tensor" not in loaded


def test_import_brings_numpy_alone_and_changes_nothing():
    brought = packages_brought_by_import("needle_hw1", "needle_hw1.apps.simple_ml")
    assert brought == {"needle_hw1"}


def test_package_is_marked_as_typed():
    assert Path(ndl.__file__).with_name("py.typed").exists()


def test_everything_of_the_interface_is_there():
    for name in [*OPS.split(), *OTHERS.split()]:
        assert hasattr(ndl, name)
    for name in OPS.split():
        assert hasattr(ops, name)
    for name in [
        "rand",
        "randn",
        "randb",
        "constant",
        "ones",
        "zeros",
        "one_hot",
        "zeros_like",
        "ones_like",
    ]:
        assert hasattr(init, name)
    for name in ["find_topo_sort", "compute_gradient_of_variables"]:
        assert hasattr(autograd, name)
    for name in ["softmax_loss", "nn_epoch", "loss_err"]:
        assert hasattr(app, name)


def test_every_module_class_function_and_method_is_documented():
    assert undocumented_names(ndl) == []


@pytest.mark.parametrize("file", source_files(ndl), ids=lambda file: file.stem)
def test_result_of_every_function_is_typed(file):
    assert untyped_functions(file) == []
