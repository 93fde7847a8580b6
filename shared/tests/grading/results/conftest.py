"""The imagined class, where tests find it."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def factory():
    """Return the module that makes results."""
    spec = importlib.util.spec_from_file_location(
        "results_factory", Path(__file__).with_name("factory.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def result(factory):
    """Return one result with every kind of check."""
    return factory.make_result("ada", skill=0.6)
