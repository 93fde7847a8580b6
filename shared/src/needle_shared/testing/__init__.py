"""Assertions, checks of gradients, operators and sources, and strategies for hypothesis.

The fixtures of `needle_shared.pytest_plugin`, such as `rng` and `device`, are there in every test
run where this package is installed.
"""

from needle_shared.testing.asserts import assert_close as assert_close
from needle_shared.testing.gradcheck import gradient_check as gradient_check
from needle_shared.testing.modules import module_check as module_check
from needle_shared.testing.operators import OPERATOR_SHAPES as OPERATOR_SHAPES
from needle_shared.testing.operators import OPERATOR_VIEWS as OPERATOR_VIEWS
from needle_shared.testing.operators import gradient_of as gradient_of
from needle_shared.testing.operators import operator_check as operator_check
from needle_shared.testing.operators import unary_operator_check as unary_operator_check
from needle_shared.testing.rules import constant_check as constant_check
from needle_shared.testing.rules import lazy_check as lazy_check
from needle_shared.testing.rules import partial_gradient_check as partial_gradient_check
from needle_shared.testing.rules import purity_check as purity_check
from needle_shared.testing.rules import release_check as release_check
from needle_shared.testing.rules import reuse_check as reuse_check
from needle_shared.testing.rules import second_derivative_check as second_derivative_check
from needle_shared.testing.sources import modules_loaded_with as modules_loaded_with
from needle_shared.testing.sources import package_modules as package_modules
from needle_shared.testing.sources import packages_brought_by_import as packages_brought_by_import
from needle_shared.testing.sources import run_python as run_python
from needle_shared.testing.sources import source_files as source_files
from needle_shared.testing.sources import undocumented_names as undocumented_names
from needle_shared.testing.sources import untyped_functions as untyped_functions
from needle_shared.testing.strategies import arrays as arrays
from needle_shared.testing.strategies import basic_indices as basic_indices
from needle_shared.testing.strategies import broadcastable_shapes as broadcastable_shapes
from needle_shared.testing.strategies import shapes as shapes
from needle_shared.testing.strategies import views as views
