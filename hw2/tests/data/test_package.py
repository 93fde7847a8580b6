"""The package as a whole."""

import doctest

from needle_hw2 import data
from needle_shared.testing import packages_brought_by_import, run_python


def test_example_in_the_documentation_is_right():
    result = doctest.testmod(data)
    assert result.attempted >= 10
    assert result.failed == 0


def test_import_brings_no_library_of_a_command_line():
    brought = packages_brought_by_import("needle_hw2.data")
    assert "needle_hw2" in brought
    assert not brought & {"rich", "needle_hw0", "needle_shared"}


def test_threads_need_nothing_from_the_main_module():
    code = """
from needle_hw2.data import DataLoader
print([x.item() for (x,) in DataLoader([1, 2, 3], num_workers=2)])
"""
    assert run_python(code) == "[1, 2, 3]"
