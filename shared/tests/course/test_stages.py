"""Course code on the stages that are installed: `-k hw1` chooses one."""

from importlib import import_module

import pytest

from needle_shared.course import install_alias
from needle_shared.course.table import STAGES

pytestmark = pytest.mark.parametrize("stage", ["hw0", "hw1", "hw2", "hw3", "hw4"])


def test_a_checkout_passes(stage, checkout_of, run):
    result = run("-m", "needle_shared.course", stage, checkout_of(stage), plugins=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout
    assert "warning" not in result.stdout


def test_the_plugin_does_what_the_command_does(stage, checkout_of, run):
    checkout_of(stage)
    options = ["-p", "needle_shared.course", "--stage", stage, "-p", "no:cacheprovider"]
    result = run("-m", "pytest", *options, "checkout/tests")
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_name_of_the_table_exists(stage):
    pytest.importorskip(STAGES[stage].package, reason=f"{stage} is not installed")
    with install_alias(stage) as alias:
        for name in STAGES[stage].modules:
            module = import_module(name)
            assert module is alias[name]
            for attribute in getattr(module, "__all__", ()):
                getattr(module, attribute)
