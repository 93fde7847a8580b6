"""The package as a whole."""

import doctest

import pytest

import needle_hw2.data
from needle_hw4 import data
from needle_shared.testing import (
    packages_brought_by_import,
    source_files,
    undocumented_names,
    untyped_functions,
)


def test_example_in_the_documentation_is_right():
    result = doctest.testmod(data)
    assert result.attempted >= 4
    assert result.failed == 0


def test_import_brings_no_library_of_a_command_line():
    brought = packages_brought_by_import("needle_hw4.data")
    assert "needle_hw4" in brought
    assert not brought & {"rich", "needle_hw0", "needle_shared", "sklearn", "pooch"}


def test_all_public_names_of_hw2_are_there_too():
    names = {
        name
        for name, value in vars(needle_hw2.data).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("needle_hw2")
    }
    assert len(names) >= 12
    for name in names:
        assert getattr(data, name) is getattr(needle_hw2.data, name), name


def test_every_module_class_function_and_method_is_documented():
    assert undocumented_names(data) == []


@pytest.mark.parametrize("file", source_files(data), ids=lambda file: file.stem)
def test_result_of_every_function_is_typed(file):
    assert untyped_functions(file) == []
