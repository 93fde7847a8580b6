"""Course compatibility: code that says `import needle` runs on a stage, unmodified.

`install_alias("hw1")` enters modules under the names of the CMU Deep Learning Systems course
into `sys.modules`. It is also a plugin and a command::

    pytest -p needle_shared.course --stage hw1 CHECKOUT/tests
    python -m needle_shared.course hw1 CHECKOUT [pytest options]
"""

from needle_shared.course.alias import Alias as Alias
from needle_shared.course.alias import install_alias as install_alias
from needle_shared.course.plugin import pytest_addoption as pytest_addoption
from needle_shared.course.plugin import (
    pytest_load_initial_conftests as pytest_load_initial_conftests,
)
from needle_shared.course.plugin import pytest_report_header as pytest_report_header

__all__ = ["Alias", "install_alias"]
