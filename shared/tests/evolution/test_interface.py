"""Which names of a package are public, and which of them are new."""

import sys
import textwrap

import pytest

from needle_shared.evolution.interface import new_names

FIRST = {
    "__init__": """
        import math as math
        import os
        from pathlib import Path
        from apifirst import ops as ops
        from apifirst._hidden import helper as helper
        from apifirst.ops import add as add
        from apifirst.ops import add as plus
        from apifirst.tensor import Tensor as Tensor
    """,
    "_hidden": "def helper(): pass\ndef unexposed(): pass\n",
    "ops": """
        import sys
        from collections.abc import Iterator
        from typing import TypeVar
        from apifirst import ops as ops

        T = TypeVar("T")
        LIMIT: int = 3
        HALF, QUARTER = 0.5, 0.25

        try:
            import a_package_that_is_not_installed
        except ImportError:
            FOUND = False

        def add(x, y):
            total = x + y
            return total

        async def send(x): pass

        def _private(): pass

        class Add:
            scale = 1
            def compute(self): pass
    """,
    "tensor": "class Tensor: pass\nclass Unexposed: pass\n",
}
SECOND = {
    "__init__": """
        from apifirst import Tensor as Tensor
        from apifirst import helper as helper
        from apifirst import ops as base
        from apifirst import ops as ops
        from apisecond import nn as nn
        from apisecond import deep as deep
        from apisecond import listed as listed
        from apisecond.nn import Linear as Linear
    """,
    "nn": """
        from apifirst import Tensor
        from apifirst.ops import add as add
        from apifirst.ops import Add as Sum
        class Linear: pass
        class Tensor(Tensor): pass
        plus = add
    """,
    "listed": "__all__ = ['Listed', 'absent']\nclass Listed: pass\nclass Unlisted: pass\n",
    "deep/__init__": "from apisecond.deep import inner as inner\n",
    "deep/inner": "from apifirst.ops import HALF as HALF\nLIMIT = 4\n",
    "unexposed": "class Unexposed: pass\n",
}


@pytest.fixture(autouse=True)
def packages(tmp_path, monkeypatch):
    """Two packages, `apifirst` and `apisecond`, on `sys.path`; returns that directory."""
    for package, sources in (("apifirst", FIRST), ("apisecond", SECOND)):
        for name, source in sources.items():
            file = tmp_path / package / f"{name}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(source), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith(("apifirst", "apisecond"))]:
        del sys.modules[name]


def test_public_is_what_a_module_defines_or_exposes_by_its_own_name():
    assert new_names("apifirst") == {
        "apifirst": ["Tensor", "helper"],
        "apifirst.ops": ["Add", "FOUND", "HALF", "LIMIT", "QUARTER", "add", "send"],
    }


def test_what_an_earlier_package_has_under_that_name_is_not_new():
    found = new_names("apisecond", ["apifirst"])
    assert found == {
        "apisecond.deep.inner": ["LIMIT"],
        "apisecond.listed": ["Listed"],
        "apisecond.nn": ["Linear", "Tensor", "plus"],
    }
    assert list(found) == sorted(found)


def test_alone_a_package_has_all_of_its_names_each_once():
    assert new_names("apisecond") == {
        "apisecond": ["Tensor", "helper"],
        "apisecond.deep.inner": ["HALF", "LIMIT"],
        "apisecond.listed": ["Listed"],
        "apisecond.nn": ["Linear", "Tensor", "add", "plus"],
    }


def test_a_package_adds_nothing_to_itself():
    assert new_names("apisecond", ["apifirst", "apisecond"]) == {}


def test_names_are_those_of_now(packages):
    before = new_names("apisecond", ["apifirst"])
    sys.modules["apisecond.listed"].__all__.append("Unlisted")
    after = new_names("apisecond", ["apifirst"])
    assert after["apisecond.listed"] == ["Listed", "Unlisted"]
    assert {**after, "apisecond.listed": ["Listed"]} == before


def test_of_a_compiled_module_everything_without_an_underscore_is_public():
    names = new_names("math")["math"]
    assert {"pi", "sqrt"} <= set(names)
    assert not [name for name in names if name.startswith("_")]


def test_an_empty_package_has_no_names(packages):
    (packages / "apifirst" / "__init__.py").write_text("")
    assert new_names("apifirst") == {}


def test_a_package_that_is_not_installed_is_named():
    with pytest.raises(ModuleNotFoundError, match="needle_hw99"):
        new_names("needle_hw99")
