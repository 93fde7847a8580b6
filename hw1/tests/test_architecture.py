"""Rules of hw1's sources: the direction of imports, and documentation of all that is public."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import needle_hw1 as ndl
from needle_hw1 import array_api, autograd, device, draw, init, ops, quiet, tensor, tensor_op
from needle_hw1.apps import simple_ml as app

SOURCE = Path(ndl.__file__).parent
MODULES = [ndl, app, array_api, autograd, device, draw, init, ops, quiet, tensor, tensor_op]

IMPORT_OPS = """
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

IMPORT_ALL = """
import sys
import numpy
state = numpy.random.get_state()[1].tolist(), numpy.geterr()
before = set(sys.modules)
import needle_hw1, needle_hw1.apps.simple_ml
assert state == (numpy.random.get_state()[1].tolist(), numpy.geterr())
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(new - set(sys.stdlib_module_names) - {"numpy"}))
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


def run(code, *arguments):
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_ops_are_imported_without_tensor():
    assert "needle_hw1.ops.linalg" in run(IMPORT_OPS, str(SOURCE))


def test_import_brings_numpy_alone_and_changes_nothing():
    assert run(IMPORT_ALL) == "['needle_hw1']"


def test_package_is_marked_as_typed():
    assert (SOURCE / "py.typed").exists()


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


def public_objects():
    for module in MODULES:
        for name, value in vars(module).items():
            if name.startswith("_") or not (inspect.isclass(value) or inspect.isfunction(value)):
                continue
            if value.__module__.startswith("needle_hw1"):
                yield f"{module.__name__}.{name}", value


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_module_says_what_it_is_for(module):
    assert module.__doc__


def test_every_public_name_has_a_docstring_of_its_own():
    missing = [
        name for name, value in public_objects() if not value.__dict__.get("__doc__", value.__doc__)
    ]
    assert missing == []


def test_every_public_method_is_documented_where_it_is_introduced():
    missing = []
    for name, value in public_objects():
        if not inspect.isclass(value):
            continue
        for method, member in vars(value).items():
            if method.startswith("_") or not (
                inspect.isfunction(member) or isinstance(member, property)
            ):
                continue
            if not inspect.getdoc(getattr(value, method)):  # inherited ones are found
                missing.append(f"{name}.{method}")
    assert missing == []


@pytest.mark.parametrize("file", sorted(SOURCE.rglob("*.py")), ids=lambda file: file.stem)
def test_parameters_and_results_of_every_function_are_typed(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef):
            assert node.returns is not None, f"{node.name}, line {node.lineno}"
