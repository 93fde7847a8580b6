"""Rules of hw3's sources: the direction of imports, and documentation of all that is public."""

from pathlib import Path

import pytest

import needle_hw3 as nd
from needle_shared.testing import (
    modules_loaded_with,
    packages_brought_by_import,
    run_python,
    source_files,
    undocumented_names,
    untyped_functions,
)

LAYERS = [
    "dtypes",
    "layout",
    "kernels_numpy",
    "device",
    "storage",
    "operands",
    "indexing",
    "ndarray",
]


@pytest.mark.parametrize("position", range(len(LAYERS)), ids=LAYERS)
def test_each_layer_is_imported_without_those_above_it(position):
    loaded = {
        name.split(".")[1] for name in modules_loaded_with(nd, f"needle_hw3.{LAYERS[position]}")
    }
    assert LAYERS[position] in loaded
    assert not loaded & set(LAYERS[position + 1 :])
    assert "functions" not in loaded


def test_import_brings_numpy_alone_and_changes_nothing():
    assert packages_brought_by_import("needle_hw3", "needle_hw3.random") == {"needle_hw3"}


WITHOUT_COMPILED = """
import sys
sys.modules["needle_hw3._cpu"] = None  # as if it were not there
import needle_hw3 as nd
assert not nd.cpu().enabled()
assert "cannot be imported" in nd.cpu().why_disabled
assert nd.default_device() == nd.cpu_numpy()
sys.stdout.write(repr((nd.asarray([[1.0, 2.0]]) @ nd.asarray([[3.0], [4.0]])).tolist()))
"""


def test_numpy_device_works_without_any_compiled_module():
    assert run_python(WITHOUT_COMPILED) == "[[11.0]]"


def test_package_is_marked_as_typed():
    assert Path(nd.__file__).with_name("py.typed").exists()


def test_every_module_class_function_and_method_is_documented():
    assert undocumented_names(nd) == []


@pytest.mark.parametrize("file", source_files(nd), ids=lambda file: "-".join(file.parts[-2:]))
def test_result_of_every_function_is_typed(file):
    assert untyped_functions(file) == []
