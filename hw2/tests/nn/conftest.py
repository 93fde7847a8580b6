"""Fixtures of the tests of modules."""

import pytest

from needle_hw2 import Tensor


@pytest.fixture
def leaf(rng):
    """Draw a float64 leaf of a shape."""
    return lambda shape, device=None: Tensor(rng.standard_normal(shape), device=device)
