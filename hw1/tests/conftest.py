"""Fixtures that more than one file of tests uses."""

import importlib

import pytest

import needle_hw1 as ndl


@pytest.fixture
def simple_ml():
    """Return the module of the two-layer network."""
    return importlib.import_module("needle_hw1.apps.simple_ml")


@pytest.fixture
def default_device():
    """Restore the default device of the process after the test."""
    before = ndl.default_device()
    yield before
    ndl.set_default_device(before)
