"""Assertions, gradient checks, strategies for hypothesis, and fixtures for pytest.

The fixtures `rng` and `device` are there in every test run where this package is installed.
"""

from needle_shared.testing.asserts import assert_close as assert_close
from needle_shared.testing.gradcheck import gradient_check as gradient_check
from needle_shared.testing.strategies import arrays as arrays
from needle_shared.testing.strategies import basic_indices as basic_indices
from needle_shared.testing.strategies import broadcastable_shapes as broadcastable_shapes
from needle_shared.testing.strategies import shapes as shapes
from needle_shared.testing.strategies import views as views
